"""One analyzed case against its truth: labels against labels, measured values against those of the true labels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.anatomy import Side, StructureSet
from myoscope.data.measurement import Measurement, Measurements
from myoscope.data.modality import LabelledCase
from myoscope.evaluation.case import evaluate_case
from myoscope.evaluation.values import EvaluationRow
from myoscope.pipeline import measure
from myoscope.plugins import describe

if TYPE_CHECKING:
    from myoscope.benchmarking.worker import Analyzed

Key = tuple[str, Side, str, str]


@dataclass(frozen=True, slots=True)
class ValuePair:
    """One quantity of one structure and side, by the predicted and by the true labels; NaN where one lacks it."""

    quantity: str
    unit: str
    predicted: float
    true: float


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What a case gave, or why it gave nothing.

    Attributes:
        case_id: Name of the case.
        reason: Why it failed; empty otherwise.
        rows: Labels against true labels.
        pairs: Values against true values, in the order of the modality's measurements.
        seconds: What `analyze` took.
        peak_memory_mb: High-water mark of the process that analyzed it.
    """

    case_id: str
    reason: str = ""
    rows: tuple[EvaluationRow, ...] = ()
    pairs: tuple[ValuePair, ...] = ()
    seconds: float = math.nan
    peak_memory_mb: float = math.nan


def compare_case(case: LabelledCase, analyzed: Analyzed) -> CaseOutcome:
    """Return how well a case was segmented and measured.

    Raises:
        MyoscopeError: The true labels cannot be measured, or are a video's.
    """
    info = describe(case.scan.modality)
    evaluation = evaluate_case(analyzed.segmentation, case.segmentation, case.scan.case_id, info)
    truth = measure(case.scan, case.segmentation, modality=info.name)
    searched = analyzed.segmentation.predicted & case.segmentation.predicted
    return CaseOutcome(
        case_id=case.scan.case_id,
        rows=evaluation.rows,
        pairs=value_pairs(analyzed.measurements, truth.measurements, info.structures, searched),
        seconds=analyzed.seconds,
        peak_memory_mb=analyzed.peak_memory_mb,
    )


def value_pairs(
    predicted: Measurements, true: Measurements, structures: StructureSet, searched: frozenset[str]
) -> tuple[ValuePair, ...]:
    """Return every value that one of both gives, in the order in which the true labels give it.

    Args:
        predicted: By the predicted labels.
        true: By the true labels.
        structures: What the modality knows; what is none of them, such as a whole thigh, is compared as well.
        searched: Structures that both looked for.
    """
    ours, theirs = ({_key(row): row.value for row in _once(rows, structures, searched)} for rows in (predicted, true))
    pairs = (
        ValuePair(key[2], key[3], ours.get(key, math.nan), theirs.get(key, math.nan))
        for key in dict.fromkeys((*theirs, *ours))
    )
    return tuple(pair for pair in pairs if math.isfinite(pair.predicted) or math.isfinite(pair.true))


def _once(rows: Measurements, structures: StructureSet, searched: frozenset[str]) -> Iterator[Measurement]:
    """Yield what counts once: structures that both looked for, side by side; neither groups nor sums of sides."""
    sided = {(row.structure, row.quantity) for row in rows if row.side in {Side.LEFT, Side.RIGHT}}
    for row in rows:
        summed = row.side is Side.BOTH and (row.structure, row.quantity) in sided
        if ":" not in row.structure and not summed and (row.structure in searched or row.structure not in structures):
            yield row


def _key(row: Measurement) -> Key:
    return (row.structure, row.side, row.quantity, row.unit)
