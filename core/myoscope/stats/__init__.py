"""Agreement and correlation of measurements; pure functions on arrays, values in `myoscope.data.agreement`."""

from myoscope.stats.agreement import agree, agree_many
from myoscope.stats.bland_altman import bland_altman
from myoscope.stats.concordance import concordance
from myoscope.stats.correlation import pearson, regression, spearman
from myoscope.stats.icc import intraclass_correlations, koo_li_band
from myoscope.stats.repeatability import repeatability

__all__ = [
    "agree",
    "agree_many",
    "bland_altman",
    "concordance",
    "intraclass_correlations",
    "koo_li_band",
    "pearson",
    "regression",
    "repeatability",
    "spearman",
]
