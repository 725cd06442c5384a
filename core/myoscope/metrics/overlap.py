"""Overlap of two label maps: count once, derive many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Voxels counted at once; bounds the memory of the codes.
CHUNK = 1 << 20
VALUES = 256


@dataclass(frozen=True, slots=True)
class Overlap:
    """Voxel counts of one label; with the size of the image they are its confusion matrix.

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

    Raises:
        ValueError: The shapes differ.
    """
    if prediction.shape != reference.shape:
        raise ValueError(f"The prediction has shape {prediction.shape}, the reference {reference.shape}.")
    joint = np.zeros(VALUES * VALUES, dtype=np.int64)
    p, r = prediction.ravel(), reference.ravel()
    for start in range(0, p.size, CHUNK):
        codes = (p[start : start + CHUNK].astype(np.uint16) << 8) | r[start : start + CHUNK]
        joint += np.bincount(codes[codes > 0], minlength=VALUES * VALUES)
    table = joint.reshape(VALUES, VALUES)
    of_prediction, of_reference = table.sum(axis=1), table.sum(axis=0)
    return {
        int(v): Overlap(int(of_prediction[v]), int(of_reference[v]), int(table[v, v]))
        for v in np.flatnonzero(of_prediction + of_reference)
        if v > 0
    }


def dice(counts: Overlap) -> float:
    """Return 2 |P and R| / (|P| + |R|); NaN when both are empty, 0 when one is (Dice 1945).

    MONAI gives NaN for an empty reference, whatever was predicted, unless told otherwise.
    """
    return _ratio(2 * counts.both, counts.prediction + counts.reference)


def iou(counts: Overlap) -> float:
    """Return |P and R| / |P or R|; NaN when both are empty, 0 when one is (Jaccard 1901)."""
    return _ratio(counts.both, counts.prediction + counts.reference - counts.both)


def precision(counts: Overlap) -> float:
    """Return TP / (TP + FP), the share of the prediction that is right; NaN when the prediction is empty."""
    return _ratio(counts.both, counts.prediction)


def recall(counts: Overlap) -> float:
    """Return TP / (TP + FN), the share of the reference that is found, or sensitivity; NaN when it is empty."""
    return _ratio(counts.both, counts.reference)


def specificity(counts: Overlap, voxels: int) -> float:
    """Return TN / (TN + FP) in an image of `voxels`, so it depends on how much background the image shows.

    NaN when the reference fills the image.
    """
    outside = voxels - counts.reference
    return _ratio(outside - (counts.prediction - counts.both), outside)


def accuracy(counts: Overlap, voxels: int) -> float:
    """Return (TP + TN) / voxels in an image of `voxels`, so it depends on how much background the image shows."""
    wrong = counts.prediction + counts.reference - 2 * counts.both
    return _ratio(voxels - wrong, voxels)


def ravd_pct(counts: Overlap) -> float:
    """Return (|P| - |R|) / |R| x 100, signed (Kim 2024, Methods); NaN when the reference is empty.

    MedPy gives the same as a fraction.
    """
    return _ratio(100 * (counts.prediction - counts.reference), counts.reference)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
