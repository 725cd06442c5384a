"""How well two label maps agree; pure functions on arrays, from one count and one set of surface distances a label."""

from myoscope.metrics.empty import WHEN_EMPTY, Status, status_of
from myoscope.metrics.overlap import (
    Overlap,
    accuracy,
    dice,
    iou,
    overlap_counts,
    precision,
    ravd_pct,
    recall,
    specificity,
)
from myoscope.metrics.surface import SurfaceDistances, assd, hausdorff, hausdorff_95, surface_dice, surface_distances

__all__ = [
    "WHEN_EMPTY",
    "Overlap",
    "Status",
    "SurfaceDistances",
    "accuracy",
    "assd",
    "dice",
    "hausdorff",
    "hausdorff_95",
    "iou",
    "overlap_counts",
    "precision",
    "ravd_pct",
    "recall",
    "specificity",
    "status_of",
    "surface_dice",
    "surface_distances",
]
