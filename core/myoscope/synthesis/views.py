"""Which part of a synthetic body a scan shows, and on which grid."""

from __future__ import annotations

import numpy as np

from myoscope.data.grid import Grid

#: Length of the slab that training sees, mm.
TRAINING_LENGTH_MM = (110.0, 330.0)


def centered(grid: Grid, size: tuple[int, ...], spacing_mm: tuple[float, ...]) -> Grid:
    """Return a grid of `grid`'s spacing that covers the extent of `size` voxels of `spacing_mm`."""
    extent = [n * s for n, s in zip(size, spacing_mm, strict=True)]
    coarse = tuple(int(np.ceil(e / s)) for e, s in zip(extent, grid.spacing_mm, strict=True))
    origin = tuple(-(n - 1) * s / 2 for n, s in zip(coarse, grid.spacing_mm, strict=True))
    return Grid.identity(coarse, grid.spacing_mm, origin)


def cut(grid: Grid, rng: np.random.Generator) -> Grid:
    """Return a part of the grid: a random stretch of the body axis, sometimes a narrower field in the plane."""
    low, high = sorted(rng.uniform(0.0, 1.0, size=2))
    if high - low < 0.3:  # noqa: PLR2004
        low, high = max(0.0, low - 0.2), min(1.0, high + 0.2)
    shares = [(0.0, 1.0), (0.0, 1.0), (low, high)]
    if rng.random() < 0.25:  # noqa: PLR2004
        shares[0] = (rng.uniform(0.0, 0.45), rng.uniform(0.75, 1.0))
    first = tuple(int(n * a) for n, (a, _) in zip(grid.size, shares, strict=True))
    last = tuple(max(int(n * b), f + 8) for n, (_, b), f in zip(grid.size, shares, first, strict=True))
    size = tuple(b - a for a, b in zip(first, last, strict=True))
    return Grid.identity(size, grid.spacing_mm, grid.position(tuple(float(f) for f in first)))


def final_grid(whole: Grid, spacing_mm: tuple[float, ...], size: tuple[int, ...] | None) -> Grid:
    """Return the grid of the scan itself: the extent of `whole`, or `size` voxels from the same corner."""
    pairs = zip(whole.size, whole.spacing_mm, spacing_mm, strict=True)
    size = size or tuple(max(1, int(n * w / s)) for n, w, s in pairs)
    corner = [o - w / 2 + s / 2 for o, w, s in zip(whole.origin, whole.spacing_mm, spacing_mm, strict=True)]
    return Grid.identity(size, tuple(float(s) for s in spacing_mm), tuple(corner))


def slab(grid: Grid, length_mm: tuple[float, float], rng: np.random.Generator) -> Grid:
    """Return a random stretch of the body axis whose length lies in a range, sometimes with one leg cut away."""
    count = min(grid.size[2], max(8, round(rng.uniform(*length_mm) / grid.spacing_mm[2])))
    low = int(rng.integers(0, grid.size[2] - count + 1))
    first, last = 0, grid.size[0]
    if rng.random() < 0.2:  # noqa: PLR2004
        first, last = (int(grid.size[0] * share) for share in (rng.uniform(0.0, 0.5), rng.uniform(0.75, 1.0)))
    size = (last - first, grid.size[1], count)
    return Grid.identity(size, grid.spacing_mm, grid.position((float(first), 0.0, float(low))))
