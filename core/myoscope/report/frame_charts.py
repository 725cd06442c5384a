"""Charts of a video, as numbers ready for SVG: each quantity, and the model's confidence, over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from myoscope.report.charts import PLOT_WIDTH, RIGHT, line_color, ticks
from myoscope.report.wording import quantity_words, structure_title, unit_text, with_unit

if TYPE_CHECKING:
    from myoscope.data.frames import FrameValue
    from myoscope.data.measurement import Measurement
    from myoscope.data.result import CaseResult

HEIGHT, LEFT, TOP, BOTTOM = 230, 58, 14, 40
#: Room above the largest and below the least value, as a share of their range.
HEADROOM = 0.08
#: The axis reaches at least so far up and down, as a share of its middle.
LEAST_SHARE = 0.05
CONFIDENCE_COLOR = "#0b5d6b"
#: Half the size of the cross at a rejected frame.
CROSS = 3


@dataclass(frozen=True, slots=True)
class FrameChart:
    """One quantity over time.

    Attributes:
        title: Structure and quantity.
        unit: Of the y axis; empty for the confidence.
        color: Of the line.
        used: SVG path of the line through frames that count; it breaks where one does not.
        dots: SVG path of a dot at each of them.
        crosses: SVG path of a cross at each rejected frame; one without a value stands on the time axis.
        shown_x: Place of the frame that stands for the video.
        level: Height of the summary's line and its number; None when the rows have none.
        method: How the summary came to be, as its row says.
        x_ticks: Places and texts, in seconds.
        y_ticks: Places and texts.
    """

    title: str
    unit: str
    color: str
    used: str
    dots: str
    crosses: str
    shown_x: float
    level: tuple[float, str] | None
    method: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class _Point:
    frame: int
    value: float
    used: bool


@dataclass(frozen=True, slots=True)
class _Series:
    """What a chart shows, before it has places; `limits` is what the y axis spans."""

    title: str
    unit: str
    color: str
    points: list[_Point]
    limits: tuple[float, float]
    summary: Measurement | None = None


def frame_charts(result: CaseResult) -> tuple[FrameChart, ...]:
    """Return a chart a quantity, in the order of the frames' values, then the confidence; none without a video."""
    times = result.scan.times_s
    if not times:
        return ()
    axis = TimeAxis(times)
    rows: dict[tuple[str, str], list[FrameValue]] = {}
    for row in result.measurements.frames:
        rows.setdefault((row.structure, row.quantity), []).append(row)
    series = (*(_values(result, own) for own in rows.values()), *_confidence(result))
    return tuple(_chart(one, axis, result.measurements.shown_frame) for one in series)


class TimeAxis:
    """Places of frames along the time axis that all charts of a video share."""

    def __init__(self, times_s: tuple[float, ...]) -> None:
        self.times_s = tuple(time - times_s[0] for time in times_s)
        self.stop = self.times_s[-1]

    def frame(self, index: int) -> float:
        """Return the place of a frame."""
        return self._place(self.times_s[index])

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Return places and texts, in seconds."""
        return tuple((self._place(second), f"{second:g}") for second in ticks(0.0, self.stop))

    def _place(self, second: float) -> float:
        return round(LEFT + second / (self.stop or 1.0) * (PLOT_WIDTH - LEFT - RIGHT), 1)


def _values(result: CaseResult, rows: list[FrameValue]) -> _Series:
    first, structures = rows[0], result.segmentation.structures
    color = line_color(structures[first.structure]) if first.structure in structures else CONFIDENCE_COLOR
    points = [_Point(row.frame, row.value, not row.reason) for row in rows]
    summary = _summary(result, first)
    title = f"{structure_title(first.structure)}: {quantity_words(first.quantity)}"
    limits = _limits([*(p.value for p in points), *([] if summary is None else [summary.value])])
    return _Series(title, first.unit, color, points, limits, summary)


def _confidence(result: CaseResult) -> Iterator[_Series]:
    confidence = result.segmentation.confidence
    if len(confidence) != len(result.scan.times_s):
        return
    rejected = {row.frame for row in result.measurements.frames if row.reason}
    points = [_Point(index, sure, index not in rejected) for index, sure in enumerate(confidence)]
    yield _Series("The model's own confidence", "", CONFIDENCE_COLOR, points, (0.0, 1.0))


def _summary(result: CaseResult, value: FrameValue) -> Measurement | None:
    """Return the row that sums up a quantity over the frames."""
    rows = result.measurements.select(structure=value.structure, quantity=value.quantity)
    return next((row for row in rows if row.unit == value.unit and math.isfinite(row.value)), None)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return what the y axis spans: all values with some room, so that changes are seen and noise looks small."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    room = max((high - low) * HEADROOM, (low + high) / 2 * LEAST_SHARE - (high - low) / 2) or 1.0
    return low - room, high + room


def _chart(series: _Series, axis: TimeAxis, shown_frame: int) -> FrameChart:
    low, high = series.limits

    def y(value: float) -> float:
        share = (value - low) / (high - low) if math.isfinite(value) else 0.0
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    used = [point for point in series.points if point.used and math.isfinite(point.value)]
    lost = [point for point in series.points if not point.used or not math.isfinite(point.value)]
    places = [(axis.frame(point.frame), y(point.value)) for point in used]
    steps = ["M", *("M" if after.frame - before.frame > 1 else "L" for before, after in pairwise(used))]
    line = "".join(f"{step}{px} {py}" for step, (px, py) in zip(steps[: len(used)], places, strict=True))
    crosses = ((axis.frame(point.frame) - CROSS, y(point.value) - CROSS) for point in lost)
    size, summary = 2 * CROSS, series.summary
    return FrameChart(
        title=series.title,
        unit=unit_text(series.unit),
        color=series.color,
        used=line,
        dots="".join(f"M{px} {py}h0" for px, py in places),
        crosses="".join(f"M{px:.1f} {py:.1f}l{size} {size}m0 -{size}l-{size} {size}" for px, py in crosses),
        shown_x=axis.frame(shown_frame),
        level=None if summary is None else (y(summary.value), with_unit(summary.value, summary.unit)),
        method="" if summary is None else summary.method,
        x_ticks=axis.ticks(),
        y_ticks=tuple((y(v), f"{v:g}".replace("-", "\N{MINUS SIGN}")) for v in ticks(low, high)),
    )
