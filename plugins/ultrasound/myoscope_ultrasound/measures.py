"""Every number of a muscle ultrasound: thickness, cross-section and echo intensity, of a picture or a video.

Thickness is taken at a right angle to the mid-line between the superficial and the deep border, not along the columns
of the picture. Along aponeuroses (`longitudinal`) it is the mean of these normals, across a muscle the longest one: the
closed outline of a cross-section tapers to both sides, so that a mean depends on where it ends. Zhang (Methods) gives
the pixel thickness times the pixel spacing and does not say where it is taken.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from myoscope import Caliper, GeometryError, Measurement, Measurements, Scan, Segmentation, Side, Subject
from myoscope.anatomy import LEFT_OFFSET
from myoscope.qc.coverage import NOT_PREDICTED
from myoscope_ultrasound.quantities import Quantity, quantities_of
from myoscope_ultrasound.reading import Picture, Reading, read, read_around
from myoscope_ultrasound.structures import SITES
from myoscope_ultrasound.video import Video, summarize

NO_SCALE = "no scale"


def measure(scan: Scan, segmentation: Segmentation, subject: Subject) -> Measurements:  # noqa: ARG001
    """Return every measurement of every muscle of the scan's site, or of what was looked for when no site is given.

    A muscle that is not found, or was not looked for, has rows of NaN with the reason.

    Raises:
        GeometryError: A segmentation that does not lie on the scan's frames.
    """
    _check_fits(scan, segmentation)
    segmentation, side = _one_side(segmentation)
    measured = _video(scan, segmentation) if scan.times_s else _picture(scan, segmentation)
    return replace(measured, rows=tuple(replace(row, side=side) for row in measured.rows))


def muscles_of(scan: Scan, segmentation: Segmentation) -> tuple[str, ...]:
    """Return the muscles that get rows, in the order they are written."""
    names = SITES[scan.site] if scan.site else segmentation.predicted
    return tuple(s.name for s in segmentation.structures if s.kind == "muscle" and s.name in names)


def _picture(scan: Scan, segmentation: Segmentation) -> Measurements:
    """Return the measurements of a single picture."""
    picture = _frame(scan, segmentation, None)
    rows: list[Measurement] = []
    calipers: list[Caliper] = []
    for muscle in muscles_of(scan, segmentation):
        reading = _read_whole(picture, muscle)
        rows += _rows(muscle, quantities_of(muscle, scan.grid.unit), reading, scan)
        calipers += _calipers(muscle, reading, picture, 0)
    return Measurements(tuple(rows), calipers=tuple(calipers))


def _video(scan: Scan, segmentation: Segmentation) -> Measurements:
    """Return the measurements of a video, and what each of its frames gave."""
    muscles = muscles_of(scan, segmentation)
    readings: dict[str, list[Reading]] = {muscle: [] for muscle in muscles}
    calipers: list[Caliper] = []
    for index in range(len(scan.times_s)):
        picture = _frame(scan, segmentation, index)
        for muscle in muscles:
            reading = read(picture, muscle) if muscle in picture.values else Reading(missing=NOT_PREDICTED)
            readings[muscle].append(reading)
            calipers += _calipers(muscle, reading, picture, index)
    start = scan.times_s[0]
    video = Video(
        readings=readings,
        times_s=tuple(time - start for time in scan.times_s),
        confidence=segmentation.confidence,
        unit=scan.grid.unit,
        source=_source(scan),
    )
    summary = summarize(video)
    shown = _frame(scan, segmentation, summary.shown_frame)
    rows: list[Measurement] = []
    for muscle in muscles:
        rows += summary.rows[muscle]
        once = [quantity for quantity in quantities_of(muscle, scan.grid.unit) if not quantity.in_every_frame]
        where = f"frame {summary.shown_frame}: "
        around = read_around(shown, muscle) if muscle in shown.values else Reading(missing=NOT_PREDICTED)
        rows += _rows(muscle, [replace(q, method=where + q.method) for q in once], around, scan)
    thick = [value for value in summary.frames if value.quantity == "thickness" and not value.reason]
    kept = {(value.frame, value.structure) for value in thick}
    return Measurements(
        rows=tuple(rows),
        frames=summary.frames,
        calipers=tuple(line for line in calipers if (line.frame, line.structure) in kept),
        shown_frame=summary.shown_frame,
    )


def _read_whole(picture: Picture, muscle: str) -> Reading:
    """Return all that a picture gives of a muscle."""
    if muscle not in picture.values:
        return Reading(missing=NOT_PREDICTED)
    reading, around = read(picture, muscle), read_around(picture, muscle)
    values, problems = {**reading.values, **around.values}, {**reading.problems, **around.problems}
    return replace(reading, values=values, problems=problems)


def _rows(
    muscle: str, quantities: list[Quantity] | tuple[Quantity, ...], reading: Reading, scan: Scan
) -> list[Measurement]:
    """Return one row a quantity."""
    rows = []
    for quantity in quantities:
        note = reading.notes.get(quantity.name, "")
        method = "; ".join(part for part in (quantity.method, note, _source(scan)) if part)
        reason = reading.missing or reading.problems.get(quantity.name, "")
        value = reading.values.get(quantity.name, math.nan)
        unit = quantity.unit(scan.grid.unit)
        rows.append(Measurement(muscle, Side.BOTH, quantity.name, value, unit, method, not reason, reason))
    return rows


def _calipers(muscle: str, reading: Reading, picture: Picture, frame: int) -> list[Caliper]:
    """Return the lines along which the thickness of a muscle was measured."""
    across, down = picture.spacing
    return [
        Caliper(frame, muscle, start, end, math.hypot((end[0] - start[0]) * across, (end[1] - start[1]) * down))
        for start, end in reading.lines
    ]


def _frame(scan: Scan, segmentation: Segmentation, index: int | None) -> Picture:
    """Return one frame of a video, or the whole of a picture when the index is None."""
    structures = segmentation.structures
    known = [s.name for s in structures if s.name in segmentation.predicted]
    return Picture(
        image=scan.image if index is None else scan.image[index],
        labels=segmentation.labels if index is None else segmentation.labels[index],
        values={name: structures[name].id for name in known},
        spacing=(scan.grid.spacing_mm[0], scan.grid.spacing_mm[1]),
        unit=scan.grid.unit,
        view=scan.calibration.view if scan.calibration else None,
    )


def _source(scan: Scan) -> str:
    """Return where the scale came from, as every method says."""
    source = scan.calibration.source if scan.calibration else str(scan.grid.unit) + " of the grid"
    return source if source == NO_SCALE else f"scale: {source}"


def _check_fits(scan: Scan, segmentation: Segmentation) -> None:
    if segmentation.grid.is_same(scan.grid) and segmentation.labels.shape == scan.image.shape:
        return
    given, expected = (" x ".join(map(str, array.shape)) for array in (segmentation.labels, scan.image))
    raise GeometryError(
        f"The labels, {given} (frames and rows first), do not lie on the scan's pixels, {expected}.",
        "Give labels that were drawn on this very picture, and one label picture for each frame of a video.",
    )


def _one_side(segmentation: Segmentation) -> tuple[Segmentation, Side]:
    """Return labels without sides, and the side that they are of: a picture shows one limb.

    Raises:
        GeometryError: Labels of both sides.
    """
    if not segmentation.sides_split:
        return segmentation, Side.BOTH
    is_left = segmentation.labels > LEFT_OFFSET
    if is_left.any() and (segmentation.labels[~is_left] > 0).any():
        raise GeometryError(
            "The labels are of the left and of the right side, and a picture shows one.",
            "Label each picture with the structures of its own side.",
        )
    labels = (segmentation.labels % LEFT_OFFSET).astype(np.uint8)
    return replace(segmentation, labels=labels, sides_split=False), Side.LEFT if is_left.any() else Side.RIGHT
