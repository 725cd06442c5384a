"""Balance of the thigh muscles, as numbers ready for SVG: back to front beside published tertiles, right to left."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.report.charts import PLOT_WIDTH, BarChart, BarRow, bar, bar_sides, ticks
from myoscope.report.wording import NO_NUMBER, number, quantity_title, quantity_words, structure_title, unit_text
from myoscope.thigh.groups import PA_TERTILES

if TYPE_CHECKING:
    from myoscope.data.measurement import Measurement
    from myoscope.data.result import CaseResult

TERTILE_SOURCE = (
    f"tertiles of 24,670 people of UK Biobank: low below {PA_TERTILES[0]}, middle to {PA_TERTILES[1]}, high above"
)
#: The axis of the ratio reaches at least so far, so that its middle tertile is about a quarter of it.
RATIO_AXIS = (0.3, 0.6)
#: The axis of asymmetry reaches at least so far to the sides that it needs, in percent.
ASYMMETRY_AXIS = 5.0
#: Room beyond the outermost value, as a share of what an axis spans.
HEADROOM = 0.08
LEFT, RIGHT, TOP, BOTTOM, LANE = 116, 44, 24, 44, 34
#: Between a cut and the name beside it, and the room that a name within a band needs.
BAND_GAP, BAND_NAME_WIDTH = 6, 56
COLOR = "#0b5d6b"
#: Quantities of whole thighs that have a bar a side.
BARS = ("tmv", "tvi")


@dataclass(frozen=True, slots=True)
class Lane:
    """One value on its own line of a chart: a dot that is hollow when the value is incomplete.

    Attributes:
        title: Side or muscle group.
        y: Height of the line.
        x: Place of the dot; None for what has no number.
        text: The number.
        complete: Whether the dot is full.
    """

    title: str
    y: float
    x: float | None
    text: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the axis; its name stands above it, at `text_x`, to which `anchor` is the name's start or end."""

    x: float
    width: float
    text: str
    text_x: float
    anchor: str


@dataclass(frozen=True, slots=True)
class DotChart:
    """Values on one axis.

    Attributes:
        title: What is shown.
        axis: Quantity and unit, below the axis.
        alt: The chart in words.
        height: Of the picture.
        lanes: From top to bottom.
        ticks: Places and texts.
        bands: Published ranges; empty without any.
        zero: Where lines to the dots begin; None for dots without lines.
        method: How the values came to be.
        reasons: Why dots are hollow or missing, one sentence each.
    """

    title: str
    axis: str
    alt: str
    height: float
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    bands: tuple[Band, ...]
    zero: float | None
    method: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """What the section shows: bars of whole thighs, and charts of ratio and asymmetry as far as they were measured."""

    bars: BarChart
    charts: tuple[DotChart, ...]


def balance(result: CaseResult) -> Balance | None:
    """Return the balance of the thigh muscles from the rows of whole thighs and groups; None without any."""
    bars = _thigh_bars(result)
    charts = (*_ratio(result), *_asymmetry(result))
    return Balance(bars, charts) if bars.rows or charts else None


def _thigh_bars(result: CaseResult) -> BarChart:
    found = {quantity: _beyond_structures(result, quantity) for quantity in BARS}
    sides = bar_sides([row for rows in found.values() for row in rows])
    shown = []
    for quantity, rows in found.items():
        by_side = {row.side: row for row in rows if row.side in sides}
        longest = max((row.value for row in by_side.values() if math.isfinite(row.value)), default=0.0)
        bars = tuple(bar(by_side[side], longest) if side in by_side else None for side in sides)
        if any(bars):
            unit = unit_text(next(iter(by_side.values())).unit)
            shown.append(BarRow(f"{quantity_title(quantity)}, {unit}", COLOR, bars))
    return BarChart(sides, tuple(shown), "Whole thigh", "Each quantity relative to its larger side.")


