"""From a frame to the network's input: the tissue, stretched to the network's window, 0 to 1 (Zhang, Methods)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from myoscope import Grid, Recipe, Scan, View

WHITE = 255.0


def preprocess(scan: Scan, recipe: Recipe) -> Scan:
    """Return the tissue view of every frame on the recipe's window, float32 in 0..1.

    The window is filled whatever the view's shape, so its pixels need not be square.

    Raises:
        UnreadableError: A scan that does not say which part of it shows tissue.
    """
    view = scan.view
    cropped = scan.image[(..., *view.slices)]
    width, height = recipe.window
    if scan.times_s:
        image = np.stack([_resized(frame, (width, height)) for frame in cropped])
    else:
        image = _resized(cropped, (width, height))
    return Scan(
        scan.modality,
        {recipe.channels[0]: image},
        _stretched(scan.grid, view, (width, height)),
        scan.case_id,
        scan.source,
        scan.subject,
        times_s=scan.times_s,
        calibration=scan.calibration,
        site=scan.site,
    )


def _resized(frame: NDArray[np.generic], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a (y, x) frame of 0..255 as (height, width) of 0..1; shrinking averages."""
    import cv2

    shrinks = frame.shape[0] >= size[1] and frame.shape[1] >= size[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(frame), size, interpolation=way), dtype=np.float32) / WHITE


def _stretched(grid: Grid, view: View, size: tuple[int, int]) -> Grid:
    """Return the grid of `size` samples that covers the view, edge to edge."""
    steps = (view.width / size[0], view.height / size[1])
    first = (view.left + (steps[0] - 1) / 2, view.top + (steps[1] - 1) / 2)
    spacing = tuple(s * step for s, step in zip(grid.spacing_mm, steps, strict=True))
    return Grid(size, spacing, grid.position(first), grid.direction, grid.unit)
