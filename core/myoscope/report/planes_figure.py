"""The picture of a volume: three planes with outlined structures, to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET, Structure
from myoscope.report import marks
from myoscope.report.planes import Plane, pick_planes
from myoscope.report.wording import channel_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from myoscope.data.result import CaseResult

#: Soft-tissue window of CT, HU.
CT_WINDOW = (-160.0, 240.0)
#: Other images are shown between these percentiles.
PERCENTILES = (1.0, 99.0)
#: The three planes fill this box, in pixels; they share one scale.
BOX_WIDTH, BOX_HEIGHT = 1500, 1050
#: A lower plane has small letters and no bar of its own: all planes share one scale.
ROOMY_HEIGHT = 90
OVERLAY_OPACITY = 0.35
LETTER_PLACES = (
    (0.02, 0.5, "left", "center"),
    (0.98, 0.5, "right", "center"),
    (0.5, 0.985, "center", "top"),
    (0.5, 0.015, "center", "bottom"),
)
CONVENTION = "Radiological convention: the patient's right is on the picture's left. All planes share one scale."


def planes_figure(result: CaseResult) -> Figure:
    """Return an axial, a coronal and a sagittal plane with outlined structures, legend and scale bars.

    Without any labeled voxel the planes are shown plain, with a sentence.
    """
    planes = pick_planes(result.scan, result.segmentation)
    channel = next(iter(result.scan.channels))
    window, name = gray_window(channel, planes), channel_title(channel) if len(result.scan.channels) > 1 else ""
    shown = structures_in_planes(result, planes)
    layout = _Layout(planes, entries=len(shown))
    figure = layout.figure()
    for axes, plane in zip(figure.axes, planes, strict=True):
        draw_plane(axes, plane, window, title=name)
        _overlay(axes, plane, result)
    axial = figure.axes[0].get_position()
    top = axial.y0 - marks.MARGIN / marks.DPI / figure.get_figheight() * 0.6
    marks.legend(figure, shown, top, column=layout.column)
    marks.title(figure, result, CONVENTION)
    return figure


def structures_in_planes(result: CaseResult, planes: tuple[Plane, ...]) -> tuple[Structure, ...]:
    """Return the structures that at least one plane shows, in the order of their ids."""
    values = set(np.unique(np.concatenate([plane.labels.ravel() for plane in planes])).tolist())
    return tuple(s for s in result.segmentation.structures if values & {s.id, s.id + LEFT_OFFSET})


class _Layout:
    """Pixel positions: axial plane and legend on the left, then coronal and sagittal plane."""

    def __init__(self, planes: tuple[Plane, Plane, Plane], *, entries: int) -> None:
        sizes = [plane.size_mm for plane in planes]
        scale = min(BOX_WIDTH / sum(w for _, w in sizes), BOX_HEIGHT / max(h for h, _ in sizes))
        self.boxes = [(h * scale, w * scale) for h, w in sizes]
        self.column = max(self.boxes[0][1], marks.MIN_COLUMN)
        widths = [self.column, *(max(w, marks.CAPTION_HEIGHT) for _, w in self.boxes[1:])]
        self.width = max(sum(widths) + marks.MARGIN * 4, marks.MIN_WIDTH)
        margin = marks.MARGIN
        self.lefts = [margin, margin * 2 + widths[0], margin * 3 + widths[0] + widths[1]]
        self.top = marks.TITLE_HEIGHT + marks.CAPTION_HEIGHT
        legend_bottom = self.top + self.boxes[0][0] + margin + marks.legend_height(entries, self.column)
        planes_bottom = self.top + max(h for h, _ in self.boxes)
        self.height = max(legend_bottom, planes_bottom) + margin * 2.2

    def figure(self) -> Figure:
        """Return a white figure with one empty axes a plane."""
        boxes = [(left, self.top, w, h) for left, (h, w) in zip(self.lefts, self.boxes, strict=True)]
        return marks.white_figure(self.width, self.height, boxes)


def gray_window(channel: str, planes: tuple[Plane, ...]) -> tuple[float, float]:
    """Return the values of a channel that are shown black and white."""
    if channel == "ct":
        return CT_WINDOW
    low, high = np.percentile(np.concatenate([plane.image.ravel() for plane in planes]), PERCENTILES)
    return float(low), float(high) if high > low else float(low) + 1.0


def draw_plane(axes: Axes, plane: Plane, window: tuple[float, float], *, title: str = "", colors: str = "gray") -> None:
    """Draw a plane with its letters and, where there is room, a scale bar; NaN is left black.

    Args:
        axes: As large as the plane, to scale.
        plane: What is drawn.
        window: Values of the first and the last color.
        title: Goes before what the caption says of the slice.
        colors: Name of a color map; all but gray are drawn voxel by voxel, because their values are read off.
    """
    from matplotlib import colormaps

    (height, width), (low, high) = plane.size_mm, window
    shades = colormaps[colors].with_extremes(bad="black")
    smooth = "bilinear" if colors == "gray" else "nearest"
    axes.imshow(plane.image, cmap=shades, vmin=low, vmax=high, extent=(0, width, height, 0), interpolation=smooth)
    name = f"{title}, {plane.name}" if title else plane.name.capitalize()
    marks.caption(axes, f"{name}, slice {plane.index + 1} of {plane.count}")
    pixels = axes.get_window_extent().height
    size = 12 if pixels >= ROOMY_HEIGHT else 7
    for letter, (x, y, horizontal, vertical) in zip(plane.letters, LETTER_PLACES, strict=True):
        marks.outlined_text(axes, letter, (x, y), ha=horizontal, va=vertical, fontsize=size, weight="bold")
    if pixels >= ROOMY_HEIGHT:
        length = marks.scale_bar_length(width)
        marks.scale_bar(axes, plane.size_mm, length, f"{length:g} mm")


def _overlay(axes: Axes, plane: Plane, result: CaseResult) -> None:
    height, width = plane.size_mm
    colors = np.zeros((256, 4))
    for structure in result.segmentation.structures:
        colors[[structure.id, structure.id + LEFT_OFFSET]] = [*(c / 255 for c in structure.color), OVERLAY_OPACITY]
    axes.imshow(colors[plane.labels], extent=(0, width, height, 0), interpolation="nearest")
    for value in np.unique(plane.labels):
        if colors[value, 3]:
            marks.outline(axes, plane.labels == value, plane.spacing_mm, tuple(colors[value, :3]))
    marks.keep_limits(axes, plane.size_mm)
