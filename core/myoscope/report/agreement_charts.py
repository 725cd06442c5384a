"""Charts of agreement, as numbers ready for SVG: scatter, differences against means, heat map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from myoscope.data.agreement import Agreement, CorrelationCell, CorrelationTable, Estimate, Line
from myoscope.report.charts import ticks
from myoscope.report.wording import NO_NUMBER, significant

PLOT_WIDTH, PLOT_HEIGHT = 560, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 50
#: Room for the names of the lines, right of the differences.
NAMES = 118
#: Share of a range that is left free at either end.
MARGIN = 0.05
#: Two ranges that share at least this part of what they span are drawn on equal axes.
SAME_SCALE = 0.5
#: Colors that most color-blind people tell apart (Okabe & Ito 2008), dark enough on white.
PALETTE = ("#0072b2", "#d55e00", "#00795a", "#a6467c", "#8a6d00", "#2b2b2b")
CELL_WIDTH, CELL_HEIGHT, LETTER = 66, 30, 8.2
POSITIVE, NEGATIVE = (178, 24, 43), (33, 102, 172)
#: Cells stronger than this have white text.
DARK = 0.72
SIGNIFICANCE = 0.05

Range = tuple[float, float]
Segment = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the values of two ranges lie in a plot."""

    x: Range
    y: Range
    right: float = PLOT_WIDTH - RIGHT

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a value."""
        return (
            round(LEFT + (x - self.x[0]) / (self.x[1] - self.x[0]) * (self.right - LEFT), 1),
            round(PLOT_HEIGHT - BOTTOM - (y - self.y[0]) / (self.y[1] - self.y[0]) * (PLOT_HEIGHT - TOP - BOTTOM), 1),
        )

    def line(self, slope: float, intercept: float) -> Segment | None:
        """Return a line clipped to the plot; None where it does not cross it."""
        ends = [(x, slope * x + intercept) for x in self.x]
        if slope:
            ends += [((y - intercept) / slope, y) for y in self.y]
        inside = sorted((x, y) for x, y in ends if _within(x, self.x) and _within(y, self.y))
        return (*self.at(*inside[0]), *self.at(*inside[-1])) if inside else None

    def x_ticks(self) -> list[tuple[float, str]]:
        """Return (place, text) of round numbers."""
        return [(self.at(v, self.y[0])[0], _tick(v)) for v in ticks(*self.x)]

    def y_ticks(self) -> list[tuple[float, str]]:
        """Return (place, text) of round numbers."""
        return [(self.at(self.x[0], v)[1], _tick(v)) for v in ticks(*self.y)]


@dataclass(frozen=True, slots=True)
class Points:
    """The pairs of one group."""

    title: str
    color: str
    places: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Scatter:
    """y against x with the line of identity and the regression line."""

    frame: Frame
    points: tuple[Points, ...]
    identity: Segment | None
    regression: Segment | None


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with the band of its confidence interval."""

    kind: str
    title: str
    text: str
    y: float
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Differences:
    """Differences against means with bias and limits."""

    frame: Frame
    points: tuple[Points, ...]
    levels: tuple[Level, ...]
    trend: Segment | None
    zero: float | None


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One correlation of the heat map."""

    x: float
    y: float
    fill: str
    ink: str
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """One group's correlations; row and column names with their places."""

    group: str
    width: float
    height: float
    left: float
    top: float
    rows: tuple[tuple[float, str], ...]
    columns: tuple[tuple[float, str], ...]
    cells: tuple[HeatCell, ...]


def scatter(agreement: Agreement) -> Scatter:
    """Return y against x; equal axes when both have much the same range."""
    x, y = _range(agreement.x), _range(agreement.y)
    both = (min(x[0], y[0]), max(x[1], y[1]))
    if min(x[1], y[1]) - max(x[0], y[0]) >= SAME_SCALE * (both[1] - both[0]):
        x = y = both
    frame = Frame(x, y)
    line = agreement.line
    return Scatter(
        frame,
        tuple(_points(title, color, frame, one.x, one.y) for one, title, color in _parts(agreement)),
        frame.line(1.0, 0.0),
        frame.line(line.slope.value, line.intercept.value),
    )


