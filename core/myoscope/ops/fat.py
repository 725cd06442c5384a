"""Fat fraction from the water and fat images of Dixon MRI, and what a region holds of it.

A fraction is F / (W + F) of the signals, in percent. Where neither image shows more than the noise of air it is
unknown, NaN, and never counted as 0. Where air shows how strong the noise is, what it adds to the magnitudes of water
and of fat is taken off first: it would raise low fractions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.errors import GeometryError
from myoscope.ops.air import Air, find_air, is_louder_than_tissue, noise_sigma
from myoscope.ops.rician import without_floor

#: Sigma of the noise of the water image and of the fat image.
Sigmas = tuple[float, float]

SIGNAL_METHOD = "signal fat fraction F/(W+F)"
#: Appended to it.
FLOOR_REMOVED, FLOOR_KEPT = "noise floor removed", "noise floor unknown, not removed"
PDFF_METHOD = "PDFF, the scanner's map"
#: Appended to a fraction's method for the volume of fat that follows from it.
VOLUME_METHOD = "sum of the fraction x voxel volume, voxels of noise at the mean of the others"


@dataclass(frozen=True, slots=True)
class FatFraction:
    """How much of the signal of each voxel is fat.

    Attributes:
        percent: 100 x F / (W + F), float32, shape of the images; NaN where there is only noise. Without the noise floor
            single voxels lie below 0 or above 100, and are not clipped: means would be too high.
        noise: W + F of at most this is noise, in the units of the images; NaN when no image said so.
        method: What kind of fraction it is, for the method of a measurement.
        sigmas: Of the noise whose floor is to be removed from water and fat; None where it is unknown.
    """

    percent: NDArray[np.float32]
    noise: float
    method: str
    sigmas: Sigmas | None = None


def fat_fraction(water: NDArray[Any], fat: NDArray[Any]) -> FatFraction:
    """Return the signal fat fraction of every voxel whose W + F is above the noise of air.

    Besides the result, memory stays below one more image. Images of one magnitude scan are not negative; where one
    is, the fraction leaves 0 to 100 and is not clipped.

    Args:
        water: Shape (k, j, i) or (j, i); untouched.
        fat: The same shape.

    Raises:
        GeometryError: Images of different shapes.
    """
    percent = _total(water, fat)
    air = find_air(percent)
    sigmas = _sigmas(water, fat, percent, air)
    for k in np.ndindex(percent.shape[:-2]):
        _to_percent(percent[k], *pair_of(water[k], fat[k], sigmas), air.limit)
    return FatFraction(percent, air.limit, signal_method(sigmas), sigmas)


def signal_method(sigmas: Sigmas | None) -> str:
    """Return what a fraction of water and fat is called."""
    return f"{SIGNAL_METHOD}, {FLOOR_KEPT if sigmas is None else FLOOR_REMOVED}"


def pair_of(water: NDArray[Any], fat: NDArray[Any], sigmas: Sigmas | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return water and fat without the noise floor where it is known, and as they are where not; any shape."""
    return (water, fat) if sigmas is None else (without_floor(water, sigmas[0]), without_floor(fat, sigmas[1]))


def fat_fraction_of(channels: Mapping[str, NDArray[Any]]) -> FatFraction | None:
    """Return the fat fraction that the channels of a Dixon scan give, or None when they give none.

    The scanner's own map `pdff`, in percent, comes first; where `water` and `fat`, or else `in_phase`, are there too,
    it is unknown in their noise. Otherwise the fraction is that of `water` and `fat`. Beside a map,
    which stays as it is, `sigmas` are those of `water` and `fat`.

    Raises:
        GeometryError: Images of different shapes.
    """
    water, fat, pdff = (channels.get(name) for name in ("water", "fat", "pdff"))
    if pdff is None:
        return None if water is None or fat is None else fat_fraction(water, fat)
    pair = None if water is None or fat is None else (water, fat)
    total = channels.get("in_phase") if pair is None else _total(*pair)
    percent = pdff.astype(np.float32)
    if total is None:
        return FatFraction(percent, math.nan, PDFF_METHOD)
    if total.shape != percent.shape:
        raise GeometryError(f"The map of PDFF has shape {percent.shape} and the image beside it {total.shape}.")
    air = find_air(total)
    percent[total <= air.limit] = np.nan
    return FatFraction(percent, air.limit, PDFF_METHOD, None if pair is None else _sigmas(*pair, total, air))


def mean_of_voxels(percent: NDArray[Any], mask: NDArray[np.bool_]) -> float:
    """Return the mean fraction of the voxels of a mask, in %; noise is left out, NaN when nothing is left."""
    inside = percent[mask]
    inside = inside[~np.isnan(inside)]
    return float(inside.mean(dtype=np.float64)) if inside.size else math.nan


def fraction_of_sums(
    water: NDArray[Any], fat: NDArray[Any], mask: NDArray[np.bool_], sigmas: Sigmas | None = None
) -> float:
    """Return 100 x sum of F / sum of (W + F) over a mask, in %; NaN for an empty mask or one without signal.

    Bright voxels weigh more than in `mean_of_voxels`, so noise hardly counts and need not be left out of the mask.

    Args:
        water: Shape of the mask.
        fat: The same shape.
        mask: What to sum.
        sigmas: Of `FatFraction`: the noise floor is removed where they are known.
    """
    water, fat = pair_of(water[mask], fat[mask], sigmas)
    total_fat = float(fat.sum(dtype=np.float64))
    total = total_fat + float(water.sum(dtype=np.float64))
    return 100.0 * total_fat / total if total > 0 else math.nan


def fat_volume_ml(percent: NDArray[Any], mask: NDArray[np.bool_], grid: Grid) -> float:
    """Return the sum of fraction x voxel volume over a mask, in mL; NaN when no voxel of it has a fraction.

    The fraction of a voxel of noise is unknown: it counts as the mean of the others, so lean volume, which is volume
    minus this, does not grow with noise.

    Args:
        percent: From `FatFraction`; the whole image or a part.
        mask: The same shape.
        grid: The grid of the whole image.
    """
    return mean_of_voxels(percent, mask) / 100.0 * int(np.count_nonzero(mask)) * grid.voxel_volume_ml


def _total(water: NDArray[Any], fat: NDArray[Any]) -> NDArray[np.float32]:
    if water.shape != fat.shape:
        raise GeometryError(
            f"The water image has shape {water.shape} and the fat image {fat.shape}; a fraction needs one grid.",
            "Give both images of one acquisition.",
        )
    total: NDArray[np.float32] = np.add(water, fat, dtype=np.float32)
    return total


def _sigmas(water: NDArray[Any], fat: NDArray[Any], total: NDArray[np.float32], air: Air) -> Sigmas | None:
    """Return the sigmas of both images, or None where that of either is unknown or air is not to be believed."""
    if not air.shown or is_louder_than_tissue(total, air):
        return None
    sigmas = noise_sigma(water, total, air), noise_sigma(fat, total, air)
    return None if math.isnan(sum(sigmas)) else sigmas


def _to_percent(total: NDArray[np.float32], water: NDArray[Any], fat: NDArray[Any], noise: float) -> None:
    """Turn W + F of one slice into its fraction."""
    silent = total <= noise
    np.add(water, fat, out=total, dtype=np.float32)
    np.divide(fat, total, out=total, where=~silent, casting="same_kind")
    total *= np.float32(100.0)
    total[silent] = np.nan
