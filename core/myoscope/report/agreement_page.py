"""The page of `myoscope agree`: one HTML file that needs nothing else."""

from __future__ import annotations

from typing import Any

from myoscope.data.agreement import Agreement, CorrelationTable, StatisticRow
from myoscope.data.result import RESEARCH_USE_ONLY
from myoscope.report import agreement_charts as charts
from myoscope.report.rendering import rendered

#: Statistic -> what people call it; an ICC keeps its own name.
TITLES = {
    "pearson_r": "Pearson r",
    "r2": "R²",
    "spearman_rho": "Spearman \N{GREEK SMALL LETTER RHO}",
    "slope": "Slope of y on x",
    "intercept": "Intercept",
    "bias": "Bias, mean of x \N{MINUS SIGN} y",
    "sd_of_differences": "SD of differences",
    "limit_of_agreement_lower": "Lower limit of agreement",
    "limit_of_agreement_upper": "Upper limit of agreement",
    "proportional_bias_slope": "Proportional bias, slope",
    "lin_ccc": "Lin's CCC",
    "sem": "SEM, consistency",
    "mdc95": "MDC95, consistency",
    "sem_agreement": "SEM, agreement",
    "mdc95_agreement": "MDC95, agreement",
    "cv_within_pct": "CV within subjects, %",
}


def agreement_html(result: Agreement | CorrelationTable, *, source: str, by: str | None = None) -> str:
    """Return the page of two columns, or of a correlation table, with its charts and tables inside.

    Args:
        result: What `agree` or `agree_many` found.
        source: Name of the table.
        by: Name of the column of groups.
    """
    many = isinstance(result, CorrelationTable)
    own = _of_table(result) if isinstance(result, CorrelationTable) else _of_pair(result)
    shared: dict[str, Any] = {
        "many": many,
        "result": result,
        "source": source,
        "by": by,
        "research_use_only": RESEARCH_USE_ONLY,
        "titles": TITLES,
        "plot": charts,
        "skipped": result.skipped,
    }
    return rendered("agreement.html.j2", shared | own)


def _of_pair(agreement: Agreement) -> dict[str, Any]:
    parts = (agreement, *agreement.groups)
    return {
        "title": f"{agreement.x_name} and {agreement.y_name}",
        "scatter": charts.scatter(agreement),
        "differences": charts.differences(agreement),
        "parts": [(part, _statistics(part)) for part in parts],
    }


def _statistics(part: Agreement) -> list[StatisticRow]:
    return [row for row in part.rows() if row.group == part.group and row.statistic]


def _of_table(table: CorrelationTable) -> dict[str, Any]:
    return {
        "title": f"{_count(len(table.measures), 'measure')} and {_count(len(table.references), 'reference')}",
        "maps": charts.heat_maps(table),
        "cells": table.cells,
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
