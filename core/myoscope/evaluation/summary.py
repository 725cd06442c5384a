"""Sums over cases: by structure, by group, over all; and the correlation of volumes.

A row whose reference is empty is left out of every mean (Dixon paper: classes absent from the reference), and so is a
metric without a value; each sum says how many it leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from myoscope.anatomy import StructureSet
from myoscope.evaluation.values import EvaluationRow, SummaryRow, VolumeCorrelation
from myoscope.metrics import Status

METRICS = ("dice", "iou", "precision", "recall", "hd_mm", "hd95_mm", "assd_mm", "ravd_pct")
#: Two cases always correlate perfectly.
FEWEST_CASES = 3
WITH_REFERENCE = frozenset({Status.OK.value, Status.PREDICTION_EMPTY.value})


@dataclass(frozen=True, slots=True)
class _Members:
    """The rows of one structure, of one group, or of all."""

    level: str
    name: str
    rows: tuple[EvaluationRow, ...]


def summarize(rows: Sequence[EvaluationRow], structures: StructureSet) -> tuple[SummaryRow, ...]:
    """Return mean, SD, median and quartiles of every metric by structure, by group and over all, sides pooled."""
    return tuple(_sum(members, metric) for members in _members(rows, structures) for metric in METRICS)


def correlate(rows: Sequence[EvaluationRow], structures: StructureSet) -> tuple[VolumeCorrelation, ...]:
    """Return the correlation of predicted and reference volume over cases, sides and members of a group summed."""
    return tuple(_correlation(members) for members in _members(rows, structures) if members.level != "all")


def _members(rows: Sequence[EvaluationRow], structures: StructureSet) -> Iterator[_Members]:
    good = [row for row in rows if not row.failed]
    for name in structures.names:
        own = tuple(row for row in good if row.structure == name)
        if own:
            yield _Members("structure", name, own)
    for scheme, grouping in structures.groupings.items():
        for group, names in grouping.items():
            own = tuple(row for row in good if row.structure in names)
            if own:
                yield _Members("group", f"{scheme}:{group}", own)
    if good:
        yield _Members("all", "all", tuple(good))


def _sum(members: _Members, metric: str) -> SummaryRow:
    given = [float(getattr(row, metric)) for row in members.rows if row.status in WITH_REFERENCE]
    values = np.array([value for value in given if math.isfinite(value)])
    n = values.size
    q1, median, q3 = np.percentile(values, (25, 50, 75)).tolist() if n else (math.nan,) * 3
    return SummaryRow(
        level=members.level,
        name=members.name,
        metric=metric,
        mean=float(values.mean()) if n else math.nan,
        sd=float(values.std(ddof=1)) if n > 1 else math.nan,
        median=median,
        q1=q1,
        q3=q3,
        iqr=q3 - q1,
        n=n,
        left_out=len(members.rows) - n,
    )


def _correlation(members: _Members) -> VolumeCorrelation:
    volumes: dict[str, tuple[float, float]] = {}
    for row in members.rows:
        predicted, true = volumes.get(row.case_id, (0.0, 0.0))
        volumes[row.case_id] = (predicted + row.volume_pred_ml, true + row.volume_ref_ml)
    pairs = np.array([pair for pair in volumes.values() if pair[1] > 0]).reshape(-1, 2)
    r, p = (math.nan, math.nan)
    if len(pairs) >= FEWEST_CASES and np.ptp(pairs, axis=0).all():
        from scipy.stats import pearsonr

        result = pearsonr(pairs[:, 0], pairs[:, 1])
        r, p = float(result.statistic), float(result.pvalue)
    return VolumeCorrelation(members.level, members.name, r, p, len(pairs))
