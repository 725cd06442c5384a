"""Probabilities on the model's grid become labels on the scan's own grid, plane by plane.

Probabilities, not labels, are interpolated, so a coarse model leaves no stair-steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.errors import GeometryError
from myoscope.ops.orient import from_lps, lps_grid

if TYPE_CHECKING:
    import torch

#: The model's grid must have the scan's axes to within this.
AXIS_TOLERANCE = 1e-4


def restore_labels(
    slabs: Iterable[tuple[int, torch.Tensor]], model_grid: Grid, scan_grid: Grid, values: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return labels on `scan_grid`, 0 outside the model's grid.

    Args:
        slabs: From `blended_slabs`.
        model_grid: Grid of the slabs; its axes are those of `lps_grid(scan_grid)`.
        scan_grid: The scan's own grid.
        values: Label value of each class.

    Raises:
        GeometryError: The two grids do not share their axes.
    """
    import torch

    native = lps_grid(scan_grid)
    places = _places(native, model_grid)
    inside = [np.flatnonzero(np.abs(p - (n - 1) / 2) < n / 2) for p, n in zip(places, model_grid.size, strict=True)]
    labels = np.zeros(native.shape, dtype=np.uint8)
    if any(len(i) == 0 for i in inside):
        return from_lps(labels, scan_grid)
    x, y, z = (np.clip(p[i], 0, n - 1) for p, i, n in zip(places, inside, model_grid.size, strict=True))
    weights_x = _linear(x, model_grid.size[0])
    weights_y = _linear(y, model_grid.size[1])
    box = (slice(inside[1][0], inside[1][-1] + 1), slice(inside[0][0], inside[0][-1] + 1))
    waiting = deque(zip(inside[2], z, strict=True))
    carried: torch.Tensor | None = None
    for first, slab in slabs:
        planes = slab if carried is None else torch.cat([carried, slab], dim=1)
        start = first if carried is None else first - 1
        end = start + planes.shape[1] - 1
        while waiting and waiting[0][1] <= end:
            k, place = waiting.popleft()
            lower = min(int(place), model_grid.size[2] - 1)
            upper = min(lower + 1, end)
            share = float(place - lower)
            mixed = planes[:, lower - start] * (1 - share) + planes[:, upper - start] * share
            labels[k][box] = _winners(mixed, weights_y, weights_x, values)
        carried = planes[:, -1:]
    return from_lps(labels, scan_grid)


def _winners(
    plane: torch.Tensor, weights_y: NDArray[np.float32], weights_x: NDArray[np.float32], values: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the label value of the likeliest class at every in-plane place.

    A class whose probability stays below 1 / classes in the whole plane cannot win anywhere and is left out.
    """
    import torch

    peak = plane.amax(dim=(1, 2))
    kept = torch.nonzero(peak >= min(1.0 / len(plane), float(peak.max()))).flatten()
    wy = torch.from_numpy(weights_y).to(plane.device)
    wx = torch.from_numpy(weights_x).to(plane.device)
    fine = wy @ (plane[kept] @ wx.T)
    return np.asarray(values[kept.cpu().numpy()][fine.argmax(dim=0).cpu().numpy()], dtype=np.uint8)


def _places(native: Grid, model_grid: Grid) -> list[NDArray[np.float64]]:
    """Return for each index axis the model-grid index of every native sample."""
    if not np.allclose(native.matrix, model_grid.matrix, atol=AXIS_TOLERANCE):
        raise GeometryError("The model's grid and the scan's grid do not share their axes.")
    offset = native.matrix.T @ (np.array(native.origin) - np.array(model_grid.origin))
    return [
        (o + np.arange(n) * s) / t
        for o, n, s, t in zip(offset, native.size, native.spacing_mm, model_grid.spacing_mm, strict=True)
    ]


def _linear(places: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Return the (places, size) matrix of linear interpolation."""
    return np.maximum(1.0 - np.abs(places[:, None] - np.arange(size)[None, :]), 0.0).astype(np.float32)
