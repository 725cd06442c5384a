"""Pictures and videos in DICOM: single- and multi-frame, monochrome, RGB, YBR and palette."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding, Severity
from myoscope.errors import UnreadableError
from myoscope.io.dicom import quiet_decoding, read_dicom_header
from myoscope.io.dicom_subject import subject_of
from myoscope.io.grey import colored, grey_of, to_bytes
from myoscope.io.values import Picture, PictureRegion, PictureScale
from myoscope.io.video import breaks_off, check_size, frame_times

MS_PER_S = 1000.0
RGB_SAMPLES = 3
MAX_BITS = 16


def read_dicom_picture(path: Path) -> Picture:
    """Return the picture or video in a DICOM file, in grey, with what its header says of scale and time.

    Values of more than 8 bits are scaled by BitsStored; MONOCHROME1 is inverted; palettes and color become luma.

    Raises:
        UnreadableError: No pixels, pixels that cannot be decoded, or more of them than memory should hold.
    """
    header = read_dicom_header(path)
    with quiet_decoding(path.name):
        count = int(header.get("NumberOfFrames") or 1)
        check_size(path.name, count, (int(header.get("Rows") or 0), int(header.get("Columns") or 0)))
        subject, noticed = subject_of(header)
        scale, modality = _scale(header), str(header.get("Modality") or "") or None
        times, untimed = _times(header, count, path.name)
        frames, color = _decoded(path, header, count)
    found: tuple[Finding, ...] = (*noticed, *untimed)
    if len(frames) < count:
        found = (breaks_off(path.name, len(frames), count), *found)
    pixels = frames[0] if count == 1 else np.stack(frames)
    return Picture(pixels, times[: len(frames)], color, scale, modality, subject, found)


def _decoded(path: Path, header: Any, count: int) -> tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]:  # noqa: ANN401
    """Return the grey of every frame that can be decoded, at least one, and where the first is colored."""
    frames: list[NDArray[np.uint8]] = []
    color = np.zeros((int(header.Rows), int(header.Columns)), dtype=np.bool_)
    try:
        with quiet_decoding(path.name):
            for values in _frames(path, count):
                if not frames and values.ndim == RGB_SAMPLES:
                    color = colored(values)
                frames.append(_grey(values, header))
    except UnreadableError:
        if not frames or count == 1:
            raise
    if not frames:
        raise UnreadableError(f"{path.name} is a DICOM file without pixels.")
    return frames, color


def _frames(path: Path, count: int) -> Iterator[NDArray[Any]]:
    """Yield the frames one by one: (y, x), or (y, x, 3) of bytes in RGB."""
    import pydicom
    from pydicom.pixels import apply_color_lut, iter_pixels

    dataset = pydicom.dcmread(path, force=True)
    if "PixelData" not in dataset:
        return
    palette = str(dataset.get("PhotometricInterpretation", "")) == "PALETTE COLOR"
    for values in iter_pixels(dataset) if count > 1 else [dataset.pixel_array]:
        if palette:
            looked_up = apply_color_lut(values, dataset)
            yield to_bytes(looked_up, looked_up.dtype.itemsize * 8)
        else:
            yield values


def _grey(values: NDArray[Any], header: Any) -> NDArray[np.uint8]:  # noqa: ANN401
    bits = int(header.get("BitsStored") or MAX_BITS)
    if values.ndim == RGB_SAMPLES:
        return grey_of(values if values.dtype == np.uint8 else to_bytes(values, bits))
    if int(header.get("PixelRepresentation") or 0) and values.min() < 0:
        raise UnreadableError(f"The pixels reach {int(values.min())}, expected grey values from 0.")
    grey = to_bytes(values, bits)
    return 255 - grey if str(header.get("PhotometricInterpretation")) == "MONOCHROME1" else grey


def _scale(header: Any) -> PictureScale:  # noqa: ANN401
    spacing = header.get("PixelSpacing")
    depth, aspect = header.get("DepthOfScanField"), header.get("PixelAspectRatio")
    return PictureScale(
        regions=tuple(_region(item) for item in header.get("SequenceOfUltrasoundRegions") or ()),
        spacing_mm=(float(spacing[1]), float(spacing[0])) if spacing else None,
        depth_mm=None if depth is None else float(depth),
        # DICOM gives the vertical size of a pixel before the horizontal one.
        aspect=float(aspect[1]) / float(aspect[0]) if aspect else 1.0,
    )


def _region(item: Any) -> PictureRegion:  # noqa: ANN401
    def whole(keyword: str) -> int:
        return int(item.get(keyword) or 0)

    def real(keyword: str) -> float:
        return float(item.get(keyword) or 0.0)

    return PictureRegion(
        left=whole("RegionLocationMinX0"),
        top=whole("RegionLocationMinY0"),
        right=whole("RegionLocationMaxX1"),
        bottom=whole("RegionLocationMaxY1"),
        spatial_format=whole("RegionSpatialFormat"),
        data_type=whole("RegionDataType"),
        units=(whole("PhysicalUnitsXDirection"), whole("PhysicalUnitsYDirection")),
        deltas=(real("PhysicalDeltaX"), real("PhysicalDeltaY")),
    )


def _times(header: Any, count: int, name: str) -> tuple[tuple[float, ...], tuple[Finding, ...]]:  # noqa: ANN401
    """Return seconds since the first frame; empty for a single frame."""
    if count == 1:
        return (), ()
    steps = [float(step) for step in _listed(header.get("FrameTimeVector"))]
    stamps = [float(total) / MS_PER_S for total in np.cumsum(steps)] if len(steps) == count else []
    times, found = frame_times(stamps or [math.nan] * count, _frames_a_second(header), name)
    if steps and not stamps:
        found = (*found, _times_incomplete(len(steps), count, name))
    return times, found


def _times_incomplete(given: int, frames: int, name: str) -> Finding:
    return Finding(
        code="frame_times_incomplete",
        severity=Severity.WARNING,
        message=f"{name} gives {given} times for {frames} frames; they were not used.",
        action="Do not rely on the times of its frames.",
    )


def _frames_a_second(header: Any) -> float | None:  # noqa: ANN401
    for keyword in ("FrameTime", "ActualFrameDuration"):
        step_ms = float(header.get(keyword) or 0.0)
        if math.isfinite(step_ms) and step_ms > 0:
            return MS_PER_S / step_ms
    for keyword in ("CineRate", "RecommendedDisplayFrameRate"):
        rate = float(header.get(keyword) or 0.0)
        if math.isfinite(rate) and rate > 0:
            return rate
    return None


def _listed(value: Any) -> list[Any]:  # noqa: ANN401
    """Return what pydicom gives for an element of several values, of one, or of none."""
    if value is None or value == "":
        return []
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
