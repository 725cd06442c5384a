"""Frames of a video for the page, with everything drawn in: few and small enough to live in it.

Browsers do not play the MPEG-4 part 2 of the annotated video, so the page brings pictures of its own.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.report.frame_painter import paint
from myoscope.report.frames import is_video
from myoscope.report.sheet import plan

if TYPE_CHECKING:
    from myoscope.data.result import CaseResult

#: The page shows at most so many frames, evenly spread, each at most so many pixels wide and high.
MOST_FRAMES, MOST_WIDTH = 100, 480
JPEG_QUALITY = 50


@dataclass(frozen=True, slots=True)
class Player:
    """Frames to leaf through.

    Attributes:
        frames: Index and JPEG in base64 of each.
        interval_ms: Time from one to the next.
        every: 1 when all frames are there, 2 for every second one, and so on.
        first: Position in `frames` that is shown at first: the one closest to the frame that stands for the video.
        width: Of each picture.
        height: Of each picture.
    """

    frames: tuple[tuple[int, str], ...]
    interval_ms: float
    every: int
    first: int
    width: int
    height: int


def player(result: CaseResult) -> Player | None:
    """Return the frames of a video for the page; None for anything else."""
    if not is_video(result):
        return None
    import cv2

    times = result.scan.times_s
    every = -(-len(times) // MOST_FRAMES)
    sheet = plan(result, most=MOST_WIDTH)
    frames = []
    for index in range(0, len(times), every):
        _, jpeg = cv2.imencode(".jpg", paint(sheet, result, index), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        frames.append((index, base64.b64encode(jpeg.tobytes()).decode("ascii")))
    interval = 1000.0 * every * (times[-1] - times[0]) / max(len(times) - 1, 1)
    first = min(range(len(frames)), key=lambda n: abs(frames[n][0] - result.measurements.shown_frame))
    return Player(tuple(frames), round(interval, 2), every, first, *sheet.size)
