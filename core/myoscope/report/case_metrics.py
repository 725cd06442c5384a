"""The part of a report that compares with a reference: the means, and a row a structure and side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.report.evaluation_charts import TITLES, metric_text
from myoscope.report.wording import number, structure_title

if TYPE_CHECKING:
    from myoscope.data.result import CaseResult
    from myoscope.evaluation.values import Evaluation, EvaluationRow, SummaryRow

#: Metrics whose mean is shown, and the columns of the table.
MEANS = ("dice", "hd95_mm", "assd_mm", "ravd_pct")
COLUMNS = ("dice", "hd95_mm", "assd_mm", "volume_pred_ml", "volume_ref_ml", "ravd_pct")
COLUMN_TITLES = TITLES | {"volume_pred_ml": "Volume here, mL", "volume_ref_ml": "Volume, reference, mL"}
#: Why a row has no number, for people.
STATUS_NOTES = {
    "ok": "",
    "both empty": "In neither",
    "prediction empty": "Not found, though in the reference",
    "reference empty": "Found, though not in the reference: in no mean",
    "not predicted": "In the reference, but this model was never trained to find it: in no mean",
}


@dataclass(frozen=True, slots=True)
class MetricMean:
    """One metric over all rows that have it."""

    title: str
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One structure and side; `cells` follow the columns."""

    title: str
    side: str
    cells: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class CaseMetrics:
    """What the section shows.

    Attributes:
        reference: Where the reference came from.
        means: Over all structures and sides of the case.
        columns: Titles of the columns that hold a number somewhere.
        rows: One a structure and side.
    """

    reference: str
    means: tuple[MetricMean, ...]
    columns: tuple[str, ...]
    rows: tuple[MetricRow, ...]


def case_metrics(result: CaseResult) -> CaseMetrics | None:
    """Return how well the segmentation agrees with the reference, or None when none was given."""
    evaluation = result.evaluation
    if evaluation is None:
        return None
    columns = [name for name in COLUMNS if any(math.isfinite(getattr(row, name)) for row in evaluation.rows)]
    return CaseMetrics(
        reference=result.provenance.reference,
        means=tuple(_mean(row) for row in _overall(evaluation)),
        columns=tuple(COLUMN_TITLES[name] for name in columns),
        rows=tuple(_row(row, columns) for row in evaluation.rows),
    )


def _overall(evaluation: Evaluation) -> list[SummaryRow]:
    total = {row.metric: row for row in evaluation.summary if row.level == "all"}
    return [total[metric] for metric in MEANS if metric in total and (total[metric].n or metric == "dice")]


def _mean(row: SummaryRow) -> MetricMean:
    text = metric_text(row.mean, row.metric)
    if math.isfinite(row.sd):
        text = f"{text} ± {metric_text(row.sd, row.metric)}"
    return MetricMean(
        f"Mean {TITLES[row.metric]}", text, f"of {row.n} value{'' if row.n == 1 else 's'}; {row.left_out} left out"
    )


def _row(row: EvaluationRow, columns: list[str]) -> MetricRow:
    cells = tuple(_cell(getattr(row, name), name) for name in columns)
    return MetricRow(structure_title(row.structure), row.side, cells, STATUS_NOTES.get(row.status, row.status))


def _cell(value: float, name: str) -> str:
    return number(value, "mL") if name.startswith("volume") else metric_text(value, name)
