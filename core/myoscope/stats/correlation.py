"""Correlation and the least-squares line, with their 95% confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from myoscope.data.agreement import NAN, Correlation, Estimate, Line
from myoscope.stats.pairs import Column, is_constant

CONFIDENCE = 0.95
#: Two-sided 95% quantile of the standard normal distribution.
Z95 = 1.959963984540054


def pearson(x: Column, y: Column) -> Correlation:
    """Return Pearson's r and p of pairs that vary (SciPy), with its interval by Fisher z; -1 to 1 of three pairs."""
    from scipy import stats

    found = stats.pearsonr(x, y)
    return Correlation(fisher_interval(_clipped(float(found.statistic)), x.size), float(found.pvalue))


def spearman(x: Column, y: Column) -> Correlation:
    """Return Spearman's rho of pairs that vary; p by Student's t (SciPy).

    The interval is Fisher's z with the variance (1 + rho^2 / 2) / (n - 3) of Bonett & Wright 2000, which holds its
    level where Pearson's 1 / (n - 3) is too narrow; -1 to 1 of three pairs.
    """
    from scipy import stats

    found = stats.spearmanr(x, y)
    rho = _clipped(float(found.statistic))
    return Correlation(fisher_interval(rho, x.size, variance=1 + rho**2 / 2), float(found.pvalue))


def fisher_interval(value: float, n: int, *, variance: float = 1.0) -> Estimate:
    """Return a correlation with tanh(atanh(value) -+ 1.96 sqrt(variance / (n - 3)))."""
    if n <= 3:  # noqa: PLR2004  # the n - 3 of the formula
        return Estimate(value, -1.0, 1.0)
    if abs(value) >= 1:
        return Estimate(value, value, value)
    z, half = math.atanh(value), Z95 * math.sqrt(variance / (n - 3))
    return Estimate(value, math.tanh(z - half), math.tanh(z + half))


def _clipped(coefficient: float) -> float:
    """Return a coefficient without the rounding error beyond -1 and 1."""
    return min(max(coefficient, -1.0), 1.0)


def regression(x: Column, y: Column) -> Line:
    """Return the least-squares line of y on x, with intervals by Student's t (SciPy); NaN when x does not vary."""
    from scipy import stats

    if is_constant(x):
        return Line(Estimate(NAN), Estimate(NAN), NAN, NAN)
    found = stats.linregress(x, y)
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, x.size - 2))
    slope, intercept = float(found.slope), float(found.intercept)
    slope_half, intercept_half = t * float(found.stderr), t * float(found.intercept_stderr)
    return Line(
        Estimate(slope, slope - slope_half, slope + slope_half),
        Estimate(intercept, intercept - intercept_half, intercept + intercept_half),
        float(found.rvalue) ** 2,
        float(found.pvalue),
    )


def corrected(p_values: Sequence[float], method: str) -> list[float]:
    """Return p-values corrected for how many there are; NaN is no test and stays NaN (statsmodels).

    Args:
        p_values: One family of tests.
        method: `holm`, or `fdr_bh` for Benjamini & Hochberg.
    """
    from statsmodels.stats.multitest import multipletests

    given = np.asarray(p_values, dtype=np.float64)
    result = np.full(given.shape, np.nan)
    tested = ~np.isnan(given)
    if tested.any():
        result[tested] = multipletests(given[tested], method=method)[1]
    return [float(p) for p in result]
