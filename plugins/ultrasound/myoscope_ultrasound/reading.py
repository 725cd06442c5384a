"""What one muscle gives in one frame, whether a picture or part of a video."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope import LengthUnit, View
from myoscope.qc.coverage import NOT_FOUND, cut_reason
from myoscope_ultrasound.aponeuroses import DEEP, MUSCLE, SUPERFICIAL, bridged, find_aponeuroses, muscle_between
from myoscope_ultrasound.aponeuroses import Line as Aponeurosis
from myoscope_ultrasound.geometry import Profile, extent, perimeter, smooth_ring, sub_pixel, thickness_profile
from myoscope_ultrasound.patches import Patch, column_borders, eroded, outline, patch_of, pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Line = tuple[tuple[float, float], tuple[float, float]]

#: A region touches an edge of the view when this many pixels or fewer lie between them.
EDGE_PIXELS = 1
#: Echo intensity leaves out the fascia: this much inside the border, where there is a scale and where there is none.
MARGIN_MM, MARGIN_PX = 0.5, 3
#: Where calipers are drawn along a longitudinal muscle, in shares of its normals.
CALIPER_PLACES = (0.25, 0.5, 0.75)
#: A cross-section that the view cuts at the left or right may be thicker beyond when it is as thick at the cut as this
#: share of its greatest; one that it cuts at the top or bottom always may. Along a muscle the frame cuts by nature.
STILL_THICK = 0.99
#: Subcutaneous tissue is measured above this share of the muscle's width, around the middle.
ABOVE_SHARE = 0.1
MM2_PER_CM2 = 100.0

NO_NORMAL = "no normal of the mid-line meets both borders"
TOO_THIN = "nothing lies that far inside the border"
NO_SKIN = "the picture does not say where the skin is"


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame and its labels.

    Attributes:
        image: Gray, (y, x).
        labels: Label values, (y, x).
        values: Structure -> label value, of all that was looked for.
        spacing: Of the columns and of the rows, in `unit`.
        unit: mm, or px without a scale.
        view: The part that shows tissue; None when nobody said.
    """

    image: NDArray[Any]
    labels: NDArray[np.uint8]
    values: Mapping[str, int]
    spacing: tuple[float, float]
    unit: LengthUnit
    view: View | None

    @property
    def frame(self) -> View:
        """The view, or the whole picture."""
        return self.view or View(0, 0, self.labels.shape[1], self.labels.shape[0])


@dataclass(frozen=True, slots=True)
class Reading:
    """Quantities of one muscle in one frame.

    Attributes:
        values: Quantity -> number; absent or NaN where it cannot be given.
        problems: Quantity -> why its number is partial or absent.
        missing: Why there is no number at all; empty when there is a region.
        notes: Quantity -> how it was taken in this very frame, where that differs between frames.
        lines: Where the thickness was measured, superficial and deep end as (x, y) in pixels.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A muscle cut out of a picture.

    Attributes:
        whole: All its pixels.
        piece: The largest connected piece, which lengths are taken of.
        count: Number of pieces.
        cut: Edges of the view that it touches.
    """

    whole: Patch
    piece: Patch
    count: int
    cut: tuple[str, ...]


def region_of(picture: Picture, name: str) -> Region | str:
    """Return a muscle's region, or why there is none.

    Where the muscle between two aponeuroses is not labelled and both of them are, it is what lies between them.
    """
    labels = picture.labels
    whole = patch_of(labels == picture.values[name])
    if whole is None and name == MUSCLE and {SUPERFICIAL, DEEP} <= picture.values.keys():
        superficial, deep = _lines(picture)
        if superficial is None or deep is None:
            found = ((SUPERFICIAL, superficial), (DEEP, deep))
            return f"{NOT_FOUND}: no {' and no '.join(line.replace('_', ' ') for line, it in found if it is None)}"
        whole = muscle_between(superficial, deep, (labels.shape[0], labels.shape[1]))
    if whole is None:
        return NOT_FOUND
    parts = pieces(whole)
    return Region(whole, parts[0], len(parts), _edges(whole, picture.frame))


def read(picture: Picture, name: str) -> Reading:
    """Return what is measured in every frame: thickness, area and echo intensity."""
    region = region_of(picture, name)
    if isinstance(region, str):
        return Reading(missing=region)
    thickness = _thickness(picture, region, along=name == MUSCLE)
    echo = _echo_intensity(picture, region)
    across, down = picture.spacing
    values = {**thickness.values, **echo.values}
    problems = {**thickness.problems, **echo.problems}
    if name != MUSCLE:
        per_unit = MM2_PER_CM2 if picture.unit is LengthUnit.MM else 1.0
        values["csa"] = float(np.count_nonzero(region.whole.mask)) * across * down / per_unit
        problems["csa"] = cut_reason(region.cut)
    return Reading(values, problems, "", {**thickness.notes, **echo.notes}, thickness.lines)


def read_around(picture: Picture, name: str) -> Reading:
    """Return what one frame of a video is enough for: width, perimeter, and the tissue above."""
    region = region_of(picture, name)
    if isinstance(region, str):
        return Reading(missing=region)
    values, problems = {}, {}
    values["subcutaneous_thickness"], problems["subcutaneous_thickness"] = _above(picture, region, name)
    if name != MUSCLE:
        profile = _profile(picture, region)
        ring = smooth_ring(outline(region.piece) * picture.spacing)
        values["width"] = math.nan if profile is None else extent(ring, profile.direction)
        values["perimeter"] = perimeter(ring)
        problems["perimeter"] = cut_reason(region.cut)
        problems["width"] = problems["perimeter"] or (NO_NORMAL if profile is None else "")
    return Reading(values, problems)


