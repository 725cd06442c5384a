"""The six intraclass correlations of Shrout & Fleiss, from one table of mean squares."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from myoscope.data.agreement import Estimate, IntraclassCorrelation
from myoscope.errors import InputError
from myoscope.stats.correlation import CONFIDENCE
from myoscope.stats.pairs import is_constant

#: Koo & Li 2016: below the first poor, below the second moderate, up to the third good, above excellent.
BANDS = (("poor", 0.5), ("moderate", 0.75), ("good", 0.9))
BEST = "excellent"
#: Mean squares below this share of the largest value's square are rounding error.
EXACT = 1e-24
TAIL = (1 + CONFIDENCE) / 2


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Two-way analysis of variance without replication.

    Attributes:
        n: Subjects.
        k: Measurements of each.
        subjects: Between subjects.
        raters: Between measurements.
        residual: What neither explains.
        within: Within subjects: raters and residual.
    """

    n: int
    k: int
    subjects: float
    raters: float
    residual: float
    within: float


def intraclass_correlations(ratings: ArrayLike) -> tuple[IntraclassCorrelation, ...]:
    """Return ICC(1,1), (2,1), (3,1), (1,k), (2,k), (3,k), each with F, p, 95% interval and Koo & Li band.

    Coefficients and intervals as in McGraw & Wong 1996 (tables 4, 7 and 8), F of no correlation. Where raters agree
    exactly the coefficient is 1, its interval 1 to 1 and F infinite.

    Args:
        ratings: Shape (subjects, measurements), nothing missing.

    Raises:
        InputError: Fewer than two of either, NaN, or every rating the same.
    """
    squares = mean_squares(ratings)
    k = squares.k
    one_way, agreement, consistency = _one_way(squares), _agreement(squares), _consistency(squares)
    averages = [_averaged(estimate, k) for estimate in (one_way, agreement, consistency)]
    models = (
        ("ICC(1,{})", "ICC({})", "one-way random"),
        ("ICC(2,{})", "ICC(A,{})", "two-way random, absolute agreement"),
        ("ICC(3,{})", "ICC(C,{})", "two-way mixed, consistency"),
    )
    return tuple(
        _form(squares, estimate, model, single=single)
        for single, estimates in ((True, (one_way, agreement, consistency)), (False, averages))
        for estimate, model in zip(estimates, models, strict=True)
    )


def mean_squares(ratings: ArrayLike) -> MeanSquares:
    """Return the mean squares of a table of subjects x measurements; rounding error counts as 0.

    Raises:
        InputError: Fewer than two of either, NaN, or every rating the same.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:  # noqa: PLR2004  # a table has two axes
        raise InputError(f"The ratings have shape {table.shape}, expected 2 or more subjects x 2 or more measurements.")
    if not np.isfinite(table).all():
        raise InputError("The ratings hold NaN or infinite values.", "Leave out subjects that lack a measurement.")
    if is_constant(table.ravel()):
        raise InputError(f"Every rating is {table.flat[0]:g}: without differences there is no correlation.")
    n, k = table.shape
    rows, columns, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    of_subjects = k * float(((rows - mean) ** 2).sum())
    of_raters = n * float(((columns - mean) ** 2).sum())
    of_rest = float(((table - rows[:, None] - columns[None] + mean) ** 2).sum())
    noise = EXACT * float(np.abs(table).max()) ** 2
    subjects, raters, rest = (
        0.0 if square <= noise else square
        for square in (of_subjects / (n - 1), of_raters / (k - 1), of_rest / ((n - 1) * (k - 1)))
    )
    within = ((k - 1) * raters + (n - 1) * (k - 1) * rest) / (n * (k - 1))
    return MeanSquares(n, k, subjects, raters, rest, within)


def koo_li_band(low: float, high: float) -> str:
    """Return Koo & Li's words for an interval, such as `moderate to good`: the interval is judged, not the estimate."""
    if math.isnan(low) or math.isnan(high):
        return ""
    first, last = _band(low), _band(high)
    return first if first == last else f"{first} to {last}"


def _band(value: float) -> str:
    return next((name for name, top in BANDS if value < top or (name == "good" and value <= top)), BEST)


def _one_way(squares: MeanSquares) -> Estimate:
    f, df1, df2 = _f(squares, one_way=True)
    spread = squares.subjects + (squares.k - 1) * squares.within
    return _single(_ratio(squares.subjects - squares.within, spread), f, df1, df2, squares.k)


def _consistency(squares: MeanSquares) -> Estimate:
    f, df1, df2 = _f(squares, one_way=False)
    spread = squares.subjects + (squares.k - 1) * squares.residual
    return _single(_ratio(squares.subjects - squares.residual, spread), f, df1, df2, squares.k)


def _single(value: float, f: float, df1: int, df2: int, k: int) -> Estimate:
    from scipy import stats

    low, high = f / float(stats.f.ppf(TAIL, df1, df2)), f * float(stats.f.ppf(TAIL, df2, df1))
    return Estimate(value, 1 - k / (low + k - 1), 1 - k / (high + k - 1))


def _agreement(squares: MeanSquares) -> Estimate:
    from scipy import stats

    n, k = squares.n, squares.k
    subjects, raters, rest = squares.subjects, squares.raters, squares.residual
    value = _ratio(subjects - rest, subjects + (k - 1) * rest + k * (raters - rest) / n)
    a, b = k * value * raters, (n * (1 + (k - 1) * value) - k * value) * rest
    if a == 0 and b == 0:
        return Estimate(value, value, value)
    df = (n - 1) * (k - 1) * (a + b) ** 2 / ((n - 1) * a**2 + b**2)
    f_low, f_high = float(stats.f.ppf(TAIL, n - 1, df)), float(stats.f.ppf(TAIL, df, n - 1))
    noise = k * raters + (k * n - k - n) * rest
    low = _ratio(n * (subjects - f_low * rest), f_low * noise + n * subjects)
    high = _ratio(n * (f_high * subjects - rest), noise + n * f_high * subjects)
    return Estimate(value, low, high)


def _averaged(single: Estimate, k: int) -> Estimate:
    """Return the coefficient of the mean of k measurements (Spearman-Brown)."""
    return Estimate(*(_ratio(k * rho, 1 + (k - 1) * rho) for rho in (single.value, single.low, single.high)))


def _f(squares: MeanSquares, *, one_way: bool) -> tuple[float, int, int]:
    n, k = squares.n, squares.k
    below, df2 = (squares.within, n * (k - 1)) if one_way else (squares.residual, (n - 1) * (k - 1))
    return _ratio(squares.subjects, below), n - 1, df2


def _form(
    squares: MeanSquares, estimate: Estimate, model: tuple[str, str, str], *, single: bool
) -> IntraclassCorrelation:
    from scipy import stats

    name, other_name, words = model
    f, df1, df2 = _f(squares, one_way=name.startswith("ICC(1"))
    what = "single measurement" if single else f"mean of {squares.k} measurements"
    return IntraclassCorrelation(
        name=name.format(1 if single else squares.k),
        other_name=other_name.format(1 if single else "k"),
        model=f"{words}, {what}",
        estimate=estimate,
        f=f,
        df1=df1,
        df2=df2,
        p=float(stats.f.sf(f, df1, df2)),
        band=koo_li_band(estimate.low, estimate.high),
    )


def _ratio(above: float, below: float) -> float:
    """Return above / below, infinite where only `below` is 0 and NaN where both are."""
    if below != 0:
        return above / below
    return math.copysign(math.inf, above) if above else math.nan
