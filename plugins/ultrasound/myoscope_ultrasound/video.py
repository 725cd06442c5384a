"""From what each frame of a video gave to one number: which frames count, their median, the largest of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope import FrameValue, LengthUnit, Measurement, Side
from myoscope.qc.coverage import CUT
from myoscope_ultrasound.aponeuroses import MUSCLE
from myoscope_ultrasound.limits import FEWEST_FRAMES, JUMP_SDS, JUMP_SHARE, LOW_CONFIDENCE, NEIGHBORS
from myoscope_ultrasound.quantities import Quantity, quantities_of
from myoscope_ultrasound.reading import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

#: Quantities that are given for every frame, and whose spread over the frames is given.
FRAME_QUANTITIES = ("thickness", "csa", "echo_intensity")
#: The median of absolute differences times this is the SD of normal differences.
SD_PER_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Video:
    """What each frame gave.

    Attributes:
        readings: Muscle -> one reading a frame.
        times_s: Of each frame, since the first one.
        confidence: The model's own in each frame; empty for labels that a person gave.
        unit: mm, or px without a scale.
        source: Where the scale came from, in words.
    """

    readings: Mapping[str, Sequence[Reading]]
    times_s: tuple[float, ...]
    confidence: tuple[float, ...]
    unit: LengthUnit
    source: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a video comes to.

    Attributes:
        rows: Muscle -> its rows.
        frames: What each frame gave and why it does not count, frame by frame.
        shown_frame: The frame that stands for the video: with the largest cross-section, or, of a longitudinal muscle,
            with the thickness closest to the median; the first one when none counts.
    """

    rows: Mapping[str, tuple[Measurement, ...]]
    frames: tuple[FrameValue, ...]
    shown_frame: int


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity of one muscle over all frames.

    Attributes:
        quantity: Which.
        values: One a frame; NaN where it has none.
        reasons: Why a frame does not count; empty for one that does.
        counts: The frames that its summary is taken of.
        partial: Why the summary is incomplete; empty when it is not.
    """

    quantity: Quantity
    values: Floats
    reasons: tuple[str, ...]
    counts: Mask
    partial: str


def summarize(video: Video) -> Summary:
    """Return medians over the frames that count, the largest cross-section, and every frame's own values."""
    found = {muscle: _all_series(video, muscle) for muscle in video.readings}
    rows = {
        muscle: tuple(row for one in series for row in _rows(video, muscle, one)) for muscle, series in found.items()
    }
    frames = [
        value
        for muscle, series in found.items()
        for one in series
        if one.quantity.name in FRAME_QUANTITIES
        for value in _frame_values(video, muscle, one)
    ]
    return Summary(rows, tuple(sorted(frames, key=lambda value: value.frame)), _shown_frame(found))


def jumps(values: Floats) -> Mask:
    """Return which values of a series stand out from those around them; NaN neither counts nor stands out.

    A value stands out when it differs from the median of its neighbors and itself by more than a share of that median
    and by more than a number of robust SDs of all such differences.
    """
    known = np.isfinite(values)
    found = np.zeros(values.shape, dtype=np.bool_)
    if np.count_nonzero(known) < FEWEST_FRAMES:
        return found
    padded = np.pad(values, NEIGHBORS, constant_values=math.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBORS + 1)[known]
    typical = np.nanmedian(around, axis=1)
    apart = np.abs(values[known] - typical)
    found[known] = apart > np.maximum(JUMP_SHARE * typical, JUMP_SDS * SD_PER_MAD * np.median(apart))
    return found


def _values(readings: Sequence[Reading], quantity: str) -> Floats:
    return np.array([reading.values.get(quantity, math.nan) for reading in readings])


def _rejected(video: Video, muscle: str) -> list[str]:
    """Return why each frame does not count for a muscle; empty for one that does."""
    readings = video.readings[muscle]
    reasons = [reading.missing for reading in readings]
    for index, confidence in enumerate(video.confidence):
        if not reasons[index] and confidence < LOW_CONFIDENCE:
            reasons[index] = f"confidence {confidence:.2f} is below {LOW_CONFIDENCE}"
    for quantity in ("thickness", "csa"):
        rejected = np.array([bool(reason) for reason in reasons])
        for index in np.flatnonzero(jumps(np.where(rejected, math.nan, _values(readings, quantity)))).tolist():
            reasons[index] = f"{quantity} jumps away from the frames around it"
    return reasons


