"""Smooth random fields: coarse noise, interpolated to the size asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def smooth_field(
    rng: np.random.Generator, shape: tuple[int, ...], spacing_mm: tuple[float, ...], scale: object
) -> Floats:
    """Return a field of zero mean and unit variance at its knots that varies over `scale` mm.

    Args:
        rng: Source of randomness.
        shape: (k, j, i) of the field.
        spacing_mm: (x, y, z) of the field's grid.
        scale: Distance of the knots in mm, one number or one each for (x, y, z).
    """
    scales = np.broadcast_to(np.asarray(scale, dtype=float), (3,))[::-1]
    extent = np.array(shape) * np.array(spacing_mm[::-1])
    knots = tuple(int(n) for n in np.maximum(np.ceil(extent / scales).astype(int) + 1, 2))
    return interpolate(rng.standard_normal(knots).astype(np.float32), shape)


def interpolate(coarse: Floats, shape: tuple[int, ...]) -> Floats:
    """Return `coarse` linearly interpolated to `shape`, first and last knots on the first and last samples."""
    return interpolate_at(coarse, [np.linspace(0.0, k - 1.0, n) for k, n in zip(coarse.shape, shape, strict=True)])


def interpolate_at(coarse: Floats, places: list[NDArray[np.float64]]) -> Floats:
    """Return `coarse` linearly interpolated at every combination of places, given in knots, one array an axis."""
    field = coarse
    for axis, place in enumerate(places):
        knots = np.arange(field.shape[axis])
        weights = np.maximum(1.0 - np.abs(place[:, None] - knots[None, :]), 0.0).astype(np.float32)
        field = np.moveaxis(np.tensordot(weights, field, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(field, dtype=np.float32)
