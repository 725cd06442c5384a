"""Fat fraction from the water and fat images of Dixon MRI, and what a region holds of it.

A fraction is F / (W + F) of the signals, in percent. Where neither image shows more than the noise of air it is
unknown, NaN, and never counted as 0.
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

SIGNAL_METHOD = "signal fat fraction F/(W+F)"
PDFF_METHOD = "PDFF, the scanner's map"
#: Appended to a fraction's method for the volume of fat that follows from it.
VOLUME_METHOD = "sum of the fraction x voxel volume, voxels of noise at the mean of the others"

#: Air is sampled in a frame this wide, as a share of a slice's rows and columns: bodies lie in the middle.
FRAME_SHARE = 0.06
#: The frame shows the noise of air when at least this share of it is dark and not zero; otherwise air was zeroed.
AIR_SHARE = 0.1
#: Noise ends this many robust deviations above its median: beyond 99.9% of a Rayleigh distribution, or a sum of two.
NOISE_DEVIATIONS = 4.0
#: Median absolute deviation to standard deviation of a normal distribution.
MAD_TO_SD = 1.4826
#: Without air to measure, signal begins at this share of what tissue typically shows.
TISSUE_SHARE = 0.05
#: A frame whose dark part has a median above this share of what tissue typically shows is full of dark tissue.
AIR_LIMIT_SHARE = 0.4
#: Noise ends at this share of what tissue typically shows, however noisy the air: tissue must stay.
NOISE_LIMIT_SHARE = 0.5
#: The brightest voxels, this share of those with signal, are vessels and artifacts and not looked at.
SPIKE_SHARE = 0.001
#: Signals below the largest one divided by this (12 bits) are zeros blurred by resampling, not noise.
BINS = 4096


@dataclass(frozen=True, slots=True)
class FatFraction:
    """How much of the signal of each voxel is fat.

    Attributes:
        percent: 100 x F / (W + F), float32, shape of the images; NaN where there is only noise.
        noise: W + F of at most this is noise, in the units of the images; NaN when no image said so.
        method: What kind of fraction it is, for the method of a measurement.
    """

    percent: NDArray[np.float32]
    noise: float
    method: str


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
    if water.shape != fat.shape:
        raise GeometryError(
            f"The water image has shape {water.shape} and the fat image {fat.shape}; a fraction needs one grid.",
            "Give both images of one acquisition.",
        )
    percent = np.add(water, fat, dtype=np.float32)
    noise = noise_limit(percent)
    silent = percent <= noise
    np.divide(fat, percent, out=percent, where=~silent, casting="same_kind")
    percent *= np.float32(100.0)
    percent[silent] = np.nan
    return FatFraction(percent, noise, SIGNAL_METHOD)


def fat_fraction_of(channels: Mapping[str, NDArray[Any]]) -> FatFraction | None:
    """Return the fat fraction that the channels of a Dixon scan give, or None when they give none.

    The scanner's own map `pdff`, in percent, comes first; where `water` and `fat`, or else `in_phase`, are there too,
    it is unknown in their noise. Otherwise the fraction is that of `water` and `fat`.

    Raises:
        GeometryError: Images of different shapes.
    """
    water, fat, pdff = (channels.get(name) for name in ("water", "fat", "pdff"))
    if pdff is None:
        return None if water is None or fat is None else fat_fraction(water, fat)
    total = channels.get("in_phase")
    if water is not None and fat is not None:
        total = np.add(water, fat, dtype=np.float32)
    percent = pdff.astype(np.float32)
    if total is None:
        return FatFraction(percent, math.nan, PDFF_METHOD)
    if total.shape != percent.shape:
        raise GeometryError(f"The map of PDFF has shape {percent.shape} and the image beside it {total.shape}.")
    noise = noise_limit(total)
    percent[total <= noise] = np.nan
    return FatFraction(percent, noise, PDFF_METHOD)


def noise_limit(signal: NDArray[Any]) -> float:
    """Return the signal that noise does not exceed, in the units of the image; 0 for an image without signal.

    Air is the darker of two classes of signal (Otsu, IEEE Trans Syst Man Cybern 9:62-66, 1979), looked at in the frame
    around the slices. Where the scanner set air to zero, or the image shows none, signal begins at a small share of
    the brighter class.

    Args:
        signal: A magnitude image, W + F or in phase, shape (k, j, i) or (j, i).
    """
    largest = float(signal.max(initial=0.0))
    if largest <= 0:
        return 0.0
    with_signal = np.cumsum(_histogram(signal, largest))
    largest *= (int(np.searchsorted(with_signal, (1.0 - SPIKE_SHARE) * with_signal[-1])) + 1) / BINS
    split, tissue = _air_and_tissue(_histogram(signal, largest), largest)
    frame = np.concatenate([part.ravel() for part in _frame(signal)])
    air = frame[(frame > largest / BINS) & (frame <= split)]
    median = float(np.median(air)) if air.size >= AIR_SHARE * frame.size else math.inf
    if median > AIR_LIMIT_SHARE * tissue:
        return TISSUE_SHARE * tissue
    limit = median + NOISE_DEVIATIONS * MAD_TO_SD * float(np.median(np.abs(air - median)))
    return min(limit, NOISE_LIMIT_SHARE * tissue)


def mean_of_voxels(percent: NDArray[Any], mask: NDArray[np.bool_]) -> float:
    """Return the mean fraction of the voxels of a mask, in %; noise is left out, NaN when nothing is left."""
    inside = percent[mask]
    inside = inside[~np.isnan(inside)]
    return float(inside.mean(dtype=np.float64)) if inside.size else math.nan


def fraction_of_sums(water: NDArray[Any], fat: NDArray[Any], mask: NDArray[np.bool_]) -> float:
    """Return 100 x sum of F / sum of (W + F) over a mask, in %; NaN for an empty mask or one without signal.

    Bright voxels weigh more than in `mean_of_voxels`, so noise hardly counts and need not be left out of the mask.
    """
    total_fat = float(fat[mask].sum(dtype=np.float64))
    total = total_fat + float(water[mask].sum(dtype=np.float64))
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


def _histogram(signal: NDArray[Any], largest: float) -> NDArray[np.int64]:
    """Return how many voxels lie in each of `BINS` equal steps up to `largest`; the first, zero, is not counted."""
    counts = np.zeros(BINS, dtype=np.int64)
    for plane in signal.reshape(-1, *signal.shape[-2:]):
        counts += np.histogram(plane, BINS, range=(0.0, largest))[0]
    counts[0] = 0
    return counts


def _air_and_tissue(counts: NDArray[np.int64], largest: float) -> tuple[float, float]:
    """Return the signal that parts the two classes of a histogram, and the median of the brighter one."""
    centers = (np.arange(BINS) + 0.5) / BINS * largest
    below, moment = np.cumsum(counts), np.cumsum(counts * centers)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = moment / below - (moment[-1] - moment) / above
        between = np.where((below > 0) & (above > 0), below * above * gap * gap, 0.0)
    split = int(between.argmax()) + 1 if between.any() else 0
    brighter = np.cumsum(counts[split:])
    median = split + int(np.searchsorted(brighter, brighter[-1] / 2.0))
    return split / BINS * largest, float(centers[median])


def _frame(signal: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return views of the outermost rows and columns of every slice, corners once."""
    rows, columns = (max(1, round(FRAME_SHARE * n)) for n in signal.shape[-2:])
    middle = signal[..., rows:-rows, :]
    return signal[..., :rows, :], signal[..., -rows:, :], middle[..., :columns], middle[..., -columns:]
