"""Bias and limits of agreement."""

from __future__ import annotations

import math

from myoscope.data.agreement import BlandAltman, Estimate
from myoscope.stats.correlation import CONFIDENCE, Z95, regression
from myoscope.stats.pairs import Column


def bland_altman(x: Column, y: Column, *, multiple: float = Z95) -> BlandAltman:
    """Return bias and limits of agreement of x - y, with a test of proportional bias.

    Limits are bias -+ `multiple` x SD. Their interval is the approximation of Bland & Altman 1999, by Student's t with
    SE^2 = SD^2 (1/n + multiple^2 / (2 (n - 1))); the paper of 1986 rounds that to 3 SD^2 / n. Proportional bias is the
    slope of the difference on the mean; NaN when the means do not vary.

    Args:
        x: One measurement of each subject.
        y: The other, same unit.
        multiple: 1.96; the paper of 1986 prints 2.
    """
    from scipy import stats

    differences, means = x - y, (x + y) / 2
    n = differences.size
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1))
    bias, sd = float(differences.mean()), float(differences.std(ddof=1))
    bias_half = t * sd / math.sqrt(n)
    limit_half = t * sd * math.sqrt(1 / n + multiple**2 / (2 * (n - 1)))
    lower, upper = bias - multiple * sd, bias + multiple * sd
    return BlandAltman(
        bias=Estimate(bias, bias - bias_half, bias + bias_half),
        sd=sd,
        lower=Estimate(lower, lower - limit_half, lower + limit_half),
        upper=Estimate(upper, upper - limit_half, upper + limit_half),
        trend=regression(means, differences),
        means=tuple(means.tolist()),
        differences=tuple(differences.tolist()),
    )
