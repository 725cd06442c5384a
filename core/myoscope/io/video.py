"""Videos: MP4 and AVI."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding, Severity
from myoscope.errors import UnreadableError
from myoscope.io.grey import colored
from myoscope.io.values import Picture
from myoscope.settings import quiet_video_decoder

if TYPE_CHECKING:
    import cv2

#: Decoded grey frames of a video or a multi-frame DICOM file may fill so much memory.
MAX_BYTES = 2 * 10**9
#: Faster than any probe; a file that says more does not know.
MAX_FRAMES_A_SECOND = 10_000
#: The number of frames that a container promises may be too high by this without anything missing.
PROMISE_TOLERANCE = 1


def read_video(path: Path) -> Picture:
    """Return every frame of an MP4 or AVI file in grey; one that breaks off gives the frames before, with a finding.

    Raises:
        UnreadableError: No frame can be decoded, or more than `MAX_BYTES`.
    """
    with _opened(path) as capture:
        first = _next(capture)
        if first is None:
            raise UnreadableError(f"{path.name} holds no frame that can be decoded.", "Copy or export it again.")
        promised = _promised_frames(capture)
        check_size(path.name, promised, first.shape[:2])
        frames, stamps = _decode(capture, first, promised, path.name)
        rate = _frames_a_second(capture)
    found: tuple[Finding, ...] = ()
    if len(frames) < promised - PROMISE_TOLERANCE:
        found = (breaks_off(path.name, len(frames), promised),)
    times, noticed = frame_times(stamps, rate, path.name)
    return Picture(frames, times, colored(first), findings=(*found, *noticed))


def check_size(name: str, frames: int, shape: tuple[int, ...]) -> None:
    """Refuse frames that would fill the memory.

    Raises:
        UnreadableError: More than `MAX_BYTES` of grey.
    """
    if frames * math.prod(shape) > MAX_BYTES:
        raise UnreadableError(
            f"{name} holds {frames} frames of {shape[1]} x {shape[0]} pixels, over {MAX_BYTES / 1e9:g} GB in grey.",
            "Cut the video to the part that matters.",
        )


def frame_times(stamps: list[float], rate: float | None, name: str) -> tuple[tuple[float, ...], tuple[Finding, ...]]:
    """Return seconds since the first frame, by rising time stamps, else by frames a second, else by numbers."""
    count = len(stamps)
    relative = np.array(stamps, dtype=np.float64) - (stamps[0] if stamps else 0.0)
    if count > 1 and np.isfinite(relative).all() and bool((np.diff(relative) > 0).all()):
        return tuple(float(t) for t in relative), ()
    if rate is not None:
        return tuple(index / rate for index in range(count)), ()
    finding = Finding(
        code="no_frame_times",
        severity=Severity.WARNING,
        message=f"{name} does not say when its frames were taken; frame numbers stand for seconds.",
        action="Do not use the times of its frames.",
    )
    return tuple(float(index) for index in range(count)), (finding,) if count > 1 else ()


def breaks_off(name: str, decoded: int, promised: int) -> Finding:
    """Return the finding about a video that ends before its time."""
    return Finding(
        code="video_breaks_off",
        severity=Severity.WARNING,
        message=f"{name} breaks off: {decoded} of {promised} frames could be decoded, and those were used.",
        action="Copy or export the video again if the missing frames matter.",
    )


@contextmanager
def _opened(path: Path) -> Iterator[cv2.VideoCapture]:
    quiet_video_decoder()
    import cv2

    logging = cv2.utils.logging
    before = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                raise UnreadableError(
                    f"{path.name} cannot be opened as a video: it is damaged, breaks off before its index, or is none.",
                    "Copy or export it again.",
                )
            yield capture
        finally:
            capture.release()
    finally:
        logging.setLogLevel(before)


def _next(capture: cv2.VideoCapture) -> NDArray[np.uint8] | None:
    """Return the next frame, (y, x, 3) in BGR, or None at the end."""
    there, frame = capture.read()
    return np.asarray(frame, dtype=np.uint8) if there and frame is not None else None


def _decode(
    capture: cv2.VideoCapture, first: NDArray[np.uint8], promised: int, name: str
) -> tuple[NDArray[np.uint8], list[float]]:
    """Return all frames in grey, (frames, y, x), and the time stamp of each in seconds."""
    import cv2

    greys = np.empty((max(promised, 1), *first.shape[:2]), dtype=np.uint8)
    stamps: list[float] = []
    frame: NDArray[np.uint8] | None = first
    while frame is not None and frame.shape == first.shape:
        if len(stamps) == len(greys):  # the container promised too few
            check_size(name, 2 * len(greys), first.shape[:2])
            greys = np.concatenate([greys, np.empty_like(greys)])
        cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY, dst=greys[len(stamps)])
        stamps.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        frame = _next(capture)
    return greys[: len(stamps)], stamps


def _promised_frames(capture: cv2.VideoCapture) -> int:
    import cv2

    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return int(count) if math.isfinite(count) and count > 0 else 0


def _frames_a_second(capture: cv2.VideoCapture) -> float | None:
    import cv2

    rate = capture.get(cv2.CAP_PROP_FPS)
    return float(rate) if math.isfinite(rate) and 0 < rate <= MAX_FRAMES_A_SECOND else None
