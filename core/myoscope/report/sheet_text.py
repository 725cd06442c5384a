"""Lines of text in OpenCV's own font: how wide they are, where they go, and onto the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FONT_SIZE, LINE_HEIGHT, PAD = 0.45, 20, 8
#: Between two entries of a line.
ENTRY_GAP = 18
RIM_WIDTH = 3
#: Colors as OpenCV orders them: blue, green, red.
WHITE, BLACK = (255, 255, 255), (0, 0, 0)

Place = tuple[int, int]
Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; `place` is its lower left corner."""

    text: str
    place: Place
    color: Color = WHITE


def flow(widths: Sequence[int], width: int, top: int) -> tuple[list[Place], int]:
    """Return places beside each other, in as many lines as needed from `top`, and where the next line starts."""
    places, x, y = [], PAD, top
    for entry in widths:
        if x > PAD and x + entry > width - PAD:
            x, y = PAD, y + LINE_HEIGHT
        places.append((x, y))
        x += entry + ENTRY_GAP
    return places, y + LINE_HEIGHT if places else top


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines that fit; a word longer than a line stays whole."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer) > width - 2 * PAD:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def text_width(text: str) -> int:
    """Return how many pixels a text is wide."""
    import cv2

    return int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, FONT_SIZE, 1)[0][0])


def write(canvas: NDArray[np.uint8], text: Text, *, rim: bool = False) -> None:
    """Draw a text; `rim` gives it a black one, to stand out on a picture."""
    import cv2

    style = (cv2.FONT_HERSHEY_SIMPLEX, FONT_SIZE)
    if rim:
        cv2.putText(canvas, text.text, text.place, *style, BLACK, RIM_WIDTH, cv2.LINE_AA)
    cv2.putText(canvas, text.text, text.place, *style, text.color, 1, cv2.LINE_AA)
