"""Charts of a case, as numbers ready for SVG: bars by side and area along the body."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from myoscope.anatomy import Side, Structure
from myoscope.report.wording import NO_NUMBER, color_text, number, structure_title

if TYPE_CHECKING:
    from myoscope.data.measurement import Measurement
    from myoscope.data.result import CaseResult, SliceRow

SIDES = (Side.RIGHT, Side.LEFT, Side.BOTH, Side.MIDLINE)
#: So many lines are readable at once; the others wait in the legend.
LINES_SHOWN = 8
#: Lines lighter than this are darkened to stand out on white (relative luminance).
MAX_LUMINANCE = 0.35
PLOT_WIDTH, PLOT_HEIGHT = 520, 330
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 22, 44
TICKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its length in percent of the longest, and its number as text."""

    percent: float
    text: str
    complete: bool
    reason: str


@dataclass(frozen=True, slots=True)
class BarRow:
    """The bars of one muscle, a bar a side; a side without a measurement is None."""

    title: str
    color: str
    bars: tuple[Bar | None, ...]


@dataclass(frozen=True, slots=True)
class BarChart:
    """Values by side: of each muscle, or of whole thighs.

    Attributes:
        sides: Sides that have a bar.
        rows: Empty when there is nothing to show.
        heading: What a row is.
        caption: Quantity and unit, one sentence.
    """

    sides: tuple[Side, ...]
    rows: tuple[BarRow, ...]
    heading: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One structure's line: SVG path data, and where its abbreviation stands."""

    name: str
    title: str
    abbreviation: str
    color: str
    shown: bool
    path: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Panel:
    """The lines of one side."""

    side: Side
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class LineChart:
    """Area along the body axis; panels share both axes, whose ticks are (place, text)."""

    panels: tuple[Panel, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def line_color(structure: Structure) -> str:
    """Return a structure's color, darkened where it would not stand out on white."""
    color = [float(c) for c in structure.color]
    weights = (0.2126, 0.7152, 0.0722)
    while sum(w * (c / 255) ** 2.2 for w, c in zip(weights, color, strict=True)) > MAX_LUMINANCE:
        color = [c * 0.92 for c in color]
    return "#{:02x}{:02x}{:02x}".format(*(round(c) for c in color))


def volume_bars(result: CaseResult) -> BarChart:
    """Return a bar a muscle and side from the `volume` rows; empty when there are none."""
    return _muscle_bars(result, "volume", "Volume in mL.")


def fat_bars(result: CaseResult) -> BarChart:
    """Return a bar a muscle and side from the `fat_fraction_of_sums` rows; empty when there are none."""
    return _muscle_bars(result, "fat_fraction_of_sums", "Fat fraction in %; the longest bar is the largest fraction.")


def _muscle_bars(result: CaseResult, quantity: str, caption: str) -> BarChart:
    structures = result.segmentation.structures
    muscles = {s.name: s for s in structures if s.kind == "muscle"}
    rows = [row for row in result.measurements.select(quantity=quantity) if row.structure in muscles]
    sides = bar_sides(rows)
    rows = [row for row in rows if row.side in sides]
    longest = max((row.value for row in rows if math.isfinite(row.value)), default=0.0)
    found = {(row.structure, row.side): bar(row, longest) for row in rows}
    shown = tuple(
        BarRow(structure_title(name), color_text(muscle), tuple(found.get((name, side)) for side in sides))
        for name, muscle in muscles.items()
        if any(found.get((name, side)) for side in sides)
    )
    return BarChart(sides, shown, "Muscle", caption)


def bar_sides(rows: list[Measurement]) -> tuple[Side, ...]:
    """Return the sides that have bars of their own: both together only where they are not split."""
    sides = tuple(side for side in SIDES if any(row.side == side for row in rows))
    split = {Side.RIGHT, Side.LEFT} & set(sides)
    return tuple(side for side in sides if not split or side is not Side.BOTH)


def bar(row: Measurement, longest: float) -> Bar | None:
    """Return the bar of a row beside one as long as `longest`; None for what has no number."""
    text = number(row.value, row.unit)
    if text == NO_NUMBER or longest <= 0:
        return None
    return Bar(round(max(100 * row.value / longest, 0.0), 2), text, row.complete, row.reason)


def area_lines(result: CaseResult) -> LineChart:
    """Return area along the body axis for every muscle in `slices`, the largest ones shown at first."""
    structures = result.segmentation.structures
    rows = [row for row in result.slices if row.structure in structures and structures[row.structure].kind == "muscle"]
    if not any(row.area_cm2 > 0 for row in rows):
        return LineChart((), (), ())
    axes = _Axes(rows)
    shown = _largest(rows)
    panels = []
    for side in SIDES:
        lines = tuple(
            _line(structure, own, axes, shown=structure.name in shown)
            for structure in structures
            if (own := [row for row in rows if row.structure == structure.name and row.side == side])
        )
        if lines:
            panels.append(Panel(side, lines))
    return LineChart(tuple(panels), axes.x_ticks(), axes.y_ticks())


class _Axes:
    """Places in the plot of positions in mm and areas in cm2."""

    def __init__(self, rows: list[SliceRow]) -> None:
        filled = [row for row in rows if row.area_cm2 > 0]
        self.start = min(row.position_mm for row in filled)
        self.stop = max(row.position_mm for row in filled)
        self.top = max(row.area_cm2 for row in filled)

    def x(self, position_mm: float) -> float:
        share = (position_mm - self.start) / ((self.stop - self.start) or 1.0)
        return round(LEFT + share * (PLOT_WIDTH - LEFT - RIGHT), 1)

    def y(self, area_cm2: float) -> float:
        return round(PLOT_HEIGHT - BOTTOM - area_cm2 / self.top * (PLOT_HEIGHT - TOP - BOTTOM), 1)

    def x_ticks(self) -> tuple[tuple[float, str], ...]:
        return tuple((self.x(v), f"{v:g}".replace("-", "\N{MINUS SIGN}")) for v in ticks(self.start, self.stop))

    def y_ticks(self) -> tuple[tuple[float, str], ...]:
        return tuple((self.y(v), f"{v:g}") for v in ticks(0.0, self.top))


def ticks(start: float, stop: float) -> tuple[float, ...]:
    """Return round numbers from `start` to `stop`, at most about six."""
    if stop <= start:
        return (start,)
    raw = (stop - start) / TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= raw)
    first, last = math.ceil(start / step - 1e-9), math.floor(stop / step + 1e-9)
    return tuple(round(n * step, 9) + 0.0 for n in range(first, last + 1))


