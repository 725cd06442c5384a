"""Overlap of two label maps: count once, derive many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Overlap:
    """Voxel counts of one label.

    Attributes:
        prediction: Voxels in the prediction.
        reference: Voxels in the reference.
        both: Voxels in both.
    """

    prediction: int
    reference: int
    both: int


def overlap_counts(prediction: NDArray[np.uint8], reference: NDArray[np.uint8]) -> dict[int, Overlap]:
    """Return the counts of every label from 1 up that occurs in either map, in one pass.

    Args:
        prediction: Labels, any shape.
        reference: Labels of the same shape.
    """
    joint = np.zeros(1 << 16, dtype=np.int64)
    for p, r in zip(prediction, reference, strict=True):
        joint += np.bincount((p.astype(np.uint16).ravel() << 8) | r.ravel(), minlength=1 << 16)
    table = joint.reshape(256, 256)
    present = np.flatnonzero(table.sum(axis=0) + table.sum(axis=1))
    return {int(v): Overlap(int(table[v].sum()), int(table[:, v].sum()), int(table[v, v])) for v in present if v > 0}


def dice(counts: Overlap) -> float:
    """Return 2 |P and R| / (|P| + |R|); NaN when both are empty, 0 when one is (Dice 1945)."""
    total = counts.prediction + counts.reference
    return 2 * counts.both / total if total else float("nan")
