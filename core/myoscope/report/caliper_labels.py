"""Where the lengths of calipers are written: beside their line, hiding neither lines nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from myoscope.report.label_places import Box, shared_area
from myoscope.report.wording import structure_title, with_unit

if TYPE_CHECKING:
    from myoscope.anatomy import StructureSet
    from myoscope.data.frames import Caliper

Point = tuple[float, float]
#: From a line to its label, in pixels.
GAP = 7.0
#: Where along its line a label may stand, best first.
SHARES = (0.5, 0.36, 0.64, 0.22, 0.78)
#: A line is a row of so many dots; a label that hides one has as good as this many square pixels hidden.
DOTS, DOT_COST = 24, 60.0
#: A label outside of the picture is worse than one on others.
OUTSIDE_COST = 10.0
FAR = 1e6


def caliper_texts(calipers: Sequence[Caliper], structures: StructureSet, unit: str) -> list[str]:
    """Return the length of each caliper, with the structure's abbreviation when there are several."""
    several = len({caliper.structure for caliper in calipers}) > 1
    return [
        f"{_short(caliper.structure, structures)} {text}" if several else text
        for caliper in calipers
        for text in (with_unit(caliper.length, unit),)
    ]


def label_boxes(
    lines: Sequence[tuple[Point, Point]], sizes: Sequence[tuple[float, float]], picture: tuple[float, float]
) -> tuple[Box, ...]:
    """Return where each label stands, as left, top, right and bottom; all in pixels of the picture, y down.

    Args:
        lines: Both ends of each caliper.
        sizes: Width and height of each label.
        picture: Width and height.
    """
    dots = [_along(line, n / (DOTS - 1)) for line in lines for n in range(DOTS)]
    width, height = picture
    taken: list[Box] = [(-FAR, -FAR, 0, FAR), (width, -FAR, FAR, FAR), (-FAR, -FAR, FAR, 0), (-FAR, height, FAR, FAR)]
    weights = [OUTSIDE_COST] * len(taken)

    def cost(box: Box) -> float:
        hidden = sum(w * shared_area(box, other) for w, other in zip(weights, taken, strict=True))
        return hidden + DOT_COST * sum(_inside(dot, box) for dot in dots)

    boxes = []
    for line, size in zip(lines, sizes, strict=True):
        best = min(_choices(line, size), key=cost)
        taken.append(best)
        weights.append(1.0)
        boxes.append(best)
    return tuple(boxes)


def _short(name: str, structures: StructureSet) -> str:
    return structures[name].abbreviation if name in structures else structure_title(name)


def _along(line: tuple[Point, Point], share: float) -> Point:
    (x1, y1), (x2, y2) = line
    return x1 + share * (x2 - x1), y1 + share * (y2 - y1)


def _inside(dot: Point, box: Box) -> bool:
    return box[0] < dot[0] < box[2] and box[1] < dot[1] < box[3]


def _choices(line: tuple[Point, Point], size: tuple[float, float]) -> list[Box]:
    """Return places right and left of the line, then above and below its ends."""
    width, height = size
    middles = [_along(line, share) for share in SHARES]
    lefts = [(x + GAP, y - height / 2) for x, y in middles]
    lefts += [(x - GAP - width, y - height / 2) for x, y in middles]
    for x, y in line:
        lefts += [(x - width / 2, y - GAP - height), (x - width / 2, y + GAP)]
    return [(left, top, left + width, top + height) for left, top in lefts]
