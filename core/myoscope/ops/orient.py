"""Bring arrays into the patient's axis order and back, by permuting and flipping alone: no value is changed."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid

Scalar = TypeVar("Scalar", bound=np.generic)


def to_lps(array: NDArray[Scalar], grid: Grid) -> tuple[NDArray[Scalar], Grid]:
    """Return a view of `array` whose index axes run to the left, to the back and to the head, and its grid.

    Each index axis goes to the patient axis that it is closest to; an oblique grid stays oblique. Afterwards
    `array[k, j, i]` has k = 0 at the feet, j = 0 at the front and i = 0 at the patient's right.

    Args:
        array: Shape `grid.shape`.
        grid: A 3D grid.
    """
    axes, flips = _plan(grid)
    return np.transpose(_flip(array, flips), _array_axes(axes)), lps_grid(grid)


def from_lps(array: NDArray[Scalar], grid: Grid) -> NDArray[Scalar]:
    """Return `array`, which lies on `lps_grid(grid)`, in the axis order of `grid`: the inverse of `to_lps`."""
    axes, flips = _plan(grid)
    return _flip(np.transpose(array, tuple(np.argsort(_array_axes(axes)))), flips)


def lps_grid(grid: Grid) -> Grid:
    """Return the grid of the same samples with index axes ordered and directed as in `to_lps`."""
    axes, flips = _plan(grid)
    first = tuple(float(grid.size[a] - 1) if flips[a] else 0.0 for a in range(3))
    signs = np.array([-1.0 if flip else 1.0 for flip in flips])
    direction = (grid.matrix * signs)[:, list(axes)]
    return Grid(
        size=tuple(grid.size[a] for a in axes),
        spacing_mm=tuple(grid.spacing_mm[a] for a in axes),
        origin=grid.position(first),
        direction=tuple(float(v) + 0.0 for v in direction.ravel()),
    )


def _plan(grid: Grid) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Return for each patient axis the index axis closest to it, and for each index axis whether it is flipped."""
    from scipy.optimize import linear_sum_assignment

    matrix = grid.matrix
    axes = tuple(int(a) for a in linear_sum_assignment(-np.abs(matrix))[1])
    flips = [False] * 3
    for physical, axis in enumerate(axes):
        flips[axis] = bool(matrix[physical, axis] < 0)
    return axes, tuple(flips)


def _array_axes(axes: tuple[int, ...]) -> tuple[int, ...]:
    """Translate index axes (i, j, k) into the axes of a C-ordered array (k, j, i)."""
    return tuple(2 - a for a in reversed(axes))


def _flip(array: NDArray[Any], flips: tuple[bool, ...]) -> NDArray[Any]:
    return array[tuple(slice(None, None, -1 if flip else 1) for flip in reversed(flips))]
