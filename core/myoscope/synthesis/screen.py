"""The screen around an ultrasound picture: panels, text, ruler and gray bar, as machines draw them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope.data.frames import View

Picture = NDArray[np.uint8]

#: Panels, as shares of the screen's width (left, right) and height (top, bottom).
MARGIN_RANGES = ((0.03, 0.3), (0.05, 0.28), (0.03, 0.16), (0.01, 0.14))
#: A screen smaller than this shows tissue and nothing else.
LEAST_SCREEN_PX = 160
TICK_MM = (5.0, 10.0)
MAJOR_TICK_MM = 10.0
WORDS = ("MSK", "MUSCLE", "L12-4", "L15-6L", "Fr 25Hz", "MI 0.8", "TIs 0.2", "Gn 62", "DR 66", "2D", "B", "Frq 10.0")


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen and where its tissue is.

    Attributes:
        picture: What it shows around the tissue, (y, x).
        view: The bounding rectangle of the tissue.
        tick_mm: Distance of the ruler's ticks; 0 without a ruler.
        jpeg_quality: Of the file that it is stored in; 0 for one without loss.
    """

    picture: Picture
    view: View
    tick_mm: float
    jpeg_quality: int


def margins_for(rng: np.random.Generator, size: tuple[int, int], *, bare: bool) -> tuple[int, int, int, int]:
    """Return the panels' widths in pixels (left, right, top, bottom) on a screen of `size` (width, height)."""
    if bare or min(size) < LEAST_SCREEN_PX:
        return (0, 0, 0, 0)
    shares = [rng.uniform(low, high) for low, high in MARGIN_RANGES]
    sides = (size[0], size[0], size[1], size[1])
    left, right, top, bottom = (round(share * side) for share, side in zip(shares, sides, strict=True))
    return left, right, top, bottom


def draw_screen(rng: np.random.Generator, size: tuple[int, int], view: View, row_mm: float) -> Screen:
    """Return a screen of `size` (width, height) around a view whose rows are `row_mm` high."""
    quality = int(rng.integers(55, 95)) if rng.random() < 0.3 else 0  # noqa: PLR2004
    panel = int(rng.choice((0, 0, 0, 8, 30, 48, 64)))
    picture = np.full((size[1], size[0]), panel, dtype=np.uint8)
    if (view.width, view.height) == size:
        return Screen(picture, view, 0.0, quality)
    bright = int(rng.integers(120, 256))
    _write_words(picture, view, rng, bright)
    tick_mm = _draw_ruler(picture, view, row_mm, rng, bright) if rng.random() < 0.7 else 0.0  # noqa: PLR2004
    right = size[0] - view.left - view.width
    if right > 40 and rng.random() < 0.5:  # noqa: PLR2004
        _draw_gray_bar(picture, view, rng)
    return Screen(picture, view, tick_mm, quality)


def on_screen(screen: Screen, tissue: Picture, shown: NDArray[np.bool_] | None) -> Picture:
    """Return the screen with the tissue in its view where that shows any, as its file stores it."""
    picture = screen.picture.copy()
    if shown is not None:
        tissue = np.where(shown, tissue, picture[screen.view.slices])
    picture[screen.view.slices] = tissue
    return stored(picture, screen.jpeg_quality)


def stored(picture: Picture, quality: int) -> Picture:
    """Return the picture as a JPEG file of that quality, 1 to 100, gives it back; as it is for 0."""
    import cv2

    if quality == 0:
        return picture
    _, coded = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _write_words(picture: Picture, view: View, rng: np.random.Generator, bright: int) -> None:
    """Write settings above the tissue and at its right."""
    import cv2

    height, width = picture.shape
    scale = 0.3 + 0.1 * (height > 450)  # noqa: PLR2004
    step = int(40 * scale)
    if view.top > step + 4:
        x = 6
        for word in rng.choice(WORDS, size=int(rng.integers(1, 6))):
            cv2.putText(picture, str(word), (x, view.top // 2 + 4), cv2.FONT_HERSHEY_SIMPLEX, scale, bright, 1)
            x += int((len(word) + 3) * 20 * scale)
    left = view.left + view.width + 24
    if width - left > 30 and rng.random() < 0.6:  # noqa: PLR2004
        y = view.top + int(rng.uniform(0.4, 0.6) * view.height)
        for word in rng.choice(WORDS, size=int(rng.integers(2, 6))):
            cv2.putText(picture, str(word), (left, y), cv2.FONT_HERSHEY_SIMPLEX, scale, bright, 1)
            y += step


def _draw_ruler(picture: Picture, view: View, row_mm: float, rng: np.random.Generator, bright: int) -> float:
    """Draw ticks beside the tissue at every 5 or 10 mm of depth, counted from its first row; return their distance."""
    right = rng.random() < 0.6  # noqa: PLR2004
    room = picture.shape[1] - view.left - view.width if right else view.left
    length = int(rng.integers(4, 9))
    if room < length + 6:
        return 0.0
    gap = int(rng.integers(2, min(14, room - length - 2)))
    start = view.left + view.width + gap if right else view.left - gap - length
    tick_mm = float(rng.choice(TICK_MM))
    for index in range(int(view.height * row_mm / tick_mm) + 1):
        row = view.top + min(round(index * tick_mm / row_mm), view.height - 1)
        whole = index * tick_mm % MAJOR_TICK_MM == 0
        picture[row, start : start + (length if whole else max(2, length // 2))] = bright
    if rng.random() < 0.5:  # noqa: PLR2004
        picture[view.top : view.top + view.height, start + length if right else start - 1] = bright // 2
    return tick_mm


def _draw_gray_bar(picture: Picture, view: View, rng: np.random.Generator) -> None:
    """Draw the gray scale at the far right of the screen."""
    width = int(rng.integers(5, 14))
    height = int(rng.uniform(0.2, 0.45) * view.height)
    top, left = view.top + 4, picture.shape[1] - width - 6
    ramp = np.linspace(255, 0, height).astype(np.uint8)
    picture[top : top + height, left : left + width] = ramp[:, None]