def _lines(picture: Picture) -> tuple[Aponeurosis | None, Aponeurosis | None]:
    superficial, deep = (picture.labels == picture.values[name] for name in (SUPERFICIAL, DEEP))
    return find_aponeuroses(superficial, deep)


def _edges(patch: Patch, frame: View) -> tuple[str, ...]:
    """Return the edges of the view that a patch touches."""
    rows, columns = patch.slices
    gaps = {
        "left": columns.start - frame.left,
        "right": frame.left + frame.width - columns.stop,
        "top": rows.start - frame.top,
        "bottom": frame.top + frame.height - rows.stop,
    }
    return tuple(edge for edge, gap in gaps.items() if gap <= EDGE_PIXELS)


def _profile(picture: Picture, region: Region) -> Profile | None:
    """Return the thickness along the largest piece; where it touches the top or bottom of the view is no border."""
    frame, piece = picture.frame, region.piece
    rows = [border + piece.top for border in column_borders(piece.mask)]
    at_edge = rows[0] < frame.top + EDGE_PIXELS, rows[1] > frame.top + frame.height - 1 - EDGE_PIXELS
    upper, lower = (np.where(cut, math.nan, sub_pixel(row)) for cut, row in zip(at_edge, rows, strict=True))
    across, down = picture.spacing
    columns = piece.left + np.arange(piece.mask.shape[1], dtype=np.float64)
    return thickness_profile(columns * across, upper * down, lower * down)


def _thickness(picture: Picture, region: Region, *, along: bool) -> Reading:
    """Return thickness and its spread: the mean `along` aponeuroses, the greatest of a cross-section."""
    names = ("thickness", "thickness_sd", "thickness_min", "thickness_max" if along else "thickness_mean")
    profile = _profile(picture, region)
    if profile is None:
        edges = [edge for edge in region.cut if edge in {"top", "bottom"}]
        return Reading(problems=dict.fromkeys(names, cut_reason(edges) or NO_NORMAL))
    lengths = profile.lengths
    mean, greatest = float(lengths.mean()), float(lengths.max())
    numbers = (mean if along else greatest, float(lengths.std()), float(lengths.min()), greatest if along else mean)
    thick_at = {"left": lengths[0], "right": lengths[-1]}
    problem = "" if along else cut_reason([
        edge for edge in region.cut if thick_at.get(edge, greatest) >= STILL_THICK * greatest
    ])  # fmt: skip
    places = [round(share * (lengths.size - 1)) for share in CALIPER_PLACES] if along else [int(lengths.argmax())]
    of_pieces = f", largest of {region.count} pieces" if region.count > 1 else ""
    note = f"{lengths.size} normals over {profile.share:.0%} of the width seen{of_pieces}"
    return Reading(
        values=dict(zip(names, numbers, strict=True)),
        problems=dict.fromkeys(names, problem),
        notes=dict.fromkeys(names, note),
        lines=tuple(_line(profile, place, picture.spacing) for place in places),
    )


def _line(profile: Profile, place: int, spacing: tuple[float, float]) -> Line:
    (x, y), (u, v) = profile.superficial[place] / spacing, profile.deep[place] / spacing
    return (float(x), float(y)), (float(u), float(v))


def _echo_intensity(picture: Picture, region: Region) -> Reading:
    """Return mean and SD of the gray inside a muscle, away from its border."""
    import cv2

    if picture.unit is LengthUnit.MM:
        margin = (math.ceil(MARGIN_MM / picture.spacing[0]), math.ceil(MARGIN_MM / picture.spacing[1]))
    else:
        margin = (MARGIN_PX, MARGIN_PX)
    names = ("echo_intensity", "echo_intensity_sd")
    inner = eroded(region.whole, (picture.labels.shape[0], picture.labels.shape[1]), margin)
    if not inner.any():
        return Reading(problems=dict.fromkeys(names, TOO_THIN))
    mean, deviation = cv2.meanStdDev(np.ascontiguousarray(picture.image[region.whole.slices]), mask=inner)
    return Reading(values=dict(zip(names, (float(mean[0, 0]), float(deviation[0, 0])), strict=True)))


def _above(picture: Picture, region: Region, name: str) -> tuple[float, str]:
    """Return the thickness of the tissue between the skin and a muscle, and why it cannot be given."""
    if picture.view is None:
        return math.nan, NO_SKIN
    piece = region.piece
    width = piece.mask.shape[1]
    margin = min(round((1 - ABOVE_SHARE) * width / 2), (width - 1) // 2)
    columns = np.arange(margin, width - margin)
    border = (column_borders(piece.mask)[0] + piece.top)[columns]
    columns += piece.left
    rows = np.arange(picture.labels.shape[0])[:, None]
    above = np.where(rows < border, picture.labels[:, columns], 0)
    for other, value in picture.values.items():
        if other not in {name, SUPERFICIAL} and (above == value).any():
            return math.nan, f"{other} lies above it"
    if name == MUSCLE:
        aponeurosis = _lines(picture)[0] if {SUPERFICIAL, DEEP} <= picture.values.keys() else None
        border = np.full(columns.shape, math.nan) if aponeurosis is None else bridged(aponeurosis.upper)[columns]
        if not np.isfinite(border).all():
            return math.nan, f"no superficial aponeurosis is above the middle, {NOT_FOUND}"
    if border.min() < picture.view.top + EDGE_PIXELS:
        return math.nan, cut_reason(["top"])
    return float(border.mean() - (picture.view.top - 0.5)) * picture.spacing[1], ""