def _ratio(result: CaseResult) -> Iterator[DotChart]:
    rows = _beyond_structures(result, "pa_ratio")
    if not rows:
        return
    axis = _Axis(rows, RATIO_AXIS)
    low, high = (axis.place(cut) for cut in PA_TERTILES)
    start, stop = axis.place(axis.start), axis.place(axis.stop)
    width = round(high - low, 1)
    bands = (
        Band(start, round(low - start, 1), f"low < {PA_TERTILES[0]}", low - BAND_GAP, "end"),
        Band(low, width, "middle" if width >= BAND_NAME_WIDTH else "", round((low + high) / 2, 1), "middle"),
        Band(high, round(stop - high, 1), f"high > {PA_TERTILES[1]}", high + BAND_GAP, "start"),
    )
    yield _chart(rows, axis, title_of=lambda row: row.side.capitalize(), bands=bands)


def _asymmetry(result: CaseResult) -> Iterator[DotChart]:
    rows = _beyond_structures(result, "lr_asymmetry")
    if not rows:
        return
    finite = [row.value for row in rows if math.isfinite(row.value)]
    signed = any(value < 0 for value in finite)
    axis = _Axis(rows, (-ASYMMETRY_AXIS if signed else 0.0, ASYMMETRY_AXIS))
    yield _chart(rows, axis, title_of=_group_title, zero=axis.place(0.0))


def _group_title(row: Measurement) -> str:
    return structure_title(row.structure.rpartition(":")[2])


def _beyond_structures(result: CaseResult, quantity: str) -> list[Measurement]:
    """Return the rows of a quantity of whole thighs and groups: single structures would be too many."""
    structures = result.segmentation.structures
    return [row for row in result.measurements.select(quantity=quantity) if row.structure not in structures]


class _Axis:
    """Places of values between the margins of a chart; it reaches at least over `least`."""

    def __init__(self, rows: list[Measurement], least: tuple[float, float]) -> None:
        finite = [row.value for row in rows if math.isfinite(row.value)]
        low, high = min(finite, default=least[0]), max(finite, default=least[1])
        room = (max(high, least[1]) - min(low, least[0])) * HEADROOM
        self.start = least[0] if low >= least[0] else low - room
        self.stop = least[1] if high <= least[1] else high + room

    def place(self, value: float) -> float:
        share = (value - self.start) / (self.stop - self.start)
        return round(LEFT + share * (PLOT_WIDTH - LEFT - RIGHT), 1)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        found = ticks(self.start, self.stop)
        return tuple((self.place(v), f"{v:g}".replace("-", "\N{MINUS SIGN}")) for v in found)


def _chart(
    rows: list[Measurement],
    axis: _Axis,
    *,
    title_of: Callable[[Measurement], str],
    bands: tuple[Band, ...] = (),
    zero: float | None = None,
) -> DotChart:
    first = rows[0]
    lanes = tuple(_lane(row, axis, title_of(row), n) for n, row in enumerate(rows))
    reasons: dict[str, list[str]] = {}
    for row, lane in zip(rows, lanes, strict=True):
        if not row.complete:
            reasons.setdefault(row.reason, []).append(lane.title)
    told = [f"{lane.title} {lane.text}{'' if lane.complete else ' (incomplete)'}" for lane in lanes]
    published = f"; {TERTILE_SOURCE}" if bands else ""
    unit = f" ({unit_text(first.unit)})" if unit_text(first.unit) else ""
    return DotChart(
        title=quantity_title(first.quantity),
        axis=f"{quantity_words(first.quantity)}{unit}",
        alt=f"{quantity_title(first.quantity)}{unit}: {', '.join(told)}{published}",
        height=TOP + LANE * len(rows) + BOTTOM,
        lanes=lanes,
        ticks=axis.ticks(),
        bands=bands,
        zero=zero,
        method=first.method,
        reasons=tuple(f"{', '.join(titles)}: {reason}" for reason, titles in reasons.items()),
    )


def _lane(row: Measurement, axis: _Axis, title: str, position: int) -> Lane:
    text = number(row.value, row.unit)
    x = None if text == NO_NUMBER else axis.place(row.value)
    return Lane(title, TOP + LANE * (position + 0.5), x, text, row.complete)
