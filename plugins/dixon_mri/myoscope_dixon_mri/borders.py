"""Where a muscle ends at fat: there the fat fraction knows better than a network whose voxels are larger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from myoscope import Grid

#: A border moves at most this far in the plane, about a voxel of the embedded models.
REACH_MM = 2.7
#: Muscle with more fat than this, in percent, has no clear border to fat.
LEAN_PCT = 35.0
#: Fat holds at least this much, in percent; what all of it holds is its median.
FAT_PCT = 70.0
#: A muscle's own fraction is looked up in at least this many voxels deeper than the reach.
CORE_VOXELS = 50


def at_fat(
    labels: NDArray[np.uint8], percent: NDArray[np.float32], grid: Grid, muscles: Sequence[int]
) -> NDArray[np.uint8]:
    """Return the labels with borders between lean muscle and unlabeled tissue moved to where fat begins.

    Fat begins half way between what a muscle holds inside and what fat holds. A border to another structure stays, and
    so does one to what gives no signal.

    Args:
        labels: Ids, sides not split, shape `grid.shape`.
        percent: Fat fraction, NaN where it is unknown.
        grid: Of both.
        muscles: Ids of muscles.
    """
    from scipy.ndimage import distance_transform_edt

    fat = percent[(labels == 0) & (percent >= FAT_PCT)]
    muscle = np.isin(labels, muscles)
    if not fat.size or not muscle.any():
        return labels
    plane = grid.spacing_mm[1], grid.spacing_mm[0]
    slices = np.flatnonzero(muscle.any(axis=(1, 2)))
    depth = np.zeros(labels.shape, dtype=np.float32)
    for k in slices:
        depth[k] = distance_transform_edt(labels[k] > 0, sampling=plane)
    begins = _where_fat_begins(labels, percent, muscle & (depth > REACH_MM), muscles, float(np.median(fat)))
    moved = labels.copy()
    for k in slices:
        moved[k][muscle[k] & (depth[k] <= REACH_MM) & (percent[k] > begins[labels[k]])] = 0
        away, nearest = distance_transform_edt(~muscle[k], sampling=plane, return_indices=True)
        owner = labels[k][tuple(nearest)]
        gained = (labels[k] == 0) & (away <= REACH_MM) & (percent[k] < begins[owner]) & np.isfinite(begins[owner])
        moved[k][gained] = owner[gained]
    return moved


def _where_fat_begins(
    labels: NDArray[np.uint8],
    percent: NDArray[np.float32],
    core: NDArray[np.bool_],
    muscles: Sequence[int],
    fat: float,
) -> NDArray[np.float32]:
    """Return for every id the fraction that parts it from fat; infinity for what is not lean or hardly there."""
    begins = np.full(256, np.inf, dtype=np.float32)
    ids, values = labels[core], percent[core]
    for muscle in muscles:
        inside = values[ids == muscle]
        inside = inside[~np.isnan(inside)]
        own = float(np.median(inside)) if inside.size >= CORE_VOXELS else np.inf
        if own <= LEAN_PCT:
            begins[muscle] = (own + fat) / 2
    return begins
