"""How far one image is shifted against another of the same tissue, seen by a different station of coils."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from myoscope_dixon_mri.lattice import REACH_VOXELS, Floats, interpolate

Millimeters = tuple[float, float, float]

#: A shift is told from this number of slices, rows and columns on.
FEWEST_SAMPLES = 2
#: Shading varies over longer distances in the slice than this and is divided away.
SHADING_MM = 15.0
#: What is below this share of a slice's brightest tissue may be noise, which shading does not scale, and counts as 0.
FLOOR_SHARE = 0.1
#: Slices are compared on about this spacing, blurred by the one and then by the other.
COARSE_MM, BLURS_MM = 4.0, (8.0, 2.0)
#: A search ends after this number of steps or with one shorter than this.
MOST_STEPS, SHORT_STEP_MM = 25, 0.02
#: Directions whose squared slopes add up to less than this share of the most are flat: no shift is told along them.
FLAT_SHARE = 1e-4
#: Beyond this number of standard deviations a blur has no weight.
BLUR_REACH = 3.0

Steps = NDArray[np.float64]


def displacement_mm(one: Floats, other: Floats, spacing_mm: Sequence[float]) -> Millimeters | None:
    """Return how far to the left, back and head of where `one` shows tissue `other` shows it, in mm.

    Translation alone, by Gauss-Newton on differences of intensity from coarse to fine, with the mean of both gradients
    (symmetric forces: Vercauteren et al., NeuroImage 45:S61-S72, 2009). Across slices the search may stop early when
    the shift is longer than about 10 mm or leaves fewer than two slices in common.

    Args:
        one: Shape (k, j, i) on a lattice whose axes run to the head, back and left.
        other: The same.
        spacing_mm: Of the lattice, (x, y, z).

    Returns:
        Left, back and head; None for fewer than two slices, rows or columns.
    """
    i, j = (max(1, int(COARSE_MM / s)) for s in spacing_mm[:2])
    steps = np.array([spacing_mm[2], spacing_mm[1] * j, spacing_mm[0] * i])
    fixed, moving = (_without_shading(_thinned(array, j, i), steps) for array in (one, other))
    if min(fixed.shape) < FEWEST_SAMPLES:
        return None
    shift = np.zeros(3)
    for blur_mm in BLURS_MM:
        shift = _search(_blurred(fixed, blur_mm, steps), _blurred(moving, blur_mm, steps), steps, shift)
    z, y, x = (float(mm) for mm in shift)
    return x, y, z


def _thinned(array: Floats, j: int, i: int) -> Floats:
    """Return the means over blocks of (j, i) voxels in the slice."""
    k, rows, columns = array.shape
    whole = array[:, : rows // j * j, : columns // i * i]
    return np.asarray(whole.reshape(k, rows // j, j, columns // i, i).mean(axis=(2, 4)))


def _without_shading(array: Floats, steps: Steps) -> Floats:
    """Return intensity relative to that around it in the slice, so that neither coils nor ends of a station matter."""
    around = _blurred(array, SHADING_MM, steps)
    floor = np.float32(FLOOR_SHARE) * around.max(axis=(1, 2), keepdims=True)
    return np.asarray(np.maximum(array - floor, 0) / (around + floor + np.finfo(np.float32).tiny))


def _blurred(array: Floats, blur_mm: float, steps: Steps) -> Floats:
    """Return `array` blurred in the slice."""
    from scipy.ndimage import gaussian_filter

    sigma = (0.0, blur_mm / steps[1], blur_mm / steps[2])
    return np.asarray(gaussian_filter(array, sigma, truncate=BLUR_REACH), dtype=np.float32)


def _search(fixed: Floats, moving: Floats, steps: Steps, shift: Steps) -> Steps:
    """Return the shift (k, j, i) in mm at which `moving` fits `fixed` best, from a first guess."""
    slopes = _slopes(fixed, steps)
    for _ in range(MOST_STEPS):
        k, j, i = (np.arange(n) + mm / step for n, mm, step in zip(moving.shape, shift, steps, strict=True))
        seen = np.flatnonzero((k >= -REACH_VOXELS) & (k <= len(moving) - 1 + REACH_VOXELS))
        if len(seen) < FEWEST_SAMPLES:
            break
        moved = interpolate(moving, (k[seen], j, i))
        here, there = slopes[:, seen].reshape(3, -1), _slopes(moved, steps).reshape(3, -1)
        jacobian = (here + there) / 2
        residual = (fixed[seen] - moved).ravel()
        step_mm = np.linalg.lstsq(jacobian @ jacobian.T, jacobian @ residual, rcond=FLAT_SHARE)[0]
        step_mm[0] *= _alike(here[0], there[0])
        shift = shift + step_mm
        if np.abs(step_mm).max() < SHORT_STEP_MM:
            break
    return shift


def _alike(one: Floats, other: Floats) -> float:
    """Return how much of two slopes is shared, 0 to 1.

    Across few thick slices of a thigh that hardly changes, slopes are mostly noise, and interpolated noise fits best
    half a slice away. What the two stations share is anatomy; in the end it decides how fast, not where, a search ends.
    """
    product = float(np.linalg.norm(one) * np.linalg.norm(other))
    return max(0.0, float(one @ other) / product) ** 2 if product > 0 else 0.0


def _slopes(array: Floats, steps: Steps) -> Floats:
    """Return the slopes along k, j and i per mm, shape (3, k, j, i); the outermost slices have none along k.

    There a slope would be one-sided, so its noise would go with that of the slice; as the upper station is noisier at
    its lower end and the lower one at its upper end, that would look like a shift.
    """
    slopes = np.stack([np.gradient(array, step, axis=axis) for axis, step in enumerate(steps)])
    slopes[0, [0, -1]] = 0
    return slopes
