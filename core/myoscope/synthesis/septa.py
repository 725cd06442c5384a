"""The thin sheets between muscles, as the share of a voxel that they take, and those inside of muscles.

A sheet within a muscle bounds nothing: one parts the heads of the biceps femoris, aponeuroses run through the vasti,
the rectus femoris and the semimembranosus. No label map has them, so they are drawn at random.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET, THIGH_STRUCTURES
from myoscope.data.grid import Grid
from myoscope.synthesis.body import FEMUR_ID
from myoscope.synthesis.build import MUSCLES
from myoscope.synthesis.fields import smooth_field

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
Parts = NDArray[np.uint16]

#: The second part of a muscle has the muscle's label value plus this; all values stay below twice this.
PART_OFFSET = 256
#: How often a muscle is in two parts, and how often the biceps femoris, whose heads are.
PARTED_CHANCE, HEADS_CHANCE = 0.25, 0.7
#: The sheet's place across the muscle, about its middle in standard deviations; how far it wavers, over which length.
SHEET_PLACE, SHEET_WAVER_MM, WAVER_SCALE_MM = (-0.8, 0.8), (1.0, 6.0), (30.0, 30.0, 60.0)
#: The short head of the biceps lies toward the femur, give or take this, in radians.
TOWARD_FEMUR = 0.5

BICEPS = next(s.id for s in THIGH_STRUCTURES if s.name == "biceps_femoris")


def parts(labels: Labels, grid: Grid, rng: np.random.Generator) -> Parts:
    """Return the labels with some muscles in two parts; the border between those wavers along a plane.

    Args:
        labels: Left and right split, shape `grid.shape`.
        grid: Axis-aligned.
        rng: Source of randomness.
    """
    from scipy.ndimage import find_objects

    found = labels.astype(np.uint16)
    waver = np.float32(rng.uniform(*SHEET_WAVER_MM)) * smooth_field(rng, grid.shape, grid.spacing_mm, WAVER_SCALE_MM)
    for value, box in enumerate(find_objects(labels), start=1):
        name = value % LEFT_OFFSET
        chance = HEADS_CHANCE if name == BICEPS else PARTED_CHANCE
        if box is None or name not in MUSCLES or rng.random() >= chance:
            continue
        own = labels[box] == value
        angle = rng.uniform(0.0, 2 * np.pi)
        if name == BICEPS:
            angle = _toward(labels, value, value - BICEPS + FEMUR_ID, grid, angle) + rng.normal(0.0, TOWARD_FEMUR)
        y, x = (grid.spacing_mm[axis] * np.arange(own.shape[2 - axis], dtype=np.float32) for axis in (1, 0))
        across = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y[:, None]
        area = np.maximum(np.count_nonzero(own, axis=(1, 2)), 1)
        middle = (own * across).sum(axis=(1, 2)) / area
        away = across - middle[:, None, None].astype(np.float32)
        place = rng.uniform(*SHEET_PLACE) * float(away[own].std())
        found[box][own & (away + waver[box] > place)] += PART_OFFSET
    return found


def _toward(labels: Labels, value: int, other: int, grid: Grid, otherwise: float) -> float:
    """Return the angle in the plane from one structure to another in radians, `otherwise` where that is not in view."""
    both = (labels == value) & (labels == other).any(axis=(1, 2), keepdims=True), labels == other
    if not both[0].any():
        return otherwise
    (_, y, x), (_, to_y, to_x) = (np.array(np.nonzero(mask)).mean(axis=1) for mask in both)
    return float(np.arctan2((to_y - y) * grid.spacing_mm[1], (to_x - x) * grid.spacing_mm[0]))


def septa(labels: Labels | Parts, grid: Grid, thickness_mm: float) -> Floats:
    """Return the share of fat that a septum of `thickness_mm` leaves in the voxels beside an in-plane border."""
    share = np.zeros(labels.shape, dtype=np.float32)
    for axis, step in ((1, grid.spacing_mm[1]), (2, grid.spacing_mm[0])):
        here = [slice(None)] * 3
        there = [slice(None)] * 3
        here[axis], there[axis] = slice(1, None), slice(None, -1)
        border = labels[tuple(here)] != labels[tuple(there)]
        part = np.float32(min(thickness_mm / 2 / step, 0.7))
        for place in (here, there):
            view = share[tuple(place)]
            np.maximum(view, border * part, out=view)
    return share
