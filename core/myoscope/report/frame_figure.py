"""The picture of a frame: outlines and calipers where they are, and beside it the same frame plain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.anatomy import LEFT_OFFSET, Structure
from myoscope.report import marks
from myoscope.report.caliper_labels import caliper_texts, label_boxes
from myoscope.report.frames import Frame, gray_limits, scale_sentence, shown_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from myoscope.anatomy import StructureSet
    from myoscope.data.result import CaseResult

#: Both panels fill this box, in pixels; they share one scale.
BOX_WIDTH, BOX_HEIGHT = 1500.0, 1050.0
MUCH_LARGER = 1.5
OUTLINE_WIDTH = 1.6
VIEW_STYLE: dict[str, Any] = {"color": "#4fb3c1", "linewidth": 1.3, "linestyle": (0, (3, 1.5))}
VIEW_TITLE = "Tissue that was looked at"
CALIPER_TITLE = "Where a length was measured"
#: Length of a caliper's end bars, and size of a letter of its label, in pixels.
END_BAR, LETTER_WIDTH, LETTER_HEIGHT = 12.0, 11.5, 15.0
CALIPER_FONT = 10


def frame_figure(result: CaseResult) -> Figure:
    """Return the shown frame with outlines, calipers, view, legend and scale bar, and the same frame plain.

    Pixels are as wide and high as they are in millimeters. Without any labeled pixel a sentence says so.
    """
    frame = shown_frame(result)
    structures = result.segmentation.structures
    values = set(np.unique(frame.labels).tolist())
    shown = tuple(s for s in structures if values & {s.id, s.id + LEFT_OFFSET})
    layout = _Layout(frame, entries=len(shown) + 2)
    figure = layout.figure()
    marked, plain = figure.axes
    for axes, text in ((marked, _caption(frame)), (plain, "The same, plain")):
        _draw(axes, frame)
        marks.caption(axes, text)
    _outlines(marked, frame, shown)
    _view(marked, frame)
    _calipers(marked, frame, structures)
    marks.scale_bar(marked, frame.size, *frame.scale_bar)
    for axes in figure.axes:
        marks.keep_limits(axes, frame.size)
    marks.legend(figure, shown, layout.legend_top, column=layout.width, more=_keys(frame))
    marks.title(figure, result, scale_sentence(result.scan))
    return figure


class _Layout:
    """Pixel positions: both panels beside each other, or one above the other where they are much larger so."""

    def __init__(self, frame: Frame, *, entries: int) -> None:
        height, width = frame.size
        margin, top = marks.MARGIN, marks.TITLE_HEIGHT + marks.CAPTION_HEIGHT
        beside = min((BOX_WIDTH - margin) / 2 / width, BOX_HEIGHT / height)
        stacked = min(BOX_WIDTH / width, (BOX_HEIGHT - margin - marks.CAPTION_HEIGHT) / 2 / height)
        is_beside = beside * MUCH_LARGER >= stacked
        scale = beside if is_beside else stacked
        panel_width, panel_height = width * scale, height * scale
        if is_beside:
            second = (margin * 2 + panel_width, float(top))
        else:
            second = (float(margin), top + panel_height + margin + marks.CAPTION_HEIGHT)
        places = [(float(margin), float(top)), second]
        self.boxes = [(left, upper, panel_width, panel_height) for left, upper in places]
        self.width = max(places[1][0] + panel_width + margin, marks.MIN_WIDTH)
        legend_top = places[1][1] + panel_height + margin * 0.6
        self.height = legend_top + marks.legend_height(entries, self.width) + margin * 2.2
        self.legend_top = 1 - legend_top / self.height

    def figure(self) -> Figure:
        """Return a white figure with two empty axes."""
        return marks.white_figure(self.width, self.height, self.boxes)


def _caption(frame: Frame) -> str:
    if frame.time_s is None:
        return "Outlines and calipers"
    return f"Frame {frame.index} (0 to {frame.count - 1}) at {frame.time_s:.2f} s: outlines and calipers"


def _draw(axes: Axes, frame: Frame) -> None:
    height, width = frame.size
    gray = gray_limits(frame.image)
    axes.imshow(
        frame.image, cmap="gray", vmin=gray[0], vmax=gray[1], extent=(0, width, height, 0), interpolation="bilinear"
    )


def _outlines(axes: Axes, frame: Frame, shown: tuple[Structure, ...]) -> None:
    for structure in shown:
        color = tuple(c / 255 for c in structure.color)
        for value in (structure.id, structure.id + LEFT_OFFSET):
            if (mask := frame.labels == value).any():
                marks.outline(axes, mask, frame.spacing, color, width=OUTLINE_WIDTH)


def _view(axes: Axes, frame: Frame) -> None:
    from matplotlib.patches import Rectangle

    if frame.view is None:
        return
    dy, dx = frame.spacing
    corner = (frame.view.left * dx, frame.view.top * dy)
    axes.add_patch(Rectangle(corner, frame.view.width * dx, frame.view.height * dy, fill=False, **VIEW_STYLE))


def _calipers(axes: Axes, frame: Frame, structures: StructureSet) -> None:
    dy, dx = frame.spacing
    panel = axes.get_window_extent()
    scale = panel.width / frame.size[1]

    # In pixels of the panel, y down; a position counts from the center of the first pixel, the panel from its edge.
    def on_panel(place: tuple[float, float]) -> tuple[float, float]:
        return (place[0] + 0.5) * dx * scale, (place[1] + 0.5) * dy * scale

    lines = [(on_panel(caliper.start), on_panel(caliper.end)) for caliper in frame.calipers]
    texts = caliper_texts(frame.calipers, structures, frame.unit)
    sizes = [(LETTER_WIDTH * len(text), LETTER_HEIGHT) for text in texts]
    for start, end in lines:
        _caliper(axes, np.array([start, end]), scale)
    for text, box in zip(texts, label_boxes(lines, sizes, (panel.width, panel.height)), strict=True):
        place = ((box[0] + box[2]) / 2 / panel.width, 1 - (box[1] + box[3]) / 2 / panel.height)
        marks.outlined_text(axes, text, place, ha="center", va="center", fontsize=CALIPER_FONT, weight="bold")


def _caliper(axes: Axes, ends: np.ndarray[Any, Any], scale: float) -> None:
    """Draw a line with a bar across each end; `ends` are its rows, in pixels."""
    along = ends[1] - ends[0]
    length = float(np.hypot(*along)) or 1.0
    across = np.array([-along[1], along[0]]) / length * END_BAR / 2
    strokes = [ends, *(np.array([end - across, end + across]) for end in ends)]
    for color, width in (("black", 3.4), ("white", 1.5)):
        for stroke in strokes:
            axes.plot(*(stroke / scale).T, color=color, linewidth=width, solid_capstyle="round")


def _keys(frame: Frame) -> list[Any]:
    """Return legend entries of what is no structure."""
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    keys: list[Any] = []
    if frame.calipers:
        rim = [withStroke(linewidth=3.4, foreground="black")]
        keys.append(Line2D([], [], color="white", linewidth=1.5, path_effects=rim, label=CALIPER_TITLE))
    if frame.view is not None:
        keys.append(Line2D([], [], label=VIEW_TITLE, **VIEW_STYLE))
    return keys
