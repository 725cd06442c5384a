"""Stations to one volume: a common lattice, equal brightness, blended overlaps (Dixon paper, 'Methods')."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from myoscope import Finding, Grid, Severity, Station
from myoscope_dixon_mri.lattice import Floats, Placed, common_grid, interpolate, parallel, place
from myoscope_dixon_mri.seams import Seam, magnitudes, matching_gains, seam, seam_findings
from myoscope_dixon_mri.stations import StationImages
from myoscope_dixon_mri.structures import PDFF

#: Weight at a station's very end: there any other station is believed instead.
FAINT = 1e-6
#: Brightness that differs by more than this share between stations is told.
NOTABLE_GAIN = 0.05


@dataclass(frozen=True, slots=True)
class Fused:
    """One volume of all stations.

    Attributes:
        channels: Contrast -> float32 array of shape `grid.shape`; 0 where no station measured.
        grid: Where the voxels lie.
        stations: What it was fused from, from the head down.
        findings: Gaps, shifts, and brightness that was matched.
        measured: False where no station measured, in a gap or beside a smaller field of view; shape `grid.shape`.
    """

    channels: Mapping[str, Floats]
    grid: Grid
    stations: tuple[Station, ...]
    findings: tuple[Finding, ...]
    measured: NDArray[np.bool_]


def fuse(stations: Sequence[StationImages], *, match: bool = True, blend: Literal["ramp", "mean"] = "ramp") -> Fused:
    """Return every contrast of all stations on one lattice; a station alone is returned as it is.

    The lattice has the finest spacing in the slice and the median distance of slices of all stations, holds them all,
    and runs to the patient's left, back and head. Interpolation is trilinear. A shift between stations is told, not
    corrected.

    Args:
        stations: From the head down, all with the same contrasts.
        match: Whether each station is multiplied by one factor, the same for all its contrasts but a map of the fat
            fraction, that makes neighbors equally bright and keeps the mean of all.
        blend: How overlaps are joined: with weights that fall to 0 towards each station's end, or by the paper's plain
            average.

    Raises:
        GeometryError: Stations that are not parallel, or too far apart to be of one body.
    """
    named = tuple(Station(s.name, _extent_mm(s.grid), s.source) for s in stations)
    if len(stations) == 1:
        only = stations[0]
        return Fused(only.channels, only.grid, named, (), np.ones(only.grid.shape, dtype=bool))
    upright = parallel(stations)
    grid = common_grid([s.grid for s in upright])
    placed = [place(s, grid) for s in upright]
    seams = [seam(upper, lower, grid) for upper, lower in pairwise(placed)]
    gains = _gains(placed, seams) if match else (1.0,) * len(placed)
    weights = [np.ones(len(p.at[0]), dtype=np.float32) for p in placed] if blend == "mean" else _ramps(placed)
    total = np.zeros(grid.shape, dtype=np.float32)
    for station, weight in zip(placed, weights, strict=True):
        total[station.box] += weight[:, None, None]
    scaled = [weight * np.float32(gain) for weight, gain in zip(weights, gains, strict=True)]
    channels = {
        name: _blended(name, placed, weights if name == PDFF else scaled, total) for name in stations[0].channels
    }
    findings = (*seam_findings(seams), *_matched(placed, gains))
    return Fused(channels, grid, named, findings, total > 0)


def _extent_mm(grid: Grid) -> tuple[float, float]:
    """Return the lowest and highest edge of the voxels along the patient's axis."""
    center = grid.position(tuple((n - 1) / 2 for n in grid.size))[2]
    half = float(np.abs(grid.matrix[2] * np.array(grid.spacing_mm) * np.array(grid.size)).sum()) / 2
    return center - half, center + half


def _gains(placed: Sequence[Placed], seams: Sequence[Seam]) -> tuple[float, ...]:
    """Return the factors that match the stations and keep the mean over their volumes."""
    signals = [sum(float(a.sum(dtype=np.float64)) for a in magnitudes(p)) for p in placed]
    volumes = [p.images.grid.voxel_volume_ml for p in placed]
    return matching_gains([s.ratio for s in seams], [s * v for s, v in zip(signals, volumes, strict=True)])


def _ramps(placed: Sequence[Placed]) -> list[Floats]:
    """Return the weight of each slice of each station: it falls linearly over its overlaps, to 0 at its last slice."""
    ramps = []
    for n, station in enumerate(placed):
        low, high = station.ends_mm
        heights = low + station.at[0] * station.images.grid.spacing_mm[2]
        weight = np.ones(len(heights))
        if n > 0 and (start := placed[n - 1].ends_mm[0]) < high:
            weight = np.minimum(weight, (high - heights) / (high - start))
        if n + 1 < len(placed) and (stop := placed[n + 1].ends_mm[1]) > low:
            weight = np.minimum(weight, (heights - low) / (stop - low))
        ramps.append(np.clip(weight, FAINT, 1.0).astype(np.float32))
    return ramps


def _blended(name: str, placed: Sequence[Placed], factors: Sequence[Floats], total: Floats) -> Floats:
    """Return the weighted mean of one contrast over the stations; 0 where none measured."""
    result = np.zeros(total.shape, dtype=np.float32)
    for station, factor in zip(placed, factors, strict=True):
        result[station.box] += interpolate(station.images.channels[name], station.at) * factor[:, None, None]
    return np.divide(result, total, out=result, where=total > 0)


def _matched(placed: Sequence[Placed], gains: Sequence[float]) -> tuple[Finding, ...]:
    if max(gains) / min(gains) - 1 <= NOTABLE_GAIN:
        return ()
    factors = ", ".join(f"{station.images.name} by {gain:.2f}" for station, gain in zip(placed, gains, strict=True))
    return (
        Finding(
            code="stations_matched",
            severity=Severity.INFO,
            message=f"Stations differed in brightness and were multiplied to match: {factors}.",
            action="Nothing; all contrasts of a station were multiplied alike, so fat fractions are unchanged.",
        ),
    )
