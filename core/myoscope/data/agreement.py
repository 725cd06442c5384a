"""How two measurements of the same people relate: estimates with their intervals, and tables of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: The group that holds every pair.
EVERYONE = "all"
NAN = math.nan


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95% confidence interval; NaN where there is none."""

    value: float
    low: float = NAN
    high: float = NAN


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation coefficient and the two-sided p of no correlation."""

    estimate: Estimate
    p: float


@dataclass(frozen=True, slots=True)
class Line:
    """The least-squares line of y on x, in y per x and in y; `p` is the two-sided p of a slope of 0."""

    slope: Estimate
    intercept: Estimate
    r2: float
    p: float


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Differences x - y against means (x + y) / 2, in the unit of both.

    Attributes:
        bias: Mean difference.
        sd: Standard deviation of the differences, divided by n - 1.
        lower: Lower limit of agreement.
        upper: Upper limit of agreement.
        trend: Line of the difference on the mean: a slope that is not 0 is a proportional bias.
        means: A mean a pair.
        differences: A difference a pair.
    """

    bias: Estimate
    sd: float
    lower: Estimate
    upper: Estimate
    trend: Line
    means: tuple[float, ...]
    differences: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation:
    """One form of the intraclass correlation.

    Attributes:
        name: As Shrout & Fleiss write it, `ICC(2,1)`.
        other_name: As McGraw & Wong write it, `ICC(A,1)`.
        model: What it assumes and asks, in words.
        estimate: The coefficient.
        f: F of no correlation.
        df1: Its degrees of freedom.
        df2: Its degrees of freedom.
        p: Its p.
        band: Koo & Li's words for the confidence interval, such as `moderate to good`.
    """

    name: str
    other_name: str
    model: str
    estimate: Estimate
    f: float
    df1: int
    df2: int
    p: float
    band: str


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Measurement error, in the unit of both but for `cv_pct`.

    Attributes:
        sem: Standard error of measurement, consistency: a constant bias does not count.
        mdc95: Minimal detectable change of `sem`.
        sem_agreement: Standard error of measurement, agreement: a constant bias counts.
        mdc95_agreement: Minimal detectable change of `sem_agreement`.
        cv_pct: Within-subject coefficient of variation, root mean square; NaN unless every mean is above 0.
    """

    sem: float
    mdc95: float
    sem_agreement: float
    mdc95_agreement: float
    cv_pct: float


@dataclass(frozen=True, slots=True)
class StatisticRow:
    """One row of `agreement.csv`; what a statistic does not have is NaN or empty."""

    x: str
    y: str
    group: str
    statistic: str
    value: float
    low: float = NAN
    high: float = NAN
    p: float = NAN
    p_holm: float = NAN
    p_fdr_bh: float = NAN
    f: float = NAN
    df1: float = NAN
    df2: float = NAN
    n: int = 0
    left_out: int = 0
    band: str = ""
    method: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A group that has no answer, and why."""

    group: str
    n: int
    reason: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Everything about how x and y agree, for everyone and by group.

    Attributes:
        x_name: Name of x.
        y_name: Name of y.
        group: Whom it is of; `all` for everyone.
        x: Values of x, pairs only.
        y: Values of y, pairs only.
        left_out: Rows without x or without y.
        pearson: Product-moment correlation.
        spearman: Rank correlation.
        line: Line of y on x.
        bland_altman: Bias and limits of agreement of x - y.
        icc: The six forms, in the order of Shrout & Fleiss.
        ccc: Lin's concordance correlation coefficient.
        repeatability: Measurement error.
        groups: The same by group, without groups of their own.
        skipped: Groups without an answer.
    """

    x_name: str
    y_name: str
    group: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    left_out: int
    pearson: Correlation
    spearman: Correlation
    line: Line
    bland_altman: BlandAltman
    icc: tuple[IntraclassCorrelation, ...]
    ccc: Estimate
    repeatability: Repeatability
    groups: tuple[Agreement, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.x)

    def rows(self) -> Iterator[StatisticRow]:
        """Yield a row a statistic, for everyone and then group by group."""
        from myoscope.data.agreement_rows import rows_of

        return rows_of(self)

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy table, one row a statistic and group, with the columns of `agreement.csv`."""
        return _frame(self.rows())


@dataclass(frozen=True, slots=True)
class CorrelationCell:
    """One measure against one reference in one group; without an answer it has a reason.

    Attributes:
        x: Name of the measure.
        y: Name of the reference.
        group: Whom it is of.
        n: Pairs.
        left_out: Rows without either.
        pearson: Product-moment correlation, or None.
        spearman: Rank correlation, or None.
        pearson_p_holm: p of Pearson's r after Holm.
        pearson_p_fdr_bh: p of Pearson's r after Benjamini & Hochberg.
        spearman_p_holm: p of Spearman's rho after Holm.
        spearman_p_fdr_bh: p of Spearman's rho after Benjamini & Hochberg.
        reason: Why there is no answer.
    """

    x: str
    y: str
    group: str
    n: int
    left_out: int
    pearson: Correlation | None = None
    spearman: Correlation | None = None
    pearson_p_holm: float = NAN
    pearson_p_fdr_bh: float = NAN
    spearman_p_holm: float = NAN
    spearman_p_fdr_bh: float = NAN
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CorrelationTable:
    """Many measures against many references, for everyone and by group.

    Attributes:
        measures: Names, in the order given.
        references: Names, in the order given.
        cells: A cell a group, measure and reference, in this order; `all` is the first group.
        skipped: Groups without any answer.
    """

    measures: tuple[str, ...]
    references: tuple[str, ...]
    cells: tuple[CorrelationCell, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, in order."""
        return tuple(dict.fromkeys(cell.group for cell in self.cells))

    def rows(self) -> Iterator[StatisticRow]:
        """Yield two rows a cell: Pearson's r and Spearman's rho."""
        from myoscope.data.agreement_rows import rows_of_table

        return rows_of_table(self)

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy table, two rows a cell, with the columns of `agreement.csv`."""
        return _frame(self.rows())


def _frame(rows: Iterator[StatisticRow]) -> pd.DataFrame:
    import pandas as pd

    names = [field.name for field in fields(StatisticRow)]
    return pd.DataFrame([[getattr(row, name) for name in names] for row in rows], columns=names)
