"""Water, fat and fat fraction of a case in an axial and a coronal plane, as values ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.ops.fat import fat_fraction_of
from myoscope.ops.orient import lps_grid
from myoscope.report.planes import Plane, cut_planes, pick_place
from myoscope.report.planes_figure import gray_window
from myoscope.report.wording import channel_title

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope.data.result import CaseResult
    from myoscope.data.scan import Scan

#: The fraction is shown in these colors, from the first to the last of these percents.
COLORS, GRAY = "viridis", "gray"
WHOLE_RANGE = (0.0, 100.0)
#: Within muscles, which rarely hold more fat, differences of a few percent must be seen.
MUSCLE_RANGE = (0.0, 50.0)
#: Channels that a fraction is made of.
PARTS = ("water", "fat")
#: Muscles are dark and fat is bright in it, so that the colors of muscles stand out; without it the first channel.
BACKGROUND = "in_phase"
#: A scan of this many stations was fused, so that people want to see where.
FUSED = 2


@dataclass(frozen=True, slots=True)
class StationMark:
    """Where a station lies on a coronal plane: its upper and lower edge in mm below the plane's upper edge."""

    name: str
    top_mm: float
    bottom_mm: float


@dataclass(frozen=True, slots=True)
class View:
    """One quantity in an axial and a coronal plane.

    Attributes:
        title: What it is.
        planes: Axial and coronal.
        window: Values of the first and the last color.
        colors: Name of a color map.
        percents: Fraction to draw over each plane, NaN where the plane shows; empty when the plane is all.
    """

    title: str
    planes: tuple[Plane, Plane]
    window: tuple[float, float]
    colors: str = GRAY
    percents: tuple[NDArray[np.float32], ...] = ()

    @property
    def percent_range(self) -> tuple[float, float] | None:
        """Percents of the first and the last color; None for a gray image without a fraction."""
        if self.percents:
            return MUSCLE_RANGE
        return None if self.colors == GRAY else self.window


@dataclass(frozen=True, slots=True)
class FatPlanes:
    """What the pictures of a fraction show.

    Attributes:
        signals: Water and fat, as far as the scan has them.
        fraction: The fraction wherever there is signal.
        muscles: The fraction within the muscles, over a gray image; None when no muscle is labeled.
        stations: Of a fused scan, where they lie on the coronal planes; empty otherwise.
        method: What kind of fraction it is.
    """

    signals: tuple[View, ...]
    fraction: View
    muscles: View | None
    stations: tuple[StationMark, ...]
    method: str


def fat_planes(result: CaseResult) -> FatPlanes | None:
    """Return water, fat and fraction in the planes of `pick_place`; None for a scan that has no fraction."""
    found = fat_fraction_of(result.scan.channels)
    if found is None:
        return None
    place = pick_place(result.segmentation)

    def cut(array: NDArray[np.float32]) -> tuple[Plane, Plane]:
        return cut_planes(array, result.segmentation, place)[:2]

    grays = {name: cut(array) for name, array in result.scan.channels.items()}
    signals = tuple(
        View(channel_title(name), grays[name], gray_window(name, grays[name])) for name in PARTS if name in grays
    )
    fraction = View("Fat fraction", cut(found.percent), WHOLE_RANGE, COLORS)
    marks = _station_marks(result.scan, place[1])
    return FatPlanes(signals, fraction, _muscles(result, grays, fraction), marks, found.method)


def _muscles(result: CaseResult, grays: dict[str, tuple[Plane, Plane]], fraction: View) -> View | None:
    channel = BACKGROUND if BACKGROUND in grays else next(iter(grays))
    planes = grays[channel]
    inside = np.zeros(256, dtype=bool)
    for structure in result.segmentation.structures:
        inside[[structure.id, structure.id + LEFT_OFFSET]] = structure.kind == "muscle"
    if not any(inside[plane.labels].any() for plane in planes):
        return None
    percents = tuple(np.where(inside[plane.labels], plane.image, np.float32(np.nan)) for plane in fraction.planes)
    return View("Fat fraction of muscles", planes, gray_window(channel, planes), percents=percents)


def _station_marks(scan: Scan, j: int) -> tuple[StationMark, ...]:
    """Return where stations lie on the coronal plane through slice `j`, in the middle between right and left."""
    if len(scan.stations) < FUSED:
        return ()
    grid = lps_grid(scan.grid)
    middle, (count, spacing) = (grid.size[0] - 1) / 2, (grid.size[2], grid.spacing_mm[2])
    lowest, next_one = (grid.position((middle, j, k))[2] for k in (0, 1))

    def below_top(z_mm: float) -> float:
        return (count - 0.5 - (z_mm - lowest) / (next_one - lowest)) * spacing

    return tuple(StationMark(s.name, below_top(s.z_mm[1]), below_top(s.z_mm[0])) for s in scan.stations)
