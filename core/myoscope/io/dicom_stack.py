"""Slices to a regular grid, or the reason why they make none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding, Severity
from myoscope.data.grid import ORTHONORMAL_TOLERANCE, Grid
from myoscope.errors import GeometryError
from myoscope.io.dicom_frames import Frame

#: Direction cosines of slices in one stack may differ by this much.
ORIENTATION_TOLERANCE = 1e-3
#: In-plane spacings of slices in one stack may differ by this much, in mm.
SPACING_TOLERANCE_MM = 1e-3
#: Steps between slices may differ from their median by this share and, as headers round, by this many mm.
STEP_TOLERANCE = 0.1
POSITION_ROUNDING_MM = 0.05
#: Slices closer than this share of the median step are duplicates.
DUPLICATE_SHARE = 0.05
#: From this many median steps on, a step is a missing slice.
GAP_STEPS = 1.5
#: A stack that drifts sideways by more than this share of a pixel from end to end is tilted.
TILT_TOLERANCE_VOXELS = 0.5


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices in the order of their normal.

    Attributes:
        frames: From first to last.
        grid: As if the slices were not tilted.
        drift_voxels: Sideways drift from one slice to the next, along columns and rows; zero without tilt.
        findings: Says so when the stack is tilted.
    """

    frames: tuple[Frame, ...]
    grid: Grid
    drift_voxels: tuple[float, float]
    findings: tuple[Finding, ...]


def stack_frames(frames: Sequence[Frame]) -> Stack:
    """Return slices in order with the grid that they make.

    Raises:
        GeometryError: A single slice; mixed sizes, spacings or orientations; missing, duplicate or uneven slices.
    """
    if len(frames) < 2:  # noqa: PLR2004
        raise GeometryError(
            f"{frames[0].path.name} is a single 2D slice, expected a volume.", "Give the folder with all its slices."
        )
    _check_alike(frames)
    axes = slice_axes(frames[0])
    local = np.array([f.position for f in frames]) @ axes
    order = np.argsort(local[:, 2], kind="stable")
    ordered, local = tuple(frames[i] for i in order), local[order]
    _check_steps(local[:, 2], ordered)
    drift = _drift(local, ordered[0].spacing_mm)
    step = float(local[-1, 2] - local[0, 2]) / (len(frames) - 1)
    grid = Grid(
        size=(*frames[0].size, len(frames)),
        spacing_mm=(*frames[0].spacing_mm, step),
        origin=ordered[0].position,
        direction=tuple(float(v) + 0.0 for v in axes.ravel()),
    )
    return Stack(ordered, grid, drift, _tilt_finding(drift, grid))


def straighten(array: NDArray[Any], stack: Stack) -> tuple[NDArray[Any], Grid]:
    """Return the slices of a tilted stack shifted, linearly interpolated, onto a straight grid that holds them all.

    Args:
        array: Shape `stack.grid.shape`.
        stack: With its drift.
    """
    from scipy import ndimage

    count, grid = len(array), stack.grid
    ends = [(count - 1) * d for d in stack.drift_voxels]
    before = [math.ceil(max(0.0, -end)) for end in ends]
    after = [math.ceil(max(0.0, end)) for end in ends]
    padding = ((before[1], after[1]), (before[0], after[0]))
    fill = array.min()
    shape = (count, *(s + sum(p) for s, p in zip(array.shape[1:], padding, strict=True)))
    straight = np.empty(shape, dtype=array.dtype)
    for k, plane in enumerate(array):
        padded = np.pad(plane.astype(np.float32), padding, constant_values=float(fill))
        shift = (k * stack.drift_voxels[1], k * stack.drift_voxels[0])
        moved = ndimage.shift(padded, shift, order=1, mode="constant", cval=float(fill))
        straight[k] = np.rint(moved) if array.dtype.kind in "iu" else moved
    origin = grid.position((-float(before[0]), -float(before[1]), 0.0))
    return straight, replace(grid, size=shape[::-1], origin=origin)


