"""The table positions of a scan that show hip and thigh, each with all its contrasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope import Finding, GeometryError, Grid, Severity, UnreadableError
from myoscope.io import MRImage
from myoscope_dixon_mri.acquisitions import ORDER, Acquisition, check_one_frame, check_one_visit, latest_whole
from myoscope_dixon_mri.naming import name_contrasts, spoken
from myoscope_dixon_mri.places import group_by_place, same_view
from myoscope_dixon_mri.reach import shows_thigh

#: From this share of pixels with the highest value that can be stored on, signal was cut off.
SATURATED_SHARE = 1e-3


@dataclass(frozen=True, slots=True)
class StationImages:
    """One table position, every contrast on one grid.

    Attributes:
        name: For people, such as `station 3`, counted from the head.
        channels: Contrast -> float32 array of shape `grid.shape`, in the order of `structures.CONTRASTS`.
        grid: Where the voxels lie.
        source: Series that it was read from, for people; never parsed.
        time: When it was scanned, HHMMSS.ffffff; empty when the headers do not say.
    """

    name: str
    channels: Mapping[str, NDArray[np.float32]]
    grid: Grid
    source: str
    time: str


@dataclass(frozen=True, slots=True)
class Found:
    """The table positions to fuse.

    Attributes:
        stations: From the head down, all with the same contrasts.
        findings: What choosing them had to do or noticed.
    """

    stations: tuple[StationImages, ...]
    findings: tuple[Finding, ...]


def find_stations(images: Sequence[MRImage], source: str) -> Found:
    """Return the table positions that show hip and thigh, each with the contrasts that all of them have.

    Positions are known by where they lie in the body, not by their names. Of one that was scanned again the latest
    whole acquisition is taken.

    Args:
        images: Of one person, any contrasts and positions.
        source: What they were read from, for messages.

    Raises:
        SeriesError: Several visits, two images of one contrast of which nothing says which is later, or two parts of
            the body side by side.
        GeometryError: Contrasts of one position on different grids, or positions in different views.
        UnreadableError: Contrasts that cannot be told apart, or none that all positions have.
    """
    naming = name_contrasts(group_by_place(images))
    if not naming.places:
        raise UnreadableError(f"{source} holds no magnitude image.", "Give water, fat, in- or opposed-phase images.")
    check_one_visit([named.image for place in naming.places for named in place], source)
    counted = [latest_whole(place, f"station {n}") for n, place in enumerate(naming.places, 1)]
    _check_views([acquisition for acquisition, _ in counted])
    frames = check_one_frame([acquisition for acquisition, _ in counted], source)
    repeated = [finding for _, findings in counted for finding in findings]
    taken, left_out = _in_reach([acquisition for acquisition, _ in counted])
    contrasts, missing = _common_contrasts(taken, source)
    noticed = (*naming.findings, *frames, *repeated, *left_out, *missing)
    noticed = (*noticed, *_geometry_differs(taken), *_saturated(taken, contrasts))
    return Found(tuple(_station(acquisition, contrasts) for acquisition in taken), noticed)


def _check_views(taken: Sequence[Acquisition]) -> None:
    for other in taken[1:]:
        if not same_view(other.grid, taken[0].grid):
            pair = [f"{a.name} ({spoken(a.images[0].image)})" for a in (taken[0], other)]
            raise GeometryError(
                f"{pair[0]} and {pair[1]} are different views, such as axial and coronal, expected parallel slices.",
                "Give the series of one scan; a single one can be chosen with --series.",
            )


def _in_reach(taken: Sequence[Acquisition]) -> tuple[tuple[Acquisition, ...], tuple[Finding, ...]]:
    """Return the positions that can show hip or thigh, and a finding about the others."""
    near = shows_thigh([a.grid for a in taken], [a.brightest for a in taken])
    kept = tuple(a for a, shown in zip(taken, near, strict=True) if shown)
    if len(kept) == len(taken):
        return kept, ()
    names = ", ".join(a.name for a, shown in zip(taken, near, strict=True) if not shown)
    return kept, (
        Finding(
            code="stations_left_out",
            severity=Severity.INFO,
            message=f"Of {len(taken)} stations, counted from the head, those above the pelvis were left out: {names}.",
            action="Nothing.",
        ),
    )


def _common_contrasts(taken: Sequence[Acquisition], source: str) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Return the contrasts that every position has, and a finding about those that only some have."""
    had = [{named.contrast for named in a.images} for a in taken]
    some: set[str] = set().union(*had)
    common = some.intersection(*had)
    lost = _ordered(some - common)
    gaps = [(a.name, [c for c in lost if c not in names]) for a, names in zip(taken, had, strict=True)]
    listed = "; ".join(f"{name} has no {', '.join(absent)}" for name, absent in gaps if absent)
    if not common:
        raise UnreadableError(f"{source} has no contrast that all stations have: {listed}.", "Give the missing series.")
    if not lost:
        return _ordered(common), ()
    return _ordered(common), (
        Finding(
            code="contrast_missing",
            severity=Severity.WARNING,
            message=f"Contrasts that not every station has were left out of the whole scan: {listed}.",
            action="Give the missing series; without water and fat there is no fat fraction.",
        ),
    )


def _geometry_differs(taken: Sequence[Acquisition]) -> tuple[Finding, ...]:
    described = [_described(a.grid) for a in taken]
    usual = Counter(described).most_common(1)[0][0]
    others = [f"{a.name}: {text}" for a, text in zip(taken, described, strict=True) if text != usual]
    if not others:
        return ()
    return (
        Finding(
            code="station_geometry_differs",
            severity=Severity.INFO,
            message=f"Stations differ in pixels, slices or field of view and were resampled ({'; '.join(others)}; "
            f"the others: {usual}).",
            action="Nothing, unless a narrower field of view cuts the body.",
        ),
    )


def _saturated(taken: Sequence[Acquisition], contrasts: Sequence[str]) -> tuple[Finding, ...]:
    shares = [(a.name, named.contrast, named.image.facts.saturated_share) for a in taken for named in a.images]
    over = [f"{c} of {name} ({s:.1%})" for name, c, s in shares if c in contrasts and s >= SATURATED_SHARE]
    if not over:
        return ()
    return (
        Finding(
            code="saturated",
            severity=Severity.WARNING,
            message=f"Pixels hold the highest value that can be stored, so signal was cut off: {', '.join(over)}.",
            action="Do not trust intensities and fat fractions where the image is brightest.",
        ),
    )


def _station(taken: Acquisition, contrasts: Sequence[str]) -> StationImages:
    images = {named.contrast: named.image for named in taken.images if named.contrast in contrasts}
    return StationImages(
        taken.name,
        {contrast: image.array for contrast, image in images.items()},
        taken.grid,
        ", ".join(spoken(image) for image in images.values()),
        max(image.facts.series_time for image in images.values()),
    )


def _ordered(contrasts: set[str]) -> tuple[str, ...]:
    return tuple(sorted(contrasts, key=ORDER.index))


def _described(grid: Grid) -> str:
    """Return a grid's pixel size, slice distance and field of view, for people."""
    (x, y, z), (width, height, _) = grid.spacing_mm, grid.size
    return f"{x:.3g} x {y:.3g} mm pixels, {z:.3g} mm slices, {x * width:.0f} x {y * height:.0f} mm field"
