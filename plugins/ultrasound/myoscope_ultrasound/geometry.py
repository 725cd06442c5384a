"""Lengths along curves: pure functions on points, in any unit and on pixels of any shape.

`x` grows to the right and `y` to the deep side, in the unit of the grid; columns may be wider than rows are high.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Normals that are spread over a mid-line.
NORMALS = 80
#: The outline is a border where it runs within this angle of the mid-line; elsewhere it is an end of the region.
END_ANGLE = np.pi / 4
#: Fewer steps say nothing of the curve between them.
FEWEST_STEPS = 3
#: Fewer columns have no mid-line.
FEWEST_COLUMNS = 8
#: Borders, and the ring of an outline, are smoothed by local parabolas over these shares of their samples.
BORDER_SMOOTHING, RING_SMOOTHING = 0.2, 0.05
SMALLEST_WINDOW = 5
#: The first guess of the mid-line leaves out this share of the columns at either end, where a border may turn.
GUESS_MARGIN = 0.2
#: The direction of a border is taken between samples that lie this share of all on either side.
SLOPE_SHARE = 0.025
#: Times that the mid-line is drawn anew through the middles of its own normals.
ROUNDS = 2
MIDLINE_DEGREE = 3
#: Steps to the point where a normal meets a border, and the share of its length within which it has met it.
NEWTON_STEPS = 3
FOOT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Profile:
    """Thickness along a region.

    Attributes:
        superficial: Where each normal of the mid-line meets the superficial border, (n, 2) as (x, y).
        deep: Where it meets the deep border.
        lengths: Of the normals, (n,).
        share: Part of the region's columns that the feet of the normals stand over.
        direction: Unit vector from the first to the last point of the mid-line.
    """

    superficial: Floats
    deep: Floats
    lengths: Floats
    share: float
    direction: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Polynomial:
    """A polynomial of (x - center) / half.

    Attributes:
        center: Middle of the points that it was fitted to.
        half: Half their range.
        coefficients: From the constant upward.
    """

    center: float
    half: float
    coefficients: Floats

    @classmethod
    def fitted(cls, x: Floats, y: Floats, degree: int) -> Polynomial:
        """Return the polynomial of least squares."""
        low, high = float(x.min()), float(x.max())
        center, half = (low + high) / 2, (high - low) / 2
        powers = np.vander((x - center) / half, degree + 1, increasing=True)
        return cls(center, half, np.asarray(np.linalg.solve(powers.T @ powers, powers.T @ y), dtype=np.float64))

    def at(self, x: Floats) -> Floats:
        """Return the values at x."""
        powers = np.vander((x - self.center) / self.half, self.coefficients.size, increasing=True)
        return np.asarray(powers @ self.coefficients)

    def slope(self, x: Floats) -> Floats:
        """Return the derivative at x."""
        powers = np.vander((x - self.center) / self.half, self.coefficients.size - 1, increasing=True)
        return np.asarray(powers @ (self.coefficients[1:] * np.arange(1, self.coefficients.size) / self.half))


@dataclass(frozen=True, slots=True)
class Border:
    """A border as a smooth function of x.

    Attributes:
        x: Positions of the columns, ascending.
        y: Of the border in each column.
        slope: dy/dx in each column.
    """

    x: Floats
    y: Floats
    slope: Floats


def thickness_profile(x: Floats, superficial: Floats, deep: Floats) -> Profile | None:
    """Return the thickness along the normals of the mid-line, or None where no normal meets both borders.

    The mid-line is the cubic through the middles of its own normals: it halves each of them, as the bisector of a wedge
    and the middle arc between two arcs do. A normal counts when it meets both borders where they are seen.

    Args:
        x: Positions of the columns, ascending and evenly spaced, (n,).
        superficial: The border of each column that is closer to the skin, (n,); NaN where it is not seen.
        deep: The other border.
    """
    runs = _border_runs(x, superficial, deep)
    if runs is None:
        return None
    upper, lower = (_smooth_border(x[run], y[run]) for run, y in zip(runs, (superficial, deep), strict=True))
    shared = slice(max(run.start for run in runs), min(run.stop for run in runs))
    columns = x[shared]
    midline = Polynomial.fitted(columns, (superficial + deep)[shared] / 2, MIDLINE_DEGREE)
    for _ in range(ROUNDS):
        starts, stops = _feet(midline, columns, upper, lower)
        if len(starts) < FEWEST_COLUMNS:
            return None
        middles = (starts + stops) / 2
        midline = Polynomial.fitted(middles[:, 0], middles[:, 1], MIDLINE_DEGREE)
    starts, stops = _feet(midline, columns, upper, lower)
    return _profile(x, starts, stops) if len(starts) >= FEWEST_COLUMNS else None


def sub_pixel(border: Floats) -> Floats:
    """Return a border given in whole steps, one sample a column, as the smooth curve that it is likely to stand for.

    A curve passes midway between two levels where its staircase takes a single step, so it is straight between such
    steps, and jumps are kept. On a summit or in a trough, between a step up and a step down, it is the parabola that
    the lengths of the runs on either side ask for. It is never more than half a step from what was given.
    """
    steps = np.diff(border)
    single, jump = np.flatnonzero(np.abs(steps) == 1.0), np.flatnonzero(np.abs(steps) > 1.0)
    at, order = np.unique(np.concatenate([single + 0.5, jump, jump + 1.0]), return_index=True)
    if at.size < FEWEST_STEPS:
        return border
    level = np.concatenate([(border[single] + border[single + 1]) / 2, border[jump], border[jump + 1]])[order]
    rise = np.concatenate([steps[single], np.zeros(2 * jump.size)])[order]
    columns = np.arange(border.size, dtype=np.float64)
    curve = np.interp(columns, at, level)
    for end, inner, outside in ((0, 1, columns < at[0]), (-1, -2, columns > at[-1])):
        slope = (level[end] - level[inner]) / (at[end] - at[inner])
        curve[outside] = level[end] + slope * (columns[outside] - at[end])
    half = np.diff(at) / 2
    beside = np.concatenate((half[:1], half, half[-1:]))
    reach = half + beside[:-2] + beside[2:]
    height = np.where(rise[:-1] * rise[1:] < 0, rise[:-1] * half**2 / (reach**2 - half**2), 0.0)
    run = np.clip(np.searchsorted(at, columns) - 1, 0, half.size - 1)
    apart = (columns - (at[:-1] + half)[run]) / half[run]
    curve += height[run] * np.maximum(1.0 - apart**2, 0.0)
    return np.asarray(np.clip(curve, border - 0.5, border + 0.5), dtype=np.float64)


def extent(points: Floats, direction: tuple[float, float]) -> float:
    """Return how far points, (n, 2), spread along a unit vector."""
    along = points @ np.asarray(direction)
    return float(along.max() - along.min())


def smooth_ring(ring: Floats) -> Floats:
    """Return a closed ring of points, (n, 2), without the staircase that pixels make of a slanted line.

    Its points are evenly spaced and smoothed by local parabolas; the last one is the first one, as in what is given.
    """
    steps = np.hypot(*np.diff(ring, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    even = np.linspace(0.0, along[-1], len(ring))[:-1]
    kernel, _ = _parabolas(_window(even.size, RING_SMOOTHING))
    half = kernel.size // 2
    smooth = []
    for axis in (0, 1):
        points = np.interp(even, along, ring[:, axis])
        smooth.append(np.convolve(np.pad(points, (half, half + 1), mode="wrap"), kernel, mode="valid"))
    return np.column_stack(smooth)


def perimeter(ring: Floats) -> float:
    """Return the length of a closed ring of points, (n, 2), whose last point is the first one."""
    return float(np.hypot(*np.diff(ring, axis=0).T).sum())


def _profile(x: Floats, starts: Floats, stops: Floats) -> Profile:
    """Return the profile of normals with the given feet, over the columns x."""
    middles = (starts + stops) / 2
    run = middles[-1] - middles[0]
    direction = run / np.hypot(*run)
    feet = np.concatenate([starts[:, 0], stops[:, 0]])
    step = x[1] - x[0]
    return Profile(
        superficial=starts,
        deep=stops,
        lengths=np.hypot(*(stops - starts).T),
        share=min(1.0, float((feet.max() - feet.min() + step) / (x[-1] - x[0] + step))),
        direction=(float(direction[0]), float(direction[1])),
    )


def _border_runs(x: Floats, superficial: Floats, deep: Floats) -> tuple[slice, slice] | None:
    """Return the columns over which each border follows the mid-line, or None when too few do."""
    middle = (superficial + deep) / 2
    seen = np.flatnonzero(np.isfinite(middle))
    margin = round(GUESS_MARGIN * seen.size)
    inner = seen[margin : seen.size - margin]
    if inner.size < FEWEST_COLUMNS // 2:
        return None
    course = np.arctan(Polynomial.fitted(x[inner], middle[inner], 2).slope(x))
    center = int(inner[inner.size // 2])
    upper, lower = (_run_around(center, _turned(x, border, course), x.size) for border in (superficial, deep))
    shared = min(upper.stop, lower.stop) - max(upper.start, lower.start)
    return (upper, lower) if shared >= FEWEST_COLUMNS else None


def _turned(x: Floats, border: Floats, course: Floats) -> NDArray[np.int64]:
    """Return the columns in which a border is not seen or turns away from the course, an angle in each column."""
    reach = max(2, round(SLOPE_SHARE * x.size))
    index = np.arange(x.size)
    after, before = np.minimum(index + reach, x.size - 1), np.maximum(index - reach, 0)
    angle = np.arctan((border[after] - border[before]) / (x[after] - x[before]))
    return np.flatnonzero(~(np.abs(angle - course) <= END_ANGLE))


def _run_around(center: int, stops: NDArray[np.int64], size: int) -> slice:
    """Return the indices around `center` up to the nearest of `stops`, ascending; empty when it is one of them."""
    place = int(np.searchsorted(stops, center))
    if place < stops.size and stops[place] == center:
        return slice(center, center)
    return slice(int(stops[place - 1]) + 1 if place else 0, int(stops[place]) if place < stops.size else size)


def _smooth_border(x: Floats, y: Floats) -> Border:
    kernel, ends = _parabolas(min(_window(y.size, BORDER_SMOOTHING), y.size - 1 + y.size % 2))
    window = kernel.size
    smooth = np.concatenate([
        ends @ y[:window], np.convolve(y, kernel, mode="valid"), (ends @ y[: -window - 1 : -1])[::-1],
    ])  # fmt: skip
    return Border(x, smooth, np.gradient(smooth, x[1] - x[0]))


def _window(samples: int, share: float) -> int:
    """Return the odd width of a smoothing window."""
    return max(SMALLEST_WINDOW, 2 * (round(share * samples) // 2) + 1)


@lru_cache(maxsize=64)
def _parabolas(window: int) -> tuple[Floats, Floats]:
    """Return the kernel that fits a parabola around each sample, and the matrix that fits one to the first samples.

    The kernel, (window,), gives the parabola's value at the middle sample (Savitzky and Golay, 1964); the matrix,
    (window // 2, window), its values at the samples before the middle.
    """
    powers = (np.arange(window) / window)[:, None] ** np.arange(3)
    hat = powers @ np.linalg.pinv(powers)
    half = window // 2
    return hat[half], hat[:half]


def _feet(midline: Polynomial, columns: Floats, upper: Border, lower: Border) -> tuple[Floats, Floats]:
    """Return where the normals of a mid-line over some columns meet the borders, of those that meet both, (n, 2)."""
    dense = np.linspace(columns[0], columns[-1], NORMALS)
    along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(dense), np.diff(midline.at(dense))))))
    x = np.interp(np.linspace(0.0, along[-1], NORMALS), along, dense)
    y, slope = midline.at(x), midline.slope(x)
    length = np.hypot(1.0, slope)
    lines = (x, y, -slope / length, 1.0 / length)
    (up, up_miss), (down, down_miss) = (_distance(lines, border) for border in (upper, lower))
    met = np.maximum(up_miss, down_miss) <= FOOT_TOLERANCE * (down - up)
    at, normal = (np.column_stack(pair)[met] for pair in (lines[:2], lines[2:]))
    return at + up[met, None] * normal, at + down[met, None] * normal


def _distance(lines: tuple[Floats, Floats, Floats, Floats], border: Border) -> tuple[Floats, Floats]:
    """Return the signed distance to a border along lines (x, y, dx, dy), and how far their ends miss what is seen."""
    x, y, across, down = lines
    distance = (np.interp(x, border.x, border.y) - y) * down
    for _ in range(NEWTON_STEPS):
        foot = x + distance * across
        rate = down - np.interp(foot, border.x, border.slope) * across
        gap = y + distance * down - np.interp(foot, border.x, border.y)
        distance = distance - gap / np.where(np.abs(rate) > FOOT_TOLERANCE, rate, np.inf)
    foot = x + distance * across
    beyond = np.maximum(np.maximum(border.x[0] - foot, foot - border.x[-1]), 0.0)
    return distance, beyond + np.abs(y + distance * down - np.interp(foot, border.x, border.y))
