"""The two aponeuroses of a longitudinal frame as lines, and the muscle between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope_ultrasound.geometry import Polynomial
from myoscope_ultrasound.patches import Patch, column_borders, largest_piece, patch_of, pieces
from myoscope_ultrasound.structures import LONGITUDINAL, SITES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

SUPERFICIAL, DEEP, MUSCLE = SITES[LONGITUDINAL]
#: Pieces of a label that may be part of a line: the largest few, and this share of the largest one at least.
MOST_PIECES, SMALLEST_SHARE = 6, 0.03
#: A deep aponeurosis goes across this share of the picture, or is the widest line there is; chosen on
#: the frames of one machine held out (README, fold 1).
ACROSS_SHARE = 0.2
#: A gap in a line is bridged when it is at most this share of the picture's width.
BRIDGE_SHARE = 0.2
#: Columns in which two pieces of one line may lie over each other.
MOST_OVERLAP = 8
#: The course of a line at its end is that of so many columns.
END_COLUMNS = 40
#: A piece continues a line when it lies where the line leads to, within its own height and this slope.
LEEWAY_SLOPE = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line across a picture; two are the same only when they are one object.

    Attributes:
        upper: Its border on the skin's side in each column, in rows; NaN where it is not seen.
        lower: Its other border.
        parts: The pieces that it is made of.
    """

    upper: Floats
    lower: Floats
    parts: tuple[Patch, ...]

    @property
    def middle(self) -> Floats:
        """Row midway between both borders, in each column."""
        return (self.upper + self.lower) / 2

    @property
    def columns(self) -> int:
        """Number of columns in which it is seen."""
        return int(np.isfinite(self.upper).sum())

    @property
    def size(self) -> int:
        """Number of pixels."""
        return sum(int(np.count_nonzero(part.mask)) for part in self.parts)


def find_aponeuroses(superficial: Mask, deep: Mask) -> tuple[Line | None, Line | None]:
    """Return one line for each label, (rows, columns), the superficial one above the deep one.

    A line is a piece of its label with the pieces that continue it. The superficial one is the largest that has a deep
    one below it. The deep one is the first below it that goes across enough of the picture: the largest is often the
    border of another muscle, deeper and brighter. Without such a pair, the larger of both labels is taken alone.
    """
    bridge = round(BRIDGE_SHARE * superficial.shape[1])
    upper, lower = (_lines(mask, bridge) for mask in (superficial, deep))
    for first in upper:
        below = [line for line in lower if _is_above(first, line)]
        if below:
            widest = max(line.columns for line in below)
            wide = [line for line in below if line.columns >= min(ACROSS_SHARE * superficial.shape[1], widest)]
            return first, min(wide, key=lambda line: float(np.nanmedian(line.middle)))
    alone = max((*upper[:1], *lower[:1]), key=lambda line: line.size, default=None)
    return alone if alone in upper else None, alone if alone in lower else None


def muscle_between(superficial: Line, deep: Line, shape: tuple[int, int]) -> Patch | None:
    """Return the region between the inner borders, over the columns in which both lines are seen or bridged."""
    above, below = bridged(superficial.lower), bridged(deep.upper)
    if not (above < below).any():
        return None
    rows = np.arange(shape[0], dtype=np.float64)[:, None]
    region = patch_of((rows > above) & (rows < below))
    return None if region is None else largest_piece(region)


def _lines(mask: Mask, bridge: int) -> list[Line]:
    """Return the pieces of a label that are not specks, each with those that continue it, the largest first."""
    patch = patch_of(mask)
    if patch is None:
        return []
    candidates = [_line(piece, mask.shape[1]) for piece in pieces(patch)[:MOST_PIECES]]
    candidates = [line for line in candidates if line.size >= SMALLEST_SHARE * candidates[0].size]
    lines: list[Line] = []
    for candidate in candidates:
        if not any(candidate.parts[0] is part for line in lines for part in line.parts):
            lines.append(_extended(candidate, candidates, bridge))
    return lines


def _line(piece: Patch, width: int) -> Line:
    upper, lower = np.full(width, np.nan), np.full(width, np.nan)
    columns = piece.slices[1]
    borders = column_borders(piece.mask)
    upper[columns], lower[columns] = (border + piece.top for border in borders)
    return Line(upper, lower, (piece,))


def _is_above(first: Line, second: Line) -> bool:
    """Tell whether a line lies above another where both are seen, or as a whole when there is no such column."""
    apart = second.middle - first.middle
    if not np.isfinite(apart).any():
        return bool(np.nanmedian(second.middle) > np.nanmedian(first.middle))
    return bool(np.nanmedian(apart) > 0)


def _extended(line: Line, candidates: Sequence[Line], bridge: int) -> Line:
    """Return a line with every candidate that continues it, one after the other."""
    rest = [other for other in candidates if other is not line]
    while rest:
        found = next((other for other in rest if _continues(line, other, bridge)), None)
        if found is None:
            break
        rest.remove(found)
        seen = np.isfinite(line.upper)
        line = Line(
            upper=np.where(seen, line.upper, found.upper),
            lower=np.where(seen, line.lower, found.lower),
            parts=(*line.parts, *found.parts),
        )
    return line


def _continues(line: Line, other: Line, bridge: int) -> bool:
    """Tell whether another line begins where this one leads to, at either end."""
    ours, theirs = (np.flatnonzero(np.isfinite(each.upper)) for each in (line, other))
    if theirs[-1] > ours[-1]:
        near, start, gap = ours[-END_COLUMNS:], theirs[0], int(theirs[0] - ours[-1])
    elif theirs[0] < ours[0]:
        near, start, gap = ours[:END_COLUMNS], theirs[-1], int(ours[0] - theirs[-1])
    else:
        return False
    if not -MOST_OVERLAP <= gap <= bridge or near.size < 2:  # noqa: PLR2004 - two points make a direction
        return False
    course = Polynomial.fitted(near.astype(np.float64), line.middle[near], 1)
    missed = abs(float(course.at(np.array([float(start)]))[0]) - other.middle[start])
    height = float(np.nanmedian(line.lower - line.upper))
    return bool(missed <= height + LEEWAY_SLOPE * max(gap, 0))


def bridged(border: Floats) -> Floats:
    """Return a border with straight lines over the gaps inside it."""
    seen = np.flatnonzero(np.isfinite(border))
    columns = np.arange(border.size)
    return np.interp(columns, seen, border[seen], left=np.nan, right=np.nan)
