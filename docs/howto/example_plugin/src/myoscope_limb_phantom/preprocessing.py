"""From the phantom's image to the network's input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from myoscope import Grid, Recipe, Scan
from myoscope.ops.orient import to_lps
from myoscope.ops.resample import resample
from myoscope_limb_phantom.loading import STAMP


def preprocess(scan: Scan, recipe: Recipe) -> Scan:
    """Return the image, stamp removed, full scale at 1, on an upright grid of the recipe's spacing."""
    image, grid = to_lps(scan.image, scan.grid)
    scaled = np.where(image == STAMP, 0.0, image / recipe.preprocessing["full_scale"]).astype(np.float32)
    target = _regridded(grid, recipe.spacing_mm)
    return replace(scan, channels={recipe.channels[0]: resample(scaled, grid, target, fill=0.0)}, grid=target)


def _regridded(grid: Grid, spacing_mm: tuple[float, ...]) -> Grid:
    """Return the grid of other spacing that covers the same box."""
    pairs = list(zip(grid.size, grid.spacing_mm, spacing_mm, strict=True))
    size = tuple(max(1, round(n * s / t)) for n, s, t in pairs)
    first = tuple((t / s - 1) / 2 for _, s, t in pairs)
    return Grid(size, spacing_mm, grid.position(first), grid.direction)
