"""The air around a body in MRI: where it is, what its noise does not exceed, and how strong that noise is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
#: Mean of a Rayleigh distribution, the magnitude of noise alone, in its sigma.
RAYLEIGH_MEAN = math.sqrt(math.pi / 2.0)
#: A sigma above this share of what tissue typically shows is not believed: air full of artifacts, or no measurement.
SIGMA_LIMIT_SHARE = 0.1
#: The noise of tissue and of air is compared in squares of this many voxels a side.
SQUARE = 8
#: The calmest tissue, by this percentile of its squares, shows noise alone; in the others anatomy adds to it.
CALM_PERCENTILE = 5.0
#: There W + F varies at least this many times as much as in air. The same noise does so 1.29 times where one of both is
#: strong and the other nothing, 1.53 times where both are strong.
LEAST_RATIO = 1.25


@dataclass(frozen=True, slots=True)
class Air:
    """What an image shows where there is no body, in its own units.

    Attributes:
        zero: Signals of at most this are zeros blurred by resampling.
        limit: Noise does not exceed this; 0 for an image without signal.
        tissue: What tissue typically shows.
        shown: Whether noise is seen: False where the scanner set air to zero, or the body fills the frame.
    """

    zero: float
    limit: float
    tissue: float
    shown: bool


def find_air(signal: NDArray[Any]) -> Air:
    """Return what an image shows of air.

    Air is the darker of two classes of signal (Otsu, IEEE Trans Syst Man Cybern 9:62-66, 1979), looked at in the frame
    around the slices. Where the scanner set air to zero, or the image shows none, signal begins at a small share of
    the brighter class.

    Args:
        signal: A magnitude image, W + F or in phase, shape (k, j, i) or (j, i).
    """
    largest = float(signal.max(initial=0.0))
    if largest <= 0:
        return Air(0.0, 0.0, 0.0, shown=False)
    with_signal = np.cumsum(_histogram(signal, largest))
    largest *= (int(np.searchsorted(with_signal, (1.0 - SPIKE_SHARE) * with_signal[-1])) + 1) / BINS
    split, tissue = _air_and_tissue(_histogram(signal, largest), largest)
    zero = largest / BINS
    frame = np.concatenate([side.ravel() for side in _sides(signal)])
    air = frame[(frame > zero) & (frame <= split)]
    median = float(np.median(air)) if air.size >= AIR_SHARE * frame.size else math.inf
    if median > AIR_LIMIT_SHARE * tissue:
        return Air(zero, TISSUE_SHARE * tissue, tissue, shown=False)
    limit = median + NOISE_DEVIATIONS * MAD_TO_SD * float(np.median(np.abs(air - median)))
    return Air(zero, min(limit, NOISE_LIMIT_SHARE * tissue), tissue, shown=True)


def noise_limit(signal: NDArray[Any]) -> float:
    """Return the signal that noise does not exceed, in the units of the image; 0 for an image without signal.

    Args:
        signal: A magnitude image, W + F or in phase, shape (k, j, i) or (j, i).
    """
    return find_air(signal).limit


def noise_sigma(image: NDArray[Any], signal: NDArray[Any], air: Air) -> float:
    """Return the sigma of the noise in either part of the complex image; NaN when air does not tell it.

    It follows from the mean of air, because interpolation and averages of stations change the spread of noise and not
    its mean. Ghosts of moving tissue lie along one axis, so the darkest of the four sides of the frame counts.

    Args:
        image: A magnitude image, shape (k, j, i) or (j, i).
        signal: W + F of the same scan, by which voxels are taken for air or tissue.
        air: Of `signal`.
    """
    if not air.shown:
        return math.nan
    means = []
    for side, total in zip(_sides(image), _sides(signal), strict=True):
        dark = side[(total > air.zero) & (total <= air.limit)]
        if dark.size >= AIR_SHARE * total.size:
            means.append(float(dark.mean(dtype=np.float64)))
    sigma = min(means, default=0.0) / RAYLEIGH_MEAN
    return sigma if 0 < sigma <= SIGMA_LIMIT_SHARE * air.tissue else math.nan


def is_louder_than_tissue(signal: NDArray[Any], air: Air) -> bool:
    """Return whether air varies more from voxel to voxel than the noise of tissue allows; False when neither is seen.

    Then it is not the noise of tissue: artifacts, or a scanner that evens out the brightness and raises the noise where
    its coils hardly reach.

    Args:
        signal: W + F, shape (k, j, i) or (j, i).
        air: Of `signal`.
    """
    in_air: list[NDArray[Any]] = []
    in_tissue: list[NDArray[Any]] = []
    for squares in _squares(signal):
        lowest, highest = squares.min(axis=(2, 3)), squares.max(axis=(2, 3))
        in_air.append(_roughness(squares[(lowest > air.zero) & (highest <= air.limit)]))
        in_tissue.append(_roughness(squares[lowest > air.limit]))
    loud, calm = np.concatenate(in_air), np.concatenate(in_tissue)
    if not loud.size or not calm.size:
        return False
    return bool(LEAST_RATIO * np.percentile(loud, CALM_PERCENTILE) > np.percentile(calm, CALM_PERCENTILE))


def _squares(image: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield every slice in squares: shape (rows, columns, SQUARE, SQUARE); what is left at its ends is not seen."""
    rows, columns = (n // SQUARE for n in image.shape[-2:])
    for plane in image.reshape(-1, *image.shape[-2:]):
        whole = plane[: rows * SQUARE, : columns * SQUARE]
        yield whole.reshape(rows, SQUARE, columns, SQUARE).swapaxes(1, 2)


def _roughness(squares: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean absolute second difference along the rows of each square: no slope of brightness counts."""
    values = squares.astype(np.float64)
    seconds = values[..., 2:] - 2.0 * values[..., 1:-1] + values[..., :-2]
    roughness: NDArray[np.float64] = np.abs(seconds).mean(axis=(-2, -1))
    return roughness


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


def _sides(signal: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return views of the outermost rows and columns of every slice, corners once: the four sides of the frame."""
    rows, columns = (max(1, round(FRAME_SHARE * n)) for n in signal.shape[-2:])
    middle = signal[..., rows:-rows, :]
    return signal[..., :rows, :], signal[..., -rows:, :], middle[..., :columns], middle[..., -columns:]
