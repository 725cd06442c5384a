"""How the frames of a video are laid out: the frame in true proportions between two bands of text.

What all frames share, and every text, is laid out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET, Structure
from myoscope.data.result import RESEARCH_USE_ONLY
from myoscope.report.frames import Frame, frame_at, gray_limits, rejected_frames
from myoscope.report.sheet_text import LINE_HEIGHT, PAD, Color, Place, Text, flow, text_width, wrapped, write
from myoscope.report.wording import plain_letters, quantity_words, structure_title, with_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope.data.result import CaseResult

#: A frame is enlarged to so many pixels across, and shrunk to at most so many across and down.
LEAST_WIDTH, MOST_WIDTH = 480, 1280
#: A structure's square in front of its name.
SQUARE = 10
#: Blue, green, red.
MUTED, WARNING = (190, 190, 190), (90, 130, 255)


@dataclass(frozen=True, slots=True)
class Sheet:
    """How the frames of a video are laid out.

    Attributes:
        template: What all frames share, shape (height, width, 3), blue, green, red.
        corner: Upper left corner of the frame, (x, y).
        frame_size: Its width and height.
        outlines: Label value and color of what is outlined.
        texts: What is written, by frame.
        rejected: Frames that the summary leaves out.
        gray: Values of the scan shown black and white.
    """

    template: NDArray[np.uint8]
    corner: Place
    frame_size: Place
    outlines: tuple[tuple[int, Color], ...]
    texts: tuple[tuple[Text, ...], ...]
    rejected: frozenset[int]
    gray: tuple[float, float]

    @property
    def size(self) -> Place:
        """Width and height."""
        return self.template.shape[1], self.template.shape[0]


def plan(result: CaseResult, *, most: int = MOST_WIDTH) -> Sheet:
    """Return how the frames of a picture or video are laid out, each at most so many pixels wide and high."""
    frame = frame_at(result, 0)
    frame_width, height = _frame_size(frame, most)
    # The texts need room beside a frame that is high and narrow.
    width = max(frame_width, LEAST_WIDTH)
    values, top = _value_texts(result, frame.count, width)
    reasons = {index: wrapped(text, width) for index, text in _reasons(result).items()}
    image_top = top + LINE_HEIGHT * (max(map(len, reasons.values()), default=0) - 1) + PAD
    texts = tuple(
        (*values[index], *(Text(line, (PAD, top + row * LINE_HEIGHT), WARNING) for row, line in enumerate(lines)))
        for index in range(frame.count)
        for lines in (reasons.get(index, []),)
    )
    shown = tuple(s for s in result.segmentation.structures if s.name in result.segmentation.predicted)
    legend, foot_height = _foot(shown, width, image_top + height)
    template = np.zeros((image_top + height + foot_height, width, 3), np.uint8)
    for text, color in legend:
        write(template, text)
        if color is not None:
            x, y = text.place
            template[y - SQUARE : y, x - SQUARE - PAD // 2 : x - PAD // 2] = color
    outlines = tuple((value, _color(s)) for s in shown for value in (s.id, s.id + LEFT_OFFSET))
    gray = gray_limits(result.scan.image)
    corner = ((width - frame_width) // 2, image_top)
    return Sheet(template, corner, (frame_width, height), outlines, texts, frozenset(reasons), gray)


def _frame_size(frame: Frame, most: int) -> Place:
    """Return width and height on the sheet: square pixels, even numbers, neither tiny nor huge."""
    rows, columns = frame.image.shape
    dy, dx = frame.spacing
    width, height = columns * dx / min(dx, dy), rows * dy / min(dx, dy)
    factor = min(max(1.0, LEAST_WIDTH / width), most / max(width, height))
    return 2 * round(width * factor / 2), 2 * round(height * factor / 2)


def _value_texts(result: CaseResult, count: int, width: int) -> tuple[list[list[Text]], int]:
    """Return the heading and the values of each frame, and where the next line starts."""
    times = result.scan.times_s or (0.0,)
    confidence = result.segmentation.confidence
    lines: list[list[Text]] = []
    for index in range(count):
        sure = f"   confidence {confidence[index]:.2f}" if len(confidence) == count else ""
        heading = f"frame {index} (0 to {count - 1})   {times[index] - times[0]:.2f} s{sure}"
        lines.append([Text(heading, (PAD, LINE_HEIGHT))])
    written = [
        (row.frame, (row.structure, row.quantity), _value_text(row.structure, row.quantity, row.value, row.unit))
        for row in result.measurements.frames
    ]
    widest: dict[tuple[str, str], str] = {}
    for _, key, text in written:
        widest[key] = max(widest.get(key, ""), text, key=len)
    places, bottom = flow([text_width(text) for text in widest.values()], width, 2 * LINE_HEIGHT)
    place = dict(zip(widest, places, strict=True))
    for index, key, text in written:
        lines[index].append(Text(text, place[key]))
    return lines, bottom


def _value_text(structure: str, quantity: str, value: float, unit: str) -> str:
    text = f"{structure_title(structure)}: {quantity_words(quantity)} {with_unit(value, unit)}"
    return plain_letters(text)


def _reasons(result: CaseResult) -> dict[int, str]:
    reasons: dict[int, list[str]] = {}
    for row in rejected_frames(result):
        reasons.setdefault(row.index, []).append(row.reason)
    return {index: plain_letters("Rejected: " + "; ".join(dict.fromkeys(told))) for index, told in reasons.items()}


def _foot(shown: Sequence[Structure], width: int, top: int) -> tuple[list[tuple[Text, Color | None]], int]:
    """Return the legend and the notice below the frame, and the even height that they need."""
    names = [plain_letters(structure_title(s.name)) for s in shown]
    mark = SQUARE + PAD // 2
    places, bottom = flow([mark + text_width(name) for name in names], width, top + LINE_HEIGHT)
    entries: list[tuple[Text, Color | None]] = [
        (Text(name, (x + mark, y)), _color(s)) for name, (x, y), s in zip(names, places, shown, strict=True)
    ]
    notice = wrapped(RESEARCH_USE_ONLY, width)
    entries += [(Text(line, (PAD, bottom + row * LINE_HEIGHT), MUTED), None) for row, line in enumerate(notice)]
    height = bottom + (len(notice) - 1) * LINE_HEIGHT + PAD - top
    return entries, height + (top + height) % 2


def _color(structure: Structure) -> Color:
    red, green, blue = structure.color
    return blue, green, red
