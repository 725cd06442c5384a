"""The page of `myoscope evaluate`: one HTML file that needs nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from myoscope.data.result import RESEARCH_USE_ONLY
from myoscope.report import evaluation_charts as charts
from myoscope.report.rendering import rendered
from myoscope.report.wording import structure_title

if TYPE_CHECKING:
    from myoscope.evaluation.values import Evaluation, PublishedMean, SummaryRow

#: Metrics of the tables, and those with published values beside them.
SHOWN = ("dice", "precision", "recall", "hd95_mm", "assd_mm", "ravd_pct")
COMPARED = ("dice", "assd_mm", "volume_correlation")
CORRELATION = "volume_correlation"
NAMES = charts.TITLES | {CORRELATION: "Volume r"}
#: A mean of a table and the mean that the text states agree within this share.
ROUNDING = 0.01


def evaluation_html(evaluation: Evaluation) -> str:
    """Return the page with its charts and tables inside."""
    structures = charts.by_structure(evaluation)
    groups: dict[str, dict[str, SummaryRow]] = {}
    for row in evaluation.summary:
        if row.level in {"group", "all"}:
            groups.setdefault(row.name, {})[row.metric] = row
    correlations = {row.name: row.r for row in evaluation.correlations}
    published = {(v.model, v.structure, v.metric): v.value for v in evaluation.published}
    columns = charts.published_columns(evaluation, COMPARED)
    metrics = [m for m in SHOWN if any(own[m].n for own in structures.values())]
    volumes = any(math.isfinite(row.volume_ref_ml) for row in evaluation.rows)
    compared = [m for m in COMPARED if m in metrics or (volumes and m == CORRELATION)]
    return rendered(
        "evaluation.html.j2",
        {
            "title": f"{len(evaluation.cases)} case{'' if len(evaluation.cases) == 1 else 's'}",
            "evaluation": evaluation,
            "research_use_only": RESEARCH_USE_ONLY,
            "plot": charts,
            "bars": charts.dice_bars(evaluation),
            "scatter": charts.precision_recall(evaluation),
            "heat": charts.heat_map(evaluation),
            "volumes": volumes,
            "unmeasured": evaluation.surface and not volumes and not charts.SMALL_IS_GOOD & set(metrics),
            "columns": [charts.TITLES[m] for m in metrics],
            "structures": _table(structures, metrics, correlations),
            "groups": _table({n: own for n, own in groups.items() if own["dice"].n}, metrics, correlations),
            "compared": [NAMES[m] for m in compared],
            "published_columns": [(model, NAMES[m]) for model, m in columns],
            "side_by_side": [
                (
                    structure_title(name),
                    [_value(own, correlations.get(name, math.nan), m) for m in compared],
                    [charts.metric_text(published.get((model, name, m), math.nan), m) for model, m in columns],
                )
                for name, own in structures.items()
            ],
            "sources": list(dict.fromkeys(value.source for value in evaluation.published)),
            "disagreements": [_disagreement(mean) for mean in evaluation.published_means if _disagrees(mean)],
            "absent": [row for row in evaluation.rows if row.status == "reference empty"],
        },
    )


def _table(
    sums: dict[str, dict[str, SummaryRow]], metrics: list[str], correlations: dict[str, float]
) -> list[dict[str, Any]]:
    return [
        {
            "title": structure_title(name),
            "n": own["dice"].n,
            "left_out": own["dice"].left_out,
            "cells": [_mean_and_sd(own[metric]) for metric in metrics],
            "r": charts.metric_text(correlations.get(name, math.nan), CORRELATION),
        }
        for name, own in sums.items()
    ]


def _mean_and_sd(row: SummaryRow) -> str:
    mean = charts.metric_text(row.mean, row.metric)
    return f"{mean} ± {charts.metric_text(row.sd, row.metric)}" if math.isfinite(row.sd) else mean


def _value(own: dict[str, SummaryRow], r: float, metric: str) -> str:
    return charts.metric_text(r if metric == CORRELATION else own[metric].mean, metric)


def _disagrees(mean: PublishedMean) -> bool:
    known = math.isfinite(mean.mean) and math.isfinite(mean.stated)
    return known and not math.isclose(mean.mean, mean.stated, rel_tol=ROUNDING)


def _disagreement(mean: PublishedMean) -> str:
    return (
        f"{mean.model}, {NAMES.get(mean.metric, mean.metric)}: the {mean.n} structures of the table average to "
        f"{mean.mean:.3f}, the text says {mean.stated:g}."
    )
