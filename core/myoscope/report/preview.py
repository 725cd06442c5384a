"""The picture of a case: three planes with outlined structures, to scale."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.anatomy import LEFT_OFFSET, Structure
from myoscope.data.result import RESEARCH_USE_ONLY, CaseResult
from myoscope.report.planes import Plane, pick_planes
from myoscope.report.wording import color_text, structure_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

#: Soft-tissue window of CT, HU.
CT_WINDOW = (-160.0, 240.0)
#: Other images are shown between these percentiles.
PERCENTILES = (1.0, 99.0)
DPI = 110
#: The three planes fill this box, in pixels; they share one scale.
BOX_WIDTH, BOX_HEIGHT = 1500, 1050
MIN_COLUMN, MIN_WIDTH = 300, 1000
MARGIN, TITLE_HEIGHT, CAPTION_HEIGHT = 24, 84, 28
LEGEND_ENTRY_WIDTH, LEGEND_ENTRY_HEIGHT = 205, 23
#: A lower plane has small letters and no bar of its own: all planes share one scale.
ROOMY_HEIGHT = 90
OVERLAY_OPACITY = 0.35
SCALE_BAR_SHARE = 0.4
LETTER_PLACES = (
    (0.02, 0.5, "left", "center"),
    (0.98, 0.5, "right", "center"),
    (0.5, 0.985, "center", "top"),
    (0.5, 0.015, "center", "bottom"),
)
EMPTY_SENTENCE = "No structure segmented."
CONVENTION = "Radiological convention: the patient's right is on the picture's left. All planes share one scale."


def preview_png(result: CaseResult) -> bytes:
    """Return a PNG with an axial, a coronal and a sagittal plane, outlined structures, legend and scale bars.

    The same result gives the same bytes. Without any labeled voxel the planes are shown plain, with a sentence.
    """
    planes = pick_planes(result.scan, result.segmentation)
    window = _window(result, planes)
    shown = structures_in_planes(result, planes)
    figure = _Layout(planes, entries=len(shown)).figure()
    for axes, plane in zip(figure.axes, planes, strict=True):
        _draw(axes, plane, window)
        _overlay(axes, plane, result)
    _legend(figure, shown)
    _title(figure, result)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def structures_in_planes(result: CaseResult, planes: tuple[Plane, ...]) -> tuple[Structure, ...]:
    """Return the structures that at least one plane shows, in the order of their ids."""
    values = set(np.unique(np.concatenate([plane.labels.ravel() for plane in planes])).tolist())
    return tuple(s for s in result.segmentation.structures if values & {s.id, s.id + LEFT_OFFSET})


class _Layout:
    """Pixel positions: axial plane and legend on the left, then coronal and sagittal plane."""

    def __init__(self, planes: tuple[Plane, Plane, Plane], *, entries: int) -> None:
        sizes = [plane.size_mm for plane in planes]
        self.scale = min(BOX_WIDTH / sum(w for _, w in sizes), BOX_HEIGHT / max(h for h, _ in sizes))
        self.boxes = [(h * self.scale, w * self.scale) for h, w in sizes]
        self.column = max(self.boxes[0][1], MIN_COLUMN)
        widths = [self.column, *(max(w, CAPTION_HEIGHT) for _, w in self.boxes[1:])]
        self.width = max(sum(widths) + MARGIN * 4, MIN_WIDTH)
        self.lefts = [MARGIN, MARGIN * 2 + widths[0], MARGIN * 3 + widths[0] + widths[1]]
        rows = -(-max(entries, 1) // self.legend_columns)
        self.legend_top = TITLE_HEIGHT + CAPTION_HEIGHT + self.boxes[0][0] + MARGIN
        legend_bottom = self.legend_top + rows * LEGEND_ENTRY_HEIGHT
        planes_bottom = TITLE_HEIGHT + CAPTION_HEIGHT + max(h for h, _ in self.boxes)
        self.height = max(legend_bottom, planes_bottom) + MARGIN * 2.2

    @property
    def legend_columns(self) -> int:
        return max(1, int(self.column // LEGEND_ENTRY_WIDTH))

    def figure(self) -> Figure:
        """Return a white figure with one empty axes a plane."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(self.width / DPI, self.height / DPI), dpi=DPI, facecolor="white")
        for left, (height, width) in zip(self.lefts, self.boxes, strict=True):
            top = TITLE_HEIGHT + CAPTION_HEIGHT
            bottom = self.height - top - height
            figure.add_axes(
                (left / self.width, bottom / self.height, width / self.width, height / self.height), facecolor="black"
            )
        return figure


def _window(result: CaseResult, planes: tuple[Plane, ...]) -> tuple[float, float]:
    if next(iter(result.scan.channels)) == "ct":
        return CT_WINDOW
    low, high = np.percentile(np.concatenate([plane.image.ravel() for plane in planes]), PERCENTILES)
    return float(low), float(high) if high > low else float(low) + 1.0


