"""Where neighboring stations meet: how much is missing, how much brighter one is, and how far the person moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from myoscope import Finding, Grid, Severity
from myoscope_dixon_mri.lattice import SLACK_VOXELS, Box, Floats, Placed, interpolate, part_of, shared_box
from myoscope_dixon_mri.registration import Millimeters, displacement_mm
from myoscope_dixon_mri.structures import PDFF

#: Tissue is brighter than this share of the brightest voxels, of which this percentile tells.
TISSUE_SHARE, BRIGHT_PERCENTILE = 0.15, 99.0
#: A slice with less tissue tells nothing.
FEWEST_VOXELS = 50
#: Shifts by more than this, and by more than a voxel, are told; smaller parts of one are left out of the sentence.
NOTABLE_SHIFT_MM, TOLD_SHIFT_MM = 3.0, 1.0
#: Where negative and positive numbers point to along x, y and z.
WAYS = (("right", "left"), ("front", "back"), ("feet", "head"))


@dataclass(frozen=True, slots=True)
class Seam:
    """Where two neighbors meet.

    Attributes:
        upper: Name of the station closer to the head.
        lower: Name of the other.
        missing_mm: Length between them that neither measured; 0 when they meet or overlap.
        ratio: How many times brighter the lower one shows the same tissue; None when they share too little.
        shift_mm: How far to the left, back and head of where the upper one shows tissue the lower one shows it; None
            when they share too little.
        steps_mm: Spacing of the lattice, (x, y, z).
    """

    upper: str
    lower: str
    missing_mm: float
    ratio: float | None
    shift_mm: Millimeters | None
    steps_mm: tuple[float, ...]

    @property
    def moved(self) -> bool:
        """Whether the shift is notable."""
        parts = zip(self.shift_mm or (), self.steps_mm, strict=False)
        return any(abs(mm) > max(NOTABLE_SHIFT_MM, step) for mm, step in parts)


def seam(upper: Placed, lower: Placed, grid: Grid) -> Seam:
    """Return what the overlap of two neighbors on the lattice `grid` tells."""
    thickness_mm = upper.images.grid.spacing_mm[2] + lower.images.grid.spacing_mm[2]
    missing_mm = upper.ends_mm[0] - lower.ends_mm[1] - thickness_mm / 2
    ratio, shift = None, None
    box = shared_box(upper, lower)
    if box is not None and magnitudes(upper):
        above, below = _summed(upper, box), _summed(lower, box)
        ratio = brightness_ratio(above, below)
        shift = None if ratio is None else displacement_mm(above, below, grid.spacing_mm)
    missing_mm = missing_mm if missing_mm > SLACK_VOXELS * thickness_mm else 0.0
    return Seam(upper.images.name, lower.images.name, missing_mm, ratio, shift, grid.spacing_mm)


def brightness_ratio(upper: Floats, lower: Floats) -> float | None:
    """Return how many times brighter the lower station shows the same tissue, or None when they share too little.

    The median over slices of the median over tissue: stations fade towards their ends, the upper one downwards and the
    lower one upwards, and in the middle of the overlap both fade alike. Exchanging the stations gives the inverse.

    Args:
        upper: Magnitude of the upper station in the overlap, shape (k, j, i).
        lower: The same of the lower station.
    """
    both = np.sqrt(np.maximum(upper, 0) * np.maximum(lower, 0))  # either alone would favor the brighter station
    tissue = both > TISSUE_SHARE * np.percentile(both, BRIGHT_PERCENTILE)
    slices = [
        np.median(np.log(below[there]) - np.log(above[there]))
        for above, below, there in zip(upper, lower, tissue, strict=True)
        if np.count_nonzero(there) >= FEWEST_VOXELS
    ]
    return float(np.exp(np.median(slices))) if slices else None


def matching_gains(ratios: Sequence[float | None], signals: Sequence[float]) -> tuple[float, ...]:
    """Return one factor a station that makes neighbors equally bright and keeps the sum of all signals.

    Args:
        ratios: Brightness of each station but the first relative to the one before; None is taken for equal.
        signals: Sum of all voxels of each station.
    """
    steps = [0.0, *(0.0 if ratio is None else -np.log(ratio) for ratio in ratios)]
    gains = np.exp(np.cumsum(steps))
    total = float(np.dot(gains, signals))
    return tuple(float(g) for g in gains * (sum(signals) / total if total > 0 else 1.0))


def magnitudes(station: Placed) -> tuple[Floats, ...]:
    """Return the contrasts that grow with brightness: all but a map of the fat fraction."""
    return tuple(array for name, array in station.images.channels.items() if name != PDFF)


def seam_findings(seams: Sequence[Seam]) -> tuple[Finding, ...]:
    """Return what to know of gaps and shifts; empty when all stations overlap and fit."""
    gaps = [f"{s.missing_mm:.1f} mm between {s.upper} and {s.lower}" for s in seams if s.missing_mm > 0]
    shifts = [_shift_sentence(s.upper, s.lower, s.shift_mm) for s in seams if s.shift_mm is not None and s.moved]
    gap = Finding(
        code="stations_gap",
        severity=Severity.WARNING,
        message=f"No station measured {' and '.join(gaps)}; the image is 0 there.",
        action="Do not use volumes of structures that reach across: they are incomplete. Brightness and position of "
        "stations cannot be compared across a gap either.",
    )
    shift = Finding(
        code="stations_shifted",
        severity=Severity.WARNING,
        message=f"The person moved between stations: {'; '.join(shifts)}.",
        action="Look at the labels where these stations meet: edges are doubled there. Nothing was shifted back.",
    )
    return (*[gap] * bool(gaps), *[shift] * bool(shifts))


def _shift_sentence(upper: str, lower: str, shift_mm: Millimeters) -> str:
    told = [
        f"{abs(mm):.1f} mm to the {ways[mm > 0]}"
        for mm, ways in zip(shift_mm, WAYS, strict=True)
        if abs(mm) >= TOLD_SHIFT_MM
    ]
    return f"{lower} shows the body {' and '.join(told)} of where {upper} shows it"


def _summed(station: Placed, box: Box) -> Floats:
    """Return the sum of the station's magnitudes in a box of the lattice."""
    at = part_of(station, box)
    first, *others = (interpolate(array, at) for array in magnitudes(station))
    return sum(others, first)
