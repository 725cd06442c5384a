"""The frames of a picture or video as people look at them: the one shown, those rejected, and what a pixel is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.data.grid import PICTURE_AXES, LengthUnit
from myoscope.report.marks import scale_bar_length
from myoscope.report.wording import quantity_words, structure_title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from myoscope.data.frames import Caliper, View
    from myoscope.data.result import CaseResult
    from myoscope.data.scan import Scan

#: A picture without a scale has a bar of so many pixels where they fit.
PIXEL_BAR = 100.0
#: Gray values of 8 bits are shown as they are, because echo intensity counts on them.
BYTE_LIMITS = (0.0, 255.0)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it is shown.

    Attributes:
        index: From 0, as in `frames.csv`.
        count: Frames of the video; 1 for a picture.
        time_s: Time since the first frame; None for a picture.
        image: Shape (rows, columns), the scan's first channel, whole.
        labels: The same shape.
        spacing: Distance of rows, distance of columns, in `unit`.
        unit: `mm`, or `px` without a scale.
        view: The part that shows tissue; None when that is the whole picture, or not known.
        calipers: Where lengths were measured in this frame.
    """

    index: int
    count: int
    time_s: float | None
    image: NDArray[Any]
    labels: NDArray[np.uint8]
    spacing: tuple[float, float]
    unit: LengthUnit
    view: View | None
    calipers: tuple[Caliper, ...]

    @property
    def size(self) -> tuple[float, float]:
        """Height and width, from edge to edge, in `unit`."""
        rows, columns = self.image.shape
        return rows * self.spacing[0], columns * self.spacing[1]

    @property
    def scale_bar(self) -> tuple[float, str]:
        """Length of the scale bar in `unit`, and what is written at it."""
        length = scale_bar_length(self.size[1])
        if self.unit is LengthUnit.MM:
            return length, f"{length:g} mm"
        length = min(length, PIXEL_BAR)
        return length, f"{length:g} px, no scale"


@dataclass(frozen=True, slots=True)
class RejectedFrame:
    """A frame that the summary leaves out, for one reason.

    Attributes:
        index: From 0.
        time_s: Time since the first frame.
        what: The quantities that it is rejected for.
        reason: Why.
    """

    index: int
    time_s: float
    what: str
    reason: str


def is_picture(result: CaseResult) -> bool:
    """Tell whether a case is a picture or a video, not a volume."""
    return result.scan.grid.ndim == PICTURE_AXES


def is_video(result: CaseResult) -> bool:
    """Tell whether a case is a video."""
    return is_picture(result) and bool(result.scan.times_s)


def shown_frame(result: CaseResult) -> Frame:
    """Return the picture, or the frame that stands for a video."""
    return frame_at(result, result.measurements.shown_frame if is_video(result) else 0)


def frame_at(result: CaseResult, index: int) -> Frame:
    """Return a frame of a picture or video."""
    scan, times = result.scan, result.scan.times_s
    dx, dy = scan.grid.spacing_mm
    return Frame(
        index,
        len(times) or 1,
        times[index] - times[0] if times else None,
        scan.image[index] if times else scan.image,
        result.segmentation.labels[index] if times else result.segmentation.labels,
        (dy, dx),
        scan.grid.unit,
        part_view(scan),
        tuple(caliper for caliper in result.measurements.calipers if caliper.frame == index),
    )


def gray_limits(image: NDArray[Any]) -> tuple[float, float]:
    """Return the values shown black and white; what is not of 8 bits goes from its least to its largest value."""
    if image.dtype == np.uint8:
        return BYTE_LIMITS
    low, high = float(image.min()), float(image.max())
    return low, high if high > low else low + 1.0


def part_view(scan: Scan) -> View | None:
    """Return the part of a picture that shows tissue; None when that is the whole, or not known."""
    if scan.calibration is None:
        return None
    view = scan.calibration.view
    return None if (view.width, view.height) == scan.grid.size else view


def frame_rate(times_s: tuple[float, ...]) -> float:
    """Return the mean frames a second of a video; one for a single frame, or frames without time between them."""
    seconds = times_s[-1] - times_s[0]
    return (len(times_s) - 1) / seconds if seconds > 0 else 1.0


def rejected_frames(result: CaseResult) -> Iterator[RejectedFrame]:
    """Yield the rejected frames in order, each reason of a frame once, with the quantities that it is about."""
    found: dict[tuple[int, float, str], list[str]] = {}
    for row in result.measurements.frames:
        if row.reason:
            what = f"{structure_title(row.structure)}: {quantity_words(row.quantity)}"
            found.setdefault((row.frame, row.time_s, row.reason), []).append(what)
    for (index, time_s, reason), named in sorted(found.items(), key=lambda item: item[0][0]):
        yield RejectedFrame(index, time_s, ", ".join(named), reason)


def scale_sentence(scan: Scan) -> str:
    """Return what a pixel of a picture is worth and what says so."""
    source = f" ({scan.calibration.source})" if scan.calibration else ""
    if scan.grid.unit is LengthUnit.PX:
        return f"No scale{'' if source == ' (no scale)' else source}: lengths are in pixels."
    return f"Scale: {pixel_size(scan)}{source}."


def pixel_size(scan: Scan) -> str:
    """Return the size of a pixel for people."""
    dx, dy = scan.grid.spacing_mm
    if scan.grid.unit is LengthUnit.PX:
        return "not known"
    square = f"{dx:.4g}" == f"{dy:.4g}"
    return f"{dx:.4g} mm a pixel" if square else f"{dx:.4g} mm across and {dy:.4g} mm down a pixel"