def slice_axes(frame: Frame) -> NDArray[np.float64]:
    """Return column, row and slice direction as the columns of a rotation, shape (3, 3).

    Raises:
        GeometryError: The header's directions are not orthogonal unit vectors.
    """
    along, down = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    lengths = np.array([np.linalg.norm(along), np.linalg.norm(down)])
    if np.abs(lengths - 1).max() > ORTHONORMAL_TOLERANCE or abs(along @ down) > ORTHONORMAL_TOLERANCE:
        raise GeometryError(
            f"{frame.path.name} has an ImageOrientationPatient that is not a rotation: {frame.orientation}."
        )
    along = along / lengths[0]
    down = down - (down @ along) * along
    down = down / np.linalg.norm(down)
    return np.stack([along, down, np.cross(along, down)], axis=1)


def _check_alike(frames: Sequence[Frame]) -> None:
    first = frames[0]
    for frame in frames:
        pair = f"{first.path.name} and {frame.path.name}"
        if frame.size != first.size:
            raise GeometryError(f"Slices differ in size: {pair} have {first.size} and {frame.size} pixels.")
        if not np.allclose(frame.spacing_mm, first.spacing_mm, rtol=0, atol=SPACING_TOLERANCE_MM):
            raise GeometryError(f"Slices differ in spacing: {pair} have {first.spacing_mm} and {frame.spacing_mm} mm.")
        if not np.allclose(frame.orientation, first.orientation, rtol=0, atol=ORIENTATION_TOLERANCE):
            raise GeometryError(
                f"The series mixes orientations: {pair} have {first.orientation} and {frame.orientation}.",
                "Export the slices of one orientation as a series of its own.",
            )


def _check_steps(heights: NDArray[np.float64], frames: Sequence[Frame]) -> None:
    steps = np.diff(heights)
    median = float(np.median(steps))
    for k, step in enumerate(steps):
        pair = f"{frames[k].path.name} and {frames[k + 1].path.name}"
        where = f"at {heights[k]:.2f} mm along the slice axis ({pair})"
        if step <= DUPLICATE_SHARE * median:
            raise GeometryError(
                f"Two slices lie at the same place, {where}.", "Export one phase, echo or reconstruction on its own."
            )
        if step >= GAP_STEPS * median and step - median > POSITION_ROUNDING_MM:
            raise GeometryError(
                f"A slice is missing: the next one {where} is {step:.2f} mm away, elsewhere {median:.2f} mm.",
                "Export the whole series.",
            )
        if abs(step - median) > STEP_TOLERANCE * median + POSITION_ROUNDING_MM:
            raise GeometryError(f"Slices are unevenly spaced: {step:.2f} mm {where}, elsewhere {median:.2f} mm.")


def _drift(local: NDArray[np.float64], spacing_mm: Sequence[float]) -> tuple[float, float]:
    """Return the sideways drift a slice in pixels, or zero when it is below the tolerance."""
    pixels = local[:, :2] / np.array(spacing_mm)
    drift = (pixels[-1] - pixels[0]) / (len(pixels) - 1)
    if np.abs(pixels - pixels[0] - np.arange(len(pixels))[:, None] * drift).max() > TILT_TOLERANCE_VOXELS:
        raise GeometryError(
            "Slices are shifted sideways irregularly, by more than half a pixel.", "Export the whole series."
        )
    if np.abs(drift).max() * (len(pixels) - 1) <= TILT_TOLERANCE_VOXELS:
        return 0.0, 0.0
    return float(drift[0]), float(drift[1])


def _tilt_finding(drift: tuple[float, float], grid: Grid) -> tuple[Finding, ...]:
    if drift == (0.0, 0.0):
        return ()
    sideways = math.hypot(drift[0] * grid.spacing_mm[0], drift[1] * grid.spacing_mm[1])
    degrees = math.degrees(math.atan2(sideways, grid.spacing_mm[2]))
    return (
        Finding(
            code="gantry_tilt_resampled",
            severity=Severity.INFO,
            message=f"The gantry was tilted by {degrees:.1f} degrees; the slices were resampled to a straight grid.",
            action="Nothing, unless edges in the sagittal view look stepped.",
        ),
    )
