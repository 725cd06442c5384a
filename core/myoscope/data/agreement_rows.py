"""Agreement as tidy rows: the names of the statistics and how each was computed, written once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from myoscope.data.agreement import (
    NAN,
    Agreement,
    Correlation,
    CorrelationCell,
    CorrelationTable,
    Estimate,
    Skipped,
    StatisticRow,
)

PEARSON = "product-moment; interval by Fisher z"
SPEARMAN = "ranks; interval by Fisher z with variance (1 + rho^2 / 2) / (n - 3) (Bonett & Wright 2000)"
LINE = "least squares of y on x; interval by t"
BIAS = "mean of x - y; interval by t (Bland & Altman 1986)"
LIMIT = "bias -+ 1.96 SD of x - y; approximate interval, SE^2 = SD^2 (1/n + 1.96^2 / (2 (n - 1))) (Bland & Altman 1999)"
TREND = "slope of x - y on (x + y) / 2; p of a slope of 0"
ICC = "mean squares; interval after McGraw & Wong 1996; band of the interval after Koo & Li 2016"
CCC = "moments divided by n; interval by z (Lin 1989, corrected 2000)"
SEM = "square root of the residual mean square, consistency (Weir 2005)"
SEM_AGREEMENT = "square root of residual and between-measurement variance, agreement (de Vet 2006)"
MDC = "1.96 x square root of 2 x SEM"
CV = "root mean square of within-subject SD / mean, percent (Bland & Altman 1996)"
NO_CV = "a mean of a pair is 0 or less"


def rows_of(agreement: Agreement) -> Iterator[StatisticRow]:
    """Yield a row a statistic, then those of the groups, then a row a skipped group."""
    head = StatisticRow(
        agreement.x_name, agreement.y_name, agreement.group, "", NAN, n=agreement.n, left_out=agreement.left_out
    )
    for row in (*_relation(agreement), *_difference(agreement), *_reliability(agreement)):
        yield replace(row, x=head.x, y=head.y, group=head.group, n=head.n, left_out=head.left_out)
    for group in agreement.groups:
        yield from rows_of(group)
    yield from _rows_without_answer(agreement.x_name, agreement.y_name, agreement.skipped)


def rows_of_table(table: CorrelationTable) -> Iterator[StatisticRow]:
    """Yield two rows a cell, then a row a skipped group."""
    for cell in table.cells:
        adjusted = {
            "pearson_r": (cell.pearson, PEARSON, cell.pearson_p_holm, cell.pearson_p_fdr_bh),
            "spearman_rho": (cell.spearman, SPEARMAN, cell.spearman_p_holm, cell.spearman_p_fdr_bh),
        }
        for name, (correlation, method, holm, bh) in adjusted.items():
            row = _of_cell(cell, _correlation(name, correlation, method))
            yield replace(row, p_holm=holm, p_fdr_bh=bh, reason=cell.reason)
    for skipped in table.skipped:
        yield StatisticRow("", "", skipped.group, "", NAN, n=skipped.n, reason=skipped.reason)


def _of_cell(cell: CorrelationCell, row: StatisticRow) -> StatisticRow:
    return replace(row, x=cell.x, y=cell.y, group=cell.group, n=cell.n, left_out=cell.left_out)


def _relation(agreement: Agreement) -> Iterator[StatisticRow]:
    yield _correlation("pearson_r", agreement.pearson, PEARSON)
    yield _row("r2", Estimate(agreement.line.r2), "squared Pearson r")
    yield _correlation("spearman_rho", agreement.spearman, SPEARMAN)
    yield replace(_row("slope", agreement.line.slope, LINE), p=agreement.line.p)
    yield _row("intercept", agreement.line.intercept, LINE)


def _difference(agreement: Agreement) -> Iterator[StatisticRow]:
    found = agreement.bland_altman
    yield _row("bias", found.bias, BIAS)
    yield _row("sd_of_differences", Estimate(found.sd), "divided by n - 1")
    yield _row("limit_of_agreement_lower", found.lower, LIMIT)
    yield _row("limit_of_agreement_upper", found.upper, LIMIT)
    yield replace(_row("proportional_bias_slope", found.trend.slope, TREND), p=found.trend.p)


def _reliability(agreement: Agreement) -> Iterator[StatisticRow]:
    for icc in agreement.icc:
        method = f"{icc.other_name}: {icc.model}; {ICC}"
        yield replace(_row(icc.name, icc.estimate, method), p=icc.p, f=icc.f, df1=icc.df1, df2=icc.df2, band=icc.band)
    yield _row("lin_ccc", agreement.ccc, CCC)
    error = agreement.repeatability
    yield _row("sem", Estimate(error.sem), SEM)
    yield _row("mdc95", Estimate(error.mdc95), MDC)
    yield _row("sem_agreement", Estimate(error.sem_agreement), SEM_AGREEMENT)
    yield _row("mdc95_agreement", Estimate(error.mdc95_agreement), MDC)
    reason = NO_CV if math.isnan(error.cv_pct) else ""
    yield replace(_row("cv_within_pct", Estimate(error.cv_pct), CV), reason=reason)


def _rows_without_answer(x: str, y: str, skipped: tuple[Skipped, ...]) -> Iterator[StatisticRow]:
    for group in skipped:
        yield StatisticRow(x, y, group.group, "", NAN, n=group.n, reason=group.reason)


def _correlation(name: str, correlation: Correlation | None, method: str) -> StatisticRow:
    if correlation is None:
        return _row(name, Estimate(NAN), method)
    return replace(_row(name, correlation.estimate, method), p=correlation.p)


def _row(statistic: str, estimate: Estimate, method: str) -> StatisticRow:
    return StatisticRow("", "", "", statistic, estimate.value, estimate.low, estimate.high, method=method)
