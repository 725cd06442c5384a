"""What every metric yields when a mask is empty: the only table of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import nan
from types import MappingProxyType

from myoscope.metrics.overlap import Overlap


class Status(StrEnum):
    """Which of two masks holds anything."""

    OK = "ok"
    BOTH_EMPTY = "both empty"
    PREDICTION_EMPTY = "prediction empty"
    REFERENCE_EMPTY = "reference empty"


#: Metric -> value when both masks, the prediction, or the reference is empty. Specificity and accuracy need no row:
#: their formulas hold for empty masks.
WHEN_EMPTY: Mapping[str, Mapping[Status, float]] = MappingProxyType(
    {
        metric: MappingProxyType(
            dict(
                zip((Status.BOTH_EMPTY, Status.PREDICTION_EMPTY, Status.REFERENCE_EMPTY), values, strict=True),
            )
        )
        for metric, values in {
            "dice": (nan, 0.0, 0.0),
            "iou": (nan, 0.0, 0.0),
            "precision": (nan, nan, 0.0),
            "recall": (nan, 0.0, nan),
            "ravd_pct": (nan, -100.0, nan),
            "hausdorff": (nan, nan, nan),
            "hausdorff_95": (nan, nan, nan),
            "assd": (nan, nan, nan),
            "surface_dice": (nan, 0.0, 0.0),
        }.items()
    }
)


def status_of(counts: Overlap) -> Status:
    """Return which of the two masks of one label is empty."""
    if counts.prediction and counts.reference:
        return Status.OK
    if counts.prediction:
        return Status.REFERENCE_EMPTY
    return Status.PREDICTION_EMPTY if counts.reference else Status.BOTH_EMPTY
