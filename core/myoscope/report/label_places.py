"""Where the names of dots go in a scatter plot, so that they hide neither dots nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Size of a letter of a label and radius of a dot, in units of the drawing.
LETTER_WIDTH, LETTER_HEIGHT, RADIUS = 7.0, 11.0, 6.0
#: From dot to label: beside it, above it, below it.
BESIDE, ABOVE, BELOW, BASELINE = 8.0, 9.0, 17.0, 4.0

#: Left, top, right and bottom.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """Where a label's text is anchored: position, and `start`, `middle` or `end`."""

    x: float
    y: float
    anchor: str


def label_places(dots: Sequence[tuple[float, float]], labels: Sequence[str], right: float) -> tuple[LabelPlace, ...]:
    """Return a place for each label: right of its dot, else left, above or below it, wherever it hides least.

    Args:
        dots: Centers (x, y).
        labels: One a dot.
        right: No label reaches beyond this x.
    """
    taken: list[Box] = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in dots]
    places = []
    for number, ((x, y), text) in enumerate(zip(dots, labels, strict=True)):
        choices = (
            LabelPlace(x + BESIDE, y + BASELINE, "start"),
            LabelPlace(x - BESIDE, y + BASELINE, "end"),
            LabelPlace(x, y - ABOVE, "middle"),
            LabelPlace(x, y + BELOW, "middle"),
        )
        others = [box for index, box in enumerate(taken) if index != number]
        best = min(choices, key=lambda place: _hidden(_box(place, text), others, right))
        taken.append(_box(best, text))
        places.append(best)
    return tuple(places)


def _box(place: LabelPlace, text: str) -> Box:
    width = LETTER_WIDTH * len(text)
    left = place.x - {"start": 0.0, "middle": width / 2, "end": width}[place.anchor]
    return (left, place.y - LETTER_HEIGHT, left + width, place.y)


def _hidden(box: Box, others: Sequence[Box], right: float) -> float:
    """Return the area that a label shares with what is there, and with what lies outside."""
    return sum(shared_area(box, other) for other in others) + shared_area(box, (right, box[1], float("inf"), box[3]))


def shared_area(a: Box, b: Box) -> float:
    """Return the area that two boxes share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0