def differences(agreement: Agreement) -> Differences:
    """Return differences against means, with room for every band."""
    found = agreement.bland_altman
    estimates = (found.lower, found.bias, found.upper)
    y = _range([*found.differences, *(end for e in estimates for end in (e.low, e.high)), 0.0])
    frame = Frame(_range(found.means), y, right=PLOT_WIDTH - RIGHT - NAMES)
    kinds = (("limit", "\N{MINUS SIGN}1.96 SD"), ("bias", "bias"), ("limit", "+1.96 SD"))
    return Differences(
        frame,
        tuple(
            _points(title, color, frame, one.bland_altman.means, one.bland_altman.differences)
            for one, title, color in _parts(agreement)
        ),
        tuple(_level(frame, kind, title, estimate) for (kind, title), estimate in zip(kinds, estimates, strict=True)),
        _trend(frame, found.trend),
        frame.at(frame.x[0], 0.0)[1],
    )


def heat_maps(table: CorrelationTable) -> list[HeatMap]:
    """Return a heat map of Pearson's r a group; a star marks p < 0.05 after Holm."""
    left = 14 + LETTER * max(map(len, table.measures))
    top = 14 + LETTER * max(map(len, table.references))
    column = {name: left + index * CELL_WIDTH for index, name in enumerate(table.references)}
    row = {name: top + index * CELL_HEIGHT for index, name in enumerate(table.measures)}
    return [
        HeatMap(
            group,
            round(left + CELL_WIDTH * len(column) + 4, 1),
            round(top + CELL_HEIGHT * len(row) + 4, 1),
            round(left, 1),
            round(top, 1),
            tuple((round(y + CELL_HEIGHT / 2 + 5, 1), name) for name, y in row.items()),
            tuple((round(x + CELL_WIDTH / 2 + 5, 1), name) for name, x in column.items()),
            tuple(
                _heat_cell(cell, round(column[cell.y], 1), round(row[cell.x], 1))
                for cell in table.cells
                if cell.group == group
            ),
        )
        for group in table.groups
    ]


def _heat_cell(cell: CorrelationCell, x: float, y: float) -> HeatCell:
    names = f"{cell.x} and {cell.y}, n = {cell.n}"
    if cell.pearson is None:
        return HeatCell(x, y, "#eef1f3", "#4a5a66", NO_NUMBER, f"{names}: {cell.reason}")
    r = cell.pearson.estimate.value
    strength = min(abs(r), 1.0)
    strong = POSITIVE if r > 0 else NEGATIVE
    fill = "#{:02x}{:02x}{:02x}".format(*(round(255 + (c - 255) * strength) for c in strong))
    star = "*" if cell.pearson_p_holm < SIGNIFICANCE else ""
    text = f"{r:.2f}".replace("-", "\N{MINUS SIGN}") + star
    return HeatCell(x, y, fill, "#ffffff" if strength > DARK else "#14212b", text, f"{names}: r = {text}")


def _parts(agreement: Agreement) -> list[tuple[Agreement, str, str]]:
    """Return what is drawn: every group in its color, above those who are in none."""
    if not agreement.groups:
        return [(agreement, "", PALETTE[0])]
    grouped = [
        (group, f"{group.group} (n = {group.n})", PALETTE[index % len(PALETTE)])
        for index, group in enumerate(agreement.groups)
    ]
    everyone = [(agreement, "in no group below", "#b9c4cb")] if sum(g.n for g in agreement.groups) < agreement.n else []
    return [*everyone, *grouped]


def _points(title: str, color: str, frame: Frame, x: Sequence[float], y: Sequence[float]) -> Points:
    return Points(title, color, tuple(frame.at(a, b) for a, b in zip(x, y, strict=True)))


def _level(frame: Frame, kind: str, title: str, estimate: Estimate) -> Level:
    y, top, bottom = (frame.at(frame.x[0], v)[1] for v in (estimate.value, estimate.high, estimate.low))
    return Level(kind, title, significant(estimate.value), y, top, round(bottom - top, 1))


def _trend(frame: Frame, line: Line) -> Segment | None:
    if math.isnan(line.slope.value):
        return None
    return frame.line(line.slope.value, line.intercept.value)


def _range(values: Sequence[float]) -> Range:
    low, high = min(values), max(values)
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def _within(value: float, span: Range) -> bool:
    slack = 1e-9 * (span[1] - span[0])
    return span[0] - slack <= value <= span[1] + slack


def _tick(value: float) -> str:
    return f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")
