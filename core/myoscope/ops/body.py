"""From a whole scan to the box around the body, and to a grid of other spacing over it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid

#: Legs that do not meet in view are pieces of their own; a piece below this share of the largest is table or blanket.
LEG_SHARE = 0.2
#: The body is looked for on every nth voxel.
STRIDE = 4


def box_around_body(image: NDArray[Any], *, above: float) -> tuple[slice, ...]:
    """Return the box around all large pieces that are brighter than `above`; the whole image when nothing is.

    Args:
        image: Shape (k, j, i).
        above: Tissue is brighter than this, air is not.
    """
    import cc3d

    coarse = np.asarray(image[::STRIDE, ::STRIDE, ::STRIDE]) > above
    if not coarse.any():
        return tuple(slice(0, n) for n in image.shape)
    pieces = cc3d.connected_components(coarse, connectivity=6)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    body = np.argwhere((sizes >= LEG_SHARE * sizes.max())[pieces])
    low = np.maximum((body.min(axis=0) - 1) * STRIDE, 0)
    high = np.minimum((body.max(axis=0) + 2) * STRIDE, image.shape)
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def box_grid(grid: Grid, box: tuple[slice, ...]) -> Grid:
    """Return the grid of the part of an array on `grid` that lies in `box`, given in array order."""
    first = tuple(float(s.start) for s in reversed(box))
    size = tuple(s.stop - s.start for s in reversed(box))
    return Grid(size, grid.spacing_mm, grid.position(first), grid.direction)


def regridded(grid: Grid, spacing_mm: tuple[float, ...]) -> Grid:
    """Return the grid of other spacing that covers the same box, its first voxel flush with the first corner."""
    pairs = list(zip(grid.size, grid.spacing_mm, spacing_mm, strict=True))
    size = tuple(max(1, round(n * s / t)) for n, s, t in pairs)
    first = tuple((t / s - 1) / 2 for _, s, t in pairs)
    return Grid(size, tuple(float(t) for t in spacing_mm), grid.position(first), grid.direction)
