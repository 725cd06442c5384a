"""Pictures of the fat fraction: water, fat and fraction side by side, and the fraction within the muscles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.report import marks
from myoscope.report.fat_planes import COLORS, MUSCLE_RANGE, WHOLE_RANGE, FatPlanes, StationMark, View
from myoscope.report.planes_figure import CONVENTION, draw_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from myoscope.report.planes import Plane

#: The panels of a picture fill this box, in pixels; they share one scale.
BOX_WIDTH, BOX_HEIGHT = 1500, 1050
#: Room for a color bar with its numbers and title, and the bar itself, in pixels.
BAR_ROOM, BAR_HEIGHT = 74, 14
#: A color bar is this wide where its panel is not narrower.
BAR_WIDTH = 320.0
BAR_TICKS = 6
#: Lines at the edges of stations alternate between two colors, because stations overlap.
STATION_COLORS = ("#7fe7ff", "#ffc46b")
#: Where the name of a station begins, as a share of the panel's width: beside the letter at the edge.
STATION_NAME_X = 0.09
#: So far below a station's upper edge its name is written, in pixels.
STATION_NAME_GAP = 4
#: Of the borders of muscles under their fraction.
OUTLINE_COLOR, OUTLINE_WIDTH = (1.0, 1.0, 1.0), 0.5
AXIAL, CORONAL = 0, 1


@dataclass(frozen=True, slots=True)
class _Panel:
    """One plane of a view, and where it stands: left, top, width and height in pixels."""

    view: View
    which: int
    box: tuple[float, float, float, float]

    @property
    def plane(self) -> Plane:
        return self.view.planes[self.which]


def fat_figure(shown: FatPlanes) -> Figure:
    """Return water, fat, fraction and fraction of the muscles: axial planes above, coronal planes below."""
    views = [*shown.signals, shown.fraction, *([shown.muscles] if shown.muscles else [])]
    return _figure(shown, [[(view, AXIAL) for view in views], [(view, CORONAL) for view in views]])


def fraction_row(shown: FatPlanes) -> Figure:
    """Return one row: fraction, then fraction of the muscles, each as an axial and a coronal plane."""
    views = [shown.fraction, *([shown.muscles] if shown.muscles else [])]
    return _figure(shown, [[(view, which) for view in views for which in (AXIAL, CORONAL)]])


def _figure(shown: FatPlanes, rows: Sequence[Sequence[tuple[View, int]]]) -> Figure:
    panels, width, height = _arranged(rows)
    figure = marks.white_figure(width, height, [panel.box for panel in panels])
    for axes, panel in zip(figure.axes, panels, strict=True):
        _draw(axes, panel)
        if panel.which == CORONAL:
            _mark_stations(axes, panel.plane, shown.stations)
    _bars(figure, panels)
    left, bottom = marks.MARGIN / width, 16 / height
    foot = f"Fat fraction: {shown.method}; black where it is not known. {CONVENTION}"
    figure.text(left, bottom, foot, fontsize=9, color="#4a5a66", parse_math=False)
    return figure


def _arranged(rows: Sequence[Sequence[tuple[View, int]]]) -> tuple[list[_Panel], float, float]:
    """Return the panels in their places, and width and height of the figure."""
    sizes = [[view.planes[which].size_mm for view, which in row] for row in rows]
    scale = min(
        BOX_WIDTH / max(sum(w for _, w in row) for row in sizes),
        BOX_HEIGHT / sum(max(h for h, _ in row) for row in sizes),
    )
    panels, width, top = [], float(marks.MIN_WIDTH), float(marks.CAPTION_HEIGHT)
    for row, row_sizes in zip(rows, sizes, strict=True):
        left = float(marks.MARGIN)
        for (view, which), (h, w) in zip(row, row_sizes, strict=True):
            panels.append(_Panel(view, which, (left, top, w * scale, h * scale)))
            left += w * scale + marks.MARGIN
        width = max(width, left)
        top += max(h for h, _ in row_sizes) * scale + marks.CAPTION_HEIGHT + marks.MARGIN / 2
    return panels, width, top - marks.CAPTION_HEIGHT + BAR_ROOM + marks.MARGIN


def _draw(axes: Axes, panel: _Panel) -> None:
    view, plane = panel.view, panel.plane
    draw_plane(axes, plane, view.window, title=view.title, colors=view.colors)
    if not view.percents:
        return
    (height, width), (low, high) = plane.size_mm, MUSCLE_RANGE
    percent, extent = view.percents[panel.which], (0, width, height, 0)
    axes.imshow(percent, cmap=COLORS, vmin=low, vmax=high, extent=extent, interpolation="nearest")
    for value in np.unique(plane.labels[np.isfinite(percent)]):
        marks.outline(axes, plane.labels == value, plane.spacing_mm, OUTLINE_COLOR, width=OUTLINE_WIDTH)
    marks.keep_limits(axes, plane.size_mm)


def _mark_stations(axes: Axes, plane: Plane, stations: Sequence[StationMark]) -> None:
    height, width = plane.size_mm
    gap = STATION_NAME_GAP / axes.get_window_extent().height
    for number, station in enumerate(stations):
        color = STATION_COLORS[number % len(STATION_COLORS)]
        for edge in (station.top_mm, station.bottom_mm):
            axes.plot((0, width), (edge, edge), color=color, linewidth=0.9, linestyle=(0, (5, 4)))
        place = (STATION_NAME_X, 1 - station.top_mm / height - gap)
        marks.outlined_text(axes, station.name, place, ha="left", va="top", fontsize=8)
    marks.keep_limits(axes, plane.size_mm)


def _bars(figure: Figure, panels: Sequence[_Panel]) -> None:
    """Draw the bar of each range of percents below the last row, under the first panel that has it."""
    top = max(panel.box[1] + panel.box[3] for panel in panels) + marks.MARGIN / 2
    firsts = {panel.view.percent_range: panel for panel in reversed(panels)}
    for limits, panel in firsts.items():
        if limits is not None:
            left, _, width, _ = panel.box
            _bar(figure, panel.view.title, limits, (left, top, min(width, BAR_WIDTH), BAR_HEIGHT))


def _bar(figure: Figure, title: str, limits: tuple[float, float], box: tuple[float, float, float, float]) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    left, top, width, height = box
    total_width, total_height = figure.get_figwidth() * marks.DPI, figure.get_figheight() * marks.DPI
    place = (left / total_width, 1 - (top + height) / total_height, width / total_width, height / total_height)
    bar = figure.colorbar(
        ScalarMappable(Normalize(*limits), COLORS),
        cax=figure.add_axes(place),
        orientation="horizontal",
        extend="neither" if limits == WHOLE_RANGE else "max",
        ticks=np.linspace(*limits, BAR_TICKS),
    )
    bar.ax.tick_params(labelsize=8.5, colors=marks.INK)
    bar.set_label(f"{title}, %", fontsize=9, color=marks.INK)
