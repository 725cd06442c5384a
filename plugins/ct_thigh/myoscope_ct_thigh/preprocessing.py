"""From CT in HU to the network's input (Kim 2024, Methods, 'Pre-processing')."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from myoscope import Grid, Recipe, Scan
from myoscope.ops.orient import to_lps
from myoscope.ops.resample import resample

#: Tissue is denser than this.
BODY_HU = -300
#: Legs that do not meet in view are pieces of their own; a piece below this share of the largest is table or blanket.
LEG_SHARE = 0.2
#: The body is looked for on every nth voxel.
STRIDE = 4


def preprocess(scan: Scan, recipe: Recipe) -> Scan:
    """Return the body alone, windowed to 0..1, gamma-adjusted, on an upright grid of the recipe's spacing.

    The grid keeps the scan's own (possibly oblique) axes in the patient's order, so it maps to the scan axis by axis.
    """
    image, grid = to_lps(scan.image, scan.grid)
    image, grid = _cropped_to_body(image, grid)
    low, high = recipe.preprocessing["hu_low"], recipe.preprocessing["hu_high"]
    windowed = (image.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    np.clip(windowed, 0.0, 1.0, out=windowed)
    windowed **= recipe.preprocessing["gamma"]
    target = _regridded(grid, recipe.spacing_mm)
    return Scan(
        scan.modality,
        {recipe.channels[0]: resample(windowed, grid, target, fill=0.0)},
        target,
        scan.case_id,
        scan.source,
        scan.subject,
    )


def _cropped_to_body(image: NDArray[np.generic], grid: Grid) -> tuple[NDArray[np.generic], Grid]:
    import cc3d

    coarse = np.asarray(image[::STRIDE, ::STRIDE, ::STRIDE]) > BODY_HU
    if not coarse.any():
        return image, grid
    pieces = cc3d.connected_components(coarse, connectivity=6)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    body = np.argwhere((sizes >= LEG_SHARE * sizes.max())[pieces])
    low = np.maximum((body.min(axis=0) - 1) * STRIDE, 0)
    high = np.minimum((body.max(axis=0) + 2) * STRIDE, image.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    first = tuple(float(v) for v in low[::-1])
    size = tuple(int(v) for v in (high - low)[::-1])
    return image[box], Grid(size, grid.spacing_mm, grid.position(first), grid.direction)


def _regridded(grid: Grid, spacing_mm: tuple[float, ...]) -> Grid:
    """Return the grid of other spacing that covers the same box, its first voxel flush with the first corner."""
    pairs = list(zip(grid.size, grid.spacing_mm, spacing_mm, strict=True))
    size = tuple(max(1, round(n * s / t)) for n, s, t in pairs)
    first = tuple((t / s - 1) / 2 for _, s, t in pairs)
    return Grid(size, tuple(float(t) for t in spacing_mm), grid.position(first), grid.direction)
