"""What every picture of a case shares: title, legend, outlines, scale bar."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.data.result import RESEARCH_USE_ONLY, CaseResult
from myoscope.report.wording import color_text, structure_title

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from myoscope.anatomy import Structure

DPI = 110
#: Of PNG: twice as fast as the usual 6, and 7% larger.
COMPRESSION_LEVEL = 3
#: Sizes in pixels.
MIN_COLUMN, MIN_WIDTH = 300, 1000
MARGIN, TITLE_HEIGHT, CAPTION_HEIGHT = 24, 84, 28
LEGEND_ENTRY_WIDTH, LEGEND_ENTRY_HEIGHT = 205, 23
SCALE_BAR_SHARE = 0.4
INK = "#33414d"
EMPTY_SENTENCE = "No structure segmented."


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, pil_kwargs={"compress_level": COMPRESSION_LEVEL})
    return buffer.getvalue()


def stacked_png(*pngs: bytes) -> bytes:
    """Return pictures as one PNG file, each below the one before, on white."""
    from PIL import Image

    pictures = [Image.open(io.BytesIO(png)) for png in pngs]
    sheet = Image.new("RGB", (max(p.width for p in pictures), sum(p.height for p in pictures)), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height
    buffer = io.BytesIO()
    sheet.save(buffer, format="png", dpi=(DPI, DPI), compress_level=COMPRESSION_LEVEL)
    return buffer.getvalue()


def white_figure(width: float, height: float, boxes: Sequence[tuple[float, float, float, float]]) -> Figure:
    """Return a white figure with one empty black axes a box; all in pixels, boxes as left, top, width and height."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    for left, top, box_width, box_height in boxes:
        bottom = height - top - box_height
        figure.add_axes((left / width, bottom / height, box_width / width, box_height / height), facecolor="black")
    return figure


def caption(axes: Axes, text: str) -> None:
    """Write what a panel shows above it."""
    axes.set_axis_off()
    axes.set_title(text, loc="left", fontsize=10, color=INK, parse_math=False)


def outlined_text(axes: Axes, text: str, place: tuple[float, float], **style: Any) -> None:  # noqa: ANN401
    """Write white text with a black rim, at a share of the axes' width and height."""
    from matplotlib.patheffects import withStroke

    effects = [withStroke(linewidth=2.5, foreground="black")]
    axes.text(*place, text, transform=axes.transAxes, color="white", path_effects=effects, **style)


def scale_bar(axes: Axes, size: tuple[float, float], length: float, text: str) -> None:
    """Draw a bar of a length into the lower left corner; `size` is the panel's height and width in the same unit."""
    height, width = size
    left, y = 0.04 * width, height - 0.03 * height
    for color, thickness in (("black", 5.0), ("white", 2.5)):
        axes.plot((left, left + length), (y, y), color=color, linewidth=thickness, solid_capstyle="butt")
    above = 1 - y / height + 4 / axes.get_window_extent().height
    outlined_text(axes, text, (0.04, above), ha="left", va="bottom", fontsize=9)
    keep_limits(axes, size)


def keep_limits(axes: Axes, size: tuple[float, float]) -> None:
    """Show the whole panel and no more, whatever was drawn."""
    axes.set_xlim(0, size[1])
    axes.set_ylim(size[0], 0)


def scale_bar_length(width: float) -> float:
    """Return the longest of 1, 2 or 5 times a power of ten that fits the bar's share of a width."""
    limit = width * SCALE_BAR_SHARE
    power = 10.0 ** np.floor(np.log10(limit))
    return float(max(step * power for step in (1, 2, 5) if step * power <= limit))


def outline(
    axes: Axes, mask: NDArray[np.bool_], spacing: tuple[float, float], color: tuple[float, ...], *, width: float = 1.0
) -> None:
    """Draw the border of a mask that is not empty; `spacing` is the distance of rows and of columns."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.pad(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1).astype(np.float32)
    y = (np.arange(box.shape[0]) + rows[0] - 0.5) * spacing[0]
    x = (np.arange(box.shape[1]) + columns[0] - 0.5) * spacing[1]
    axes.contour(x, y, box, levels=[0.5], colors=[color], linewidths=width)


def legend(
    figure: Figure, shown: Sequence[Structure], top: float, *, column: float, more: Sequence[Artist] = ()
) -> None:
    """Write the shown structures, then `more`, below `top`, a share of the figure's height.

    Args:
        figure: Where.
        shown: When there are none, a sentence says so.
        top: Upper edge.
        column: Width of the legend in pixels.
        more: What else is explained.
    """
    from matplotlib.patches import Patch

    left = MARGIN / DPI / figure.get_figwidth()
    if not shown:
        figure.text(left, top, EMPTY_SENTENCE, fontsize=12, va="top", color="#7a1f1f", weight="bold")
        return
    handles = [
        Patch(facecolor=color_text(s), edgecolor=INK, linewidth=0.6, label=structure_title(s.name)) for s in shown
    ]
    entries = figure.legend(
        handles=[*handles, *more],
        loc="upper left",
        bbox_to_anchor=(left, top),
        ncols=legend_columns(column),
        frameon=False,
        fontsize=9.5,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.3,
        columnspacing=1.2,
    )
    for text in entries.get_texts():
        text.set_parse_math(False)


def legend_columns(width: float) -> int:
    """Return how many entries of a legend fit beside each other."""
    return max(1, int(width // LEGEND_ENTRY_WIDTH))


def legend_height(entries: int, width: float) -> float:
    """Return the height of a legend in pixels."""
    return -(-max(entries, 1) // legend_columns(width)) * LEGEND_ENTRY_HEIGHT


def title(figure: Figure, result: CaseResult, foot: str) -> None:
    """Write the case, the modality and what made the labels on top, and a line at the foot."""
    width, height = figure.get_figwidth() * DPI, figure.get_figheight() * DPI
    model = result.provenance.model
    maker = f"model {model.id}" if model else "labels given"
    heading = f"{result.case_id}  \N{MIDDLE DOT}  {result.modality}  \N{MIDDLE DOT}  {maker}"
    left = MARGIN / width
    for text, y, size, color, weight in (
        (heading, 1 - 18 / height, 14, "#14212b", "bold"),
        (RESEARCH_USE_ONLY, 1 - 48 / height, 11, "#8a3b00", "bold"),
        (foot, 22 / height, 9, "#4a5a66", "normal"),
    ):
        figure.text(left, y, text, va="top", parse_math=False, fontsize=size, color=color, weight=weight)
