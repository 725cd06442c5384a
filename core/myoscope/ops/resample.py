"""Bring arrays from one grid onto another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid

if TYPE_CHECKING:
    import SimpleITK as sitk

#: A target that is a whole number of times coarser, but for rounding, is averaged over that many samples.
SLACK = 1e-6

Scalar = TypeVar("Scalar", bound=np.generic)


def resample(array: NDArray[Scalar], grid: Grid, target: Grid, *, fill: float, labels: bool = False) -> NDArray[Scalar]:
    """Return `array` on `target`, of the same dtype.

    Intensities are averaged over blocks first where the target is at least twice as coarse, then interpolated linearly;
    labels take the nearest sample.

    Args:
        array: Shape `grid.shape`.
        grid: Where `array` lies.
        target: Where the result lies; shape of the result is `target.shape`.
        fill: Value outside `grid`.
        labels: True for integers that must not be mixed.
    """
    import SimpleITK as sitk

    image = as_image(array, grid)
    if not labels:
        triples = zip(_spacing_along(grid, target), grid.spacing_mm, grid.size, strict=True)
        factors = [min(max(1, int(t / s + SLACK)), n) for t, s, n in triples]
        image = sitk.BinShrink(image, factors) if max(factors) > 1 else image
    interpolator = sitk.sitkNearestNeighbor if labels else sitk.sitkLinear
    result = sitk.Resample(
        image, target.size, sitk.Transform(), interpolator, target.origin, target.spacing_mm, target.direction, fill
    )
    return np.asarray(sitk.GetArrayFromImage(result), dtype=array.dtype)


def as_image(array: NDArray[Any], grid: Grid) -> sitk.Image:
    """Return a SimpleITK image of an array on its grid."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    return image


def _spacing_along(grid: Grid, target: Grid) -> list[float]:
    """Return the target's spacing along each index axis of `grid`: that of the target axis closest to it."""
    alignment = np.abs(grid.matrix.T @ target.matrix)
    return [target.spacing_mm[int(a)] for a in alignment.argmax(axis=1)]