def _draw(axes: Axes, plane: Plane, window: tuple[float, float]) -> None:
    height, width = plane.size_mm
    axes.imshow(
        plane.image, cmap="gray", vmin=window[0], vmax=window[1], extent=(0, width, height, 0), interpolation="bilinear"
    )
    axes.set_axis_off()
    axes.set_title(
        f"{plane.name.capitalize()}, slice {plane.index + 1} of {plane.count}", loc="left", fontsize=10, color="#33414d"
    )
    pixels = axes.get_window_extent().height
    size = 12 if pixels >= ROOMY_HEIGHT else 7
    for letter, (x, y, horizontal, vertical) in zip(plane.letters, LETTER_PLACES, strict=True):
        _outlined(axes, letter, (x, y), ha=horizontal, va=vertical, fontsize=size, weight="bold")
    if pixels >= ROOMY_HEIGHT:
        _scale_bar(axes, plane)


def _outlined(axes: Axes, text: str, place: tuple[float, float], **style: Any) -> None:  # noqa: ANN401
    from matplotlib.patheffects import withStroke

    effects = [withStroke(linewidth=2.5, foreground="black")]
    axes.text(*place, text, transform=axes.transAxes, color="white", path_effects=effects, **style)


def _scale_bar(axes: Axes, plane: Plane) -> None:
    height, width = plane.size_mm
    length = scale_bar_mm(width)
    left, y = 0.04 * width, height - 0.03 * height
    for color, thickness in (("black", 5.0), ("white", 2.5)):
        axes.plot((left, left + length), (y, y), color=color, linewidth=thickness, solid_capstyle="butt")
    above = 1 - y / height + 4 / axes.get_window_extent().height
    _outlined(axes, f"{length:g} mm", (0.04, above), ha="left", va="bottom", fontsize=9)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)


def scale_bar_mm(width_mm: float) -> float:
    """Return the longest of 1, 2 or 5 times a power of ten that fits the bar's share of a width."""
    limit = width_mm * SCALE_BAR_SHARE
    power = 10.0 ** np.floor(np.log10(limit))
    return float(max(step * power for step in (1, 2, 5) if step * power <= limit))


def _overlay(axes: Axes, plane: Plane, result: CaseResult) -> None:
    height, width = plane.size_mm
    colors = np.zeros((256, 4))
    for structure in result.segmentation.structures:
        colors[[structure.id, structure.id + LEFT_OFFSET]] = [*(c / 255 for c in structure.color), OVERLAY_OPACITY]
    axes.imshow(colors[plane.labels], extent=(0, width, height, 0), interpolation="nearest")
    for value in np.unique(plane.labels):
        if colors[value, 3]:
            _outline(axes, plane.labels == value, plane, tuple(colors[value, :3]))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)


def _outline(axes: Axes, mask: NDArray[np.bool_], plane: Plane, color: tuple[float, ...]) -> None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.pad(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1).astype(np.float32)
    y = (np.arange(box.shape[0]) + rows[0] - 0.5) * plane.spacing_mm[0]
    x = (np.arange(box.shape[1]) + columns[0] - 0.5) * plane.spacing_mm[1]
    axes.contour(x, y, box, levels=[0.5], colors=[color], linewidths=1.0)


def _legend(figure: Figure, shown: tuple[Structure, ...]) -> None:
    from matplotlib.patches import Patch

    layout_left, axial = MARGIN / DPI / figure.get_figwidth(), figure.axes[0].get_position()
    top = axial.y0 - MARGIN / DPI / figure.get_figheight() * 0.6
    if not shown:
        figure.text(layout_left, top, EMPTY_SENTENCE, fontsize=12, va="top", color="#7a1f1f", weight="bold")
        return
    handles = [
        Patch(facecolor=color_text(s), edgecolor="#33414d", linewidth=0.6, label=structure_title(s.name)) for s in shown
    ]
    column = max(axial.width * figure.get_figwidth() * DPI, MIN_COLUMN)
    legend = figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(layout_left, top),
        ncols=max(1, int(column // LEGEND_ENTRY_WIDTH)),
        frameon=False,
        fontsize=9.5,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.3,
        columnspacing=1.2,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _title(figure: Figure, result: CaseResult) -> None:
    width, height = figure.get_figwidth() * DPI, figure.get_figheight() * DPI
    model = result.provenance.model
    maker = f"model {model.id}" if model else "labels given"
    heading = f"{result.case_id}  \N{MIDDLE DOT}  {result.modality}  \N{MIDDLE DOT}  {maker}"
    left = MARGIN / width
    for text, y, size, color, weight in (
        (heading, 1 - 18 / height, 14, "#14212b", "bold"),
        (RESEARCH_USE_ONLY, 1 - 48 / height, 11, "#8a3b00", "bold"),
        (CONVENTION, 22 / height, 9, "#4a5a66", "normal"),
    ):
        figure.text(left, y, text, va="top", parse_math=False, fontsize=size, color=color, weight=weight)