def _largest(rows: list[SliceRow]) -> set[str]:
    """Return the structures with most area over all slices; the sums only rank them and are never shown."""
    sums: dict[str, float] = {}
    for row in rows:
        sums[row.structure] = sums.get(row.structure, 0.0) + row.area_cm2
    return set(sorted(sums, key=lambda name: (-sums[name], name))[:LINES_SHOWN])


def _line(structure: Structure, rows: list[SliceRow], axes: _Axes, *, shown: bool) -> Line:
    rows = sorted((row for row in rows if row.area_cm2 > 0), key=lambda row: row.slice) or rows[:1]
    commands = [f"M{axes.x(rows[0].position_mm)} {axes.y(rows[0].area_cm2)}"]
    for before, row in pairwise(rows):
        gap = row.slice - before.slice > 1
        commands.append(f"{'M' if gap else 'L'}{axes.x(row.position_mm)} {axes.y(row.area_cm2)}")
    peak = max(rows, key=lambda row: row.area_cm2)
    return Line(
        name=structure.name,
        title=structure_title(structure.name),
        abbreviation=structure.abbreviation,
        color=line_color(structure),
        shown=shown,
        path="".join(commands),
        label_x=min(max(axes.x(peak.position_mm), LEFT + 16), PLOT_WIDTH - RIGHT - 16),
        label_y=axes.y(peak.area_cm2) - 5,
    )
