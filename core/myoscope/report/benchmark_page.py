"""The page of `myoscope benchmark`: one HTML file that needs nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from myoscope.data.result import RESEARCH_USE_ONLY
from myoscope.report.evaluation_charts import metric_text
from myoscope.report.rendering import rendered
from myoscope.report.wording import NO_NUMBER, significant, unit_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from myoscope.benchmarking.values import Benchmark, BenchmarkRow, MeasureError

#: Size of the bar charts, in units of the drawing.
BAR_WIDTH, BAR_HEIGHT, BAR_LEFT, BAR_RIGHT = 560, 26, 240, 76


@dataclass(frozen=True, slots=True)
class Bar:
    """One model on one data set: how long its bar is, and what it says."""

    title: str
    text: str
    y: float
    length: float


@dataclass(frozen=True, slots=True)
class BarChart:
    """One number of every model."""

    title: str
    note: str
    bars: tuple[Bar, ...]
    height: float


def benchmark_html(result: Benchmark) -> str:
    """Return the page with its charts and tables inside."""
    sums = result.sums
    return rendered(
        "benchmark.html.j2",
        {
            "benchmark": result,
            "research_use_only": RESEARCH_USE_ONLY,
            "title": _headline(result),
            "rows": [_row(row) for row in sums],
            "charts": [chart for chart in _charts(sums) if chart.bars],
            "plot": {"width": BAR_WIDTH, "left": BAR_LEFT, "row": BAR_HEIGHT},
            "measures": _measures(result.measures),
            "percent": percent_text,
            "memory": _memory(result.machine.memory_gb),
        },
    )


def _headline(result: Benchmark) -> str:
    names = dict.fromkeys(row.modality for row in result.rows if row.modality)
    return f"{len(result.models)} model{_s(result.models)} of {len(names)} modalit{'y' if len(names) == 1 else 'ies'}"


def _s(things: Sequence[object]) -> str:
    return "" if len(things) == 1 else "s"


def percent_text(value: float) -> str:
    """Return a percentage with one decimal, two below 1."""
    if not math.isfinite(value):
        return NO_NUMBER
    return f"{value:.{2 if value < 1 else 1}f}"


def _row(row: BenchmarkRow) -> dict[str, Any]:
    dice = metric_text(row.dice, "dice")
    return {
        "row": row,
        "dice": f"{dice} ± {metric_text(row.dice_sd, 'dice')}" if math.isfinite(row.dice_sd) else dice,
        "hd95": metric_text(row.hd95_mm, "hd95_mm"),
        "assd": metric_text(row.assd_mm, "assd_mm"),
        "error": percent_text(row.error_median_pct),
        "seconds": significant(row.seconds),
        "memory": _memory(row.peak_memory_mb),
    }


def _memory(value: float) -> str:
    return f"{value:,.0f}" if math.isfinite(value) else NO_NUMBER


def _charts(rows: Sequence[BenchmarkRow]) -> tuple[BarChart, ...]:
    return (
        _chart("Dice", "mean; longer is better", rows, [(r.dice, metric_text(r.dice, "dice")) for r in rows], full=1.0),
        _chart(
            "Measurement error, %",
            "median of the first quantity; shorter is better",
            rows,
            [(r.error_median_pct, percent_text(r.error_median_pct)) for r in rows],
        ),
        _chart("Seconds a case", "median", rows, [(r.seconds, significant(r.seconds)) for r in rows]),
        _chart(
            "Peak memory, MiB",
            "of the model's own process",
            rows,
            [(r.peak_memory_mb, _memory(r.peak_memory_mb)) for r in rows],
        ),
    )


def _chart(
    title: str,
    note: str,
    rows: Sequence[BenchmarkRow],
    values: Sequence[tuple[float, str]],
    *,
    full: float | None = None,
) -> BarChart:
    """Return a bar a row that has the number; `full` is the value of the longest bar, the largest when None."""
    shown = [(row, value, text) for row, (value, text) in zip(rows, values, strict=True) if math.isfinite(value)]
    longest = full or max((value for _, value, _ in shown), default=1.0) or 1.0
    bars = tuple(
        Bar(_title(row), text, BAR_HEIGHT * index, round(value / longest * (BAR_WIDTH - BAR_LEFT - BAR_RIGHT), 1))
        for index, (row, value, text) in enumerate(shown)
    )
    return BarChart(title, note, bars, BAR_HEIGHT * len(bars) + 4)


def _title(row: BenchmarkRow) -> str:
    return f"{row.model}, {row.data}"


def _measures(errors: Sequence[MeasureError]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return (model and data, rows) in the order of the errors."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for error in errors:
        row = {
            "quantity": error.quantity,
            "unit": unit_text(error.unit),
            "error": percent_text(error.error_median_pct),
            "bias": significant(error.bias),
            "mean_true": significant(error.mean_true),
            "n": error.n,
            "n_zero": error.n_zero,
            "left_out": error.left_out,
        }
        sections.setdefault(f"{error.model}, {error.data}", []).append(row)
    return list(sections.items())