def _all_series(video: Video, muscle: str) -> tuple[Series, ...]:
    """Return every quantity that each frame gives; one that all frames give in part is summed up from those parts."""
    rejected = _rejected(video, muscle)
    readings = video.readings[muscle]
    found = []
    for quantity in quantities_of(muscle, video.unit):
        if not quantity.in_every_frame:
            continue
        values = _values(readings, quantity.name)
        problems = [reading.problems.get(quantity.name, "") for reading in readings]
        reasons = tuple(why or problem for why, problem in zip(rejected, problems, strict=True))
        usable = np.isfinite(values) & np.array([not why for why in rejected])
        counts = usable & np.array([not reason for reason in reasons])
        if not counts.any():
            counts = usable
        found.append(Series(quantity, values, reasons, counts, _partial(reasons, counts)))
    return tuple(found)


def _partial(reasons: Sequence[str], counts: Mask) -> str:
    """Return why a summary of the frames that count is incomplete: the most frequent reason."""
    if not counts.any():
        return f"no frame counts, most often: {Counter(reasons).most_common(1)[0][0]}"
    return Counter(reason for reason, counted in zip(reasons, counts, strict=True) if counted).most_common(1)[0][0]


def _frame_values(video: Video, muscle: str, series: Series) -> list[FrameValue]:
    confidence = video.confidence or (math.nan,) * len(video.times_s)
    return [
        FrameValue(
            frame=index,
            time_s=time,
            structure=muscle,
            quantity=series.quantity.name,
            value=float(series.values[index]),
            unit=series.quantity.unit(video.unit),
            confidence=confidence[index],
            reason=series.reasons[index],
        )
        for index, time in enumerate(video.times_s)
    ]


def _rows(video: Video, muscle: str, series: Series) -> list[Measurement]:
    """Return the median of a quantity, its spread if it is a chief one, and the largest cross-section."""
    quantity, values = series.quantity, series.values[series.counts]
    over = f"{values.size} of {series.values.size} frames, in each: {quantity.method}"
    numbers = [(quantity.name, _percentile(values, 50), f"median of {over}", series.partial)]
    if quantity.name in FRAME_QUANTITIES:
        spread = _percentile(values, 75) - _percentile(values, 25)
        numbers.append((f"{quantity.name}_iqr", spread, f"interquartile range of {over}", series.partial))
    if quantity.name == "csa":
        numbers.append(("csa_max", *_largest(video, series)))
    return [
        Measurement(
            structure=muscle,
            side=Side.BOTH,
            quantity=name,
            value=number,
            unit=quantity.unit(video.unit),
            method=f"{method}; {video.source}",
            complete=not reason,
            reason=reason,
        )
        for name, number, method, reason in numbers
    ]


def _percentile(values: Floats, share: float) -> float:
    return float(np.percentile(values, share)) if values.size else math.nan


def _largest(video: Video, series: Series) -> tuple[float, str, str]:
    """Return the largest cross-section of the frames that count, its method, and why it may not be the largest."""
    if not series.counts.any():
        return math.nan, f"largest of no frame, {series.quantity.method}", series.partial
    index = int(np.argmax(np.where(series.counts, series.values, -math.inf)))
    method = f"largest of {np.count_nonzero(series.counts)} frames, frame {index} at {video.times_s[index]:.2f} s"
    cut = [not series.counts[i] and reason.startswith(CUT) for i, reason in enumerate(series.reasons)]
    beyond = np.flatnonzero(cut & (series.values > series.values[index])).tolist()
    reason = series.partial or (f"frame {beyond[0]} shows more and is {series.reasons[beyond[0]]}" if beyond else "")
    return float(series.values[index]), f"{method}: {series.quantity.method}", reason


def _shown_frame(found: Mapping[str, Sequence[Series]]) -> int:
    wanted = "thickness" if MUSCLE in found else "csa"
    chosen = [one for series in found.values() for one in series if one.quantity.name == wanted]
    counts = [one for one in chosen if one.counts.any()]
    if not counts:
        return 0
    total = np.sum([np.where(one.counts, one.values, 0.0) for one in counts], axis=0)
    if wanted == "csa":
        return int(total.argmax())
    only = counts[0]
    apart = np.where(only.counts, np.abs(only.values - np.median(only.values[only.counts])), math.inf)
    return int(apart.argmin())
