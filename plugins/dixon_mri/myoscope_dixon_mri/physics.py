"""Which contrast an image is, from its signal alone: by the physics of two-point Dixon.

In phase is W + F and opposed phase |W - F| (Dixon 1984), so their mean is the larger and half their difference the
smaller of W and F. Opposed phase is dark where a voxel holds both, which is at the borders of muscle and fat. What lies
under the skin is fat; muscle lies deeper.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope import Grid, UnreadableError
from myoscope.ops.air import noise_limit
from myoscope.ops.components import fill_holes
from myoscope.ops.orient import to_lps

Images = Sequence[NDArray[np.float32]]

#: So many slices, evenly spread, are looked at.
MOST_SLICES = 24
#: One of two images dominates a voxel when it is brighter by this factor.
DOMINANT = 2.0
#: Regions of a water and a fat image that the one dominates, and that are wider than two voxels, make up at least this
#: share of the tissue, each.
LEAST_REGION = 0.02
#: Opposed phase is dark in so much of the tissue, however infiltrated the muscles, and never the brighter one but for
#: noise: in at most this share of what it shows dark.
DARK_SHARES, MOST_BRIGHTER = (0.002, 0.25), 0.02
#: Under the skin and deep inside, opposed phase is typically at least this share of in phase.
LEAST_RATIO = 0.5
#: The relations of the four contrasts hold but for this share of the signal, and no other assignment comes near.
MOST_RESIDUAL, LEAST_LEAD = 0.2, 0.15
#: Depth below the skin in mm of what is nearly all fat, and of what is nearly all muscle or organs.
RIM_MM, CORE_MM = (2.0, 8.0), 15.0
#: Typical fractions of rim and core differ by at least this.
LEAST_CONTRAST = 0.3
#: A voxel holds both water and fat when the smaller of them is at least this share of the larger.
MIXED = 0.3
#: Fewer voxels than this tell nothing of the order of the phases.
LEAST_VOXELS = 30

AMBIGUOUS_HINT = "Say which file is which: --water F --fat F --in-phase F --opposed-phase F."


@dataclass(frozen=True, slots=True)
class Guess:
    """What images are, by their signal.

    Attributes:
        contrasts: Of each image, in the order given.
        confidence: 0 to 1.
        reason: Why, for people.
    """

    contrasts: tuple[str, ...]
    confidence: float
    reason: str


def contrasts_by_signal(images: Images, grid: Grid) -> Guess:
    """Return which contrast each of two or four images of one acquisition is.

    Args:
        images: Each of shape `grid.shape`.
        grid: Theirs.

    Raises:
        UnreadableError: Another number of images, or their signals fit no assignment or more than one.
    """
    upright = [_sample(to_lps(image, grid)[0]) for image in images]
    spacing = _plane_spacing(grid)
    if len(images) == 4:  # noqa: PLR2004
        return _of_four(upright, spacing)
    if len(images) != 2:  # noqa: PLR2004
        raise UnreadableError(
            f"{len(images)} images of one place do not say which contrast they are, expected 2 or 4.", AMBIGUOUS_HINT
        )
    tissue = _tissue(upright)
    if min(_region(tissue, a, b) for a, b in (upright, upright[::-1])) >= LEAST_REGION:
        return _water_and_fat(upright, spacing, confidence=1.0)
    return _phases(upright, tissue, spacing)


def phases_are_exchanged(channels: Mapping[str, NDArray[np.float32]]) -> bool:
    """Tell whether what is called in phase is opposed phase: darker where a voxel holds water and fat.

    Without water and fat images, such voxels are those in which one phase dominates the other.

    Args:
        channels: Of one station, with `in_phase` and `opposed_phase`.
    """
    called_in, called_opposed = _sample(channels["in_phase"]), _sample(channels["opposed_phase"])
    tissue = _tissue([called_in, called_opposed])
    if {"water", "fat"} <= channels.keys():
        water, fat = _sample(channels["water"]), _sample(channels["fat"])
        mixed = tissue & (np.minimum(water, fat) > MIXED * np.maximum(water, fat))
        if np.count_nonzero(mixed) < LEAST_VOXELS:
            return False
        return float(called_in[mixed].sum()) < float(called_opposed[mixed].sum())
    wrong = np.count_nonzero(tissue & (called_opposed > DOMINANT * called_in))
    right = np.count_nonzero(tissue & (called_in > DOMINANT * called_opposed))
    return bool(wrong >= LEAST_VOXELS and wrong > DOMINANT * right)


def _of_four(images: Images, spacing: tuple[float, float]) -> Guess:
    fits = sorted((_misfit(images, pair), pair) for pair in itertools.combinations(range(4), 2))
    (best, (first, second)), (next_best, _) = fits[:2]
    if best > MOST_RESIDUAL or next_best - best < LEAST_LEAD:
        raise UnreadableError(
            f"The four images are not clearly water, fat, in phase and opposed phase: the best assignment leaves "
            f"{best:.0%} of the signal unexplained, the next {next_best:.0%}.",
            AMBIGUOUS_HINT,
        )
    names = [""] * 4
    parts = _water_and_fat((images[first], images[second]), spacing, confidence=1.0 - best / next_best)
    names[first], names[second] = parts.contrasts
    third, fourth = (n for n in range(4) if n not in {first, second})
    channels = dict(zip(parts.contrasts, (images[first], images[second]), strict=True))
    phases = {"in_phase": images[third], "opposed_phase": images[fourth]}
    names[third], names[fourth] = ("in_phase", "opposed_phase")
    if phases_are_exchanged({**channels, **phases}):
        names[third], names[fourth] = ("opposed_phase", "in_phase")
    reason = f"W + F and |W - F| explain all but {best:.0%} of the signal; {parts.reason}"
    return Guess(tuple(names), parts.confidence, reason)


def _misfit(images: Images, pair: tuple[int, int]) -> float:
    """Return the share of the signal that stays unexplained when `pair` are water and fat and the others the phases."""
    tissue = _tissue(images)
    a, b = (images[n][tissue] for n in pair)
    c, d = (images[n][tissue] for n in range(4) if n not in pair)
    unexplained = np.abs((c + d) / 2 - np.maximum(a, b)).sum() + np.abs(np.abs(c - d) / 2 - np.minimum(a, b)).sum()
    return float(unexplained / np.maximum((c + d) / 2, np.maximum(a, b)).sum())


def _water_and_fat(images: Images, spacing: tuple[float, float], *, confidence: float) -> Guess:
    """Return which of a water and a fat image is which: fat makes up the rim of the body.

    Raises:
        UnreadableError: Rim and core hold about the same.
    """
    rim, core = _depths(np.add(*images), spacing)
    fraction = images[1] / np.maximum(images[0] + images[1], np.finfo(np.float32).tiny)
    both = rim.any() and core.any()
    difference = float(np.median(fraction[rim]) - np.median(fraction[core])) if both else 0.0
    if abs(difference) < LEAST_CONTRAST:
        raise UnreadableError(
            "Two images are water and fat, but which is which is not clear: neither is much brighter under the skin.",
            AMBIGUOUS_HINT,
        )
    names = ("water", "fat") if difference > 0 else ("fat", "water")
    reason = f"fat makes up {abs(difference):.0%} more of the tissue under the skin than of that inside"
    return Guess(names, confidence * min(1.0, abs(difference) / (2 * LEAST_CONTRAST)), reason)


def _phases(images: Images, tissue: NDArray[np.bool_], spacing: tuple[float, float]) -> Guess:
    """Return which of two images is in phase: the other is darker, but only where water and fat meet.

    Raises:
        UnreadableError: Neither is, or it is dark under the skin or deep inside, as water and fat are.
    """
    darker = [int(np.count_nonzero(tissue & (a > DOMINANT * b))) for a, b in (images, images[::-1])]
    named = ("in_phase", "opposed_phase") if darker[0] >= darker[1] else ("opposed_phase", "in_phase")
    in_phase, opposed = images if darker[0] >= darker[1] else images[::-1]
    dark = max(darker) / max(1, int(np.count_nonzero(tissue)))
    ratio = opposed / np.maximum(in_phase, np.finfo(np.float32).tiny)
    depths = _depths(np.maximum(in_phase, opposed), spacing)
    least = min(float(np.median(ratio[depth])) if depth.any() else 0.0 for depth in depths)
    one_sided = min(darker) <= MOST_BRIGHTER * max(darker)
    if not (one_sided and DARK_SHARES[0] <= dark <= DARK_SHARES[1] and least >= LEAST_RATIO):
        raise UnreadableError(
            "Two images are neither clearly water and fat nor clearly in phase and opposed phase.", AMBIGUOUS_HINT
        )
    reason = f"one is much darker in {dark:.0%} of the tissue, and nowhere much brighter"
    return Guess(named, min(1.0, least), reason)


def _region(tissue: NDArray[np.bool_], a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the share of the tissue in regions wider than two voxels that `a` dominates."""
    from scipy import ndimage

    inner = ndimage.binary_erosion(tissue & (a > DOMINANT * b), structure=np.ones((1, 3, 3), dtype=bool))
    return float(np.count_nonzero(inner) / max(1, int(np.count_nonzero(tissue))))


def _tissue(images: Images) -> NDArray[np.bool_]:
    brightest = np.maximum.reduce(list(images))
    return np.asarray(brightest > noise_limit(brightest))


def _depths(total: NDArray[np.float32], spacing: tuple[float, float]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where lies what is under the skin and what is deep, slice by slice."""
    from scipy import ndimage

    tissue = total > noise_limit(total)
    depth = np.zeros(total.shape, dtype=np.float32)
    for k, plane in enumerate(tissue):
        whole = fill_holes(ndimage.binary_opening(plane))
        depth[k] = ndimage.distance_transform_edt(whole, sampling=spacing)
    return tissue & (depth > RIM_MM[0]) & (depth <= RIM_MM[1]), tissue & (depth > CORE_MM)


def _sample(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return image[:: max(1, -(-len(image) // MOST_SLICES))]


def _plane_spacing(grid: Grid) -> tuple[float, float]:
    """Return the spacing between the rows and between the columns of an upright array."""
    from myoscope.ops.orient import lps_grid

    x, y, _ = lps_grid(grid).spacing_mm
    return y, x
