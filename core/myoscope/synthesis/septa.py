"""The thin sheets between muscles, as the share of a voxel that they take."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]


def septa(labels: Labels, grid: Grid, thickness_mm: float) -> Floats:
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
