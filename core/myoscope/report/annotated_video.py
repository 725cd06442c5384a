"""A video with everything drawn into its frames: outlines, calipers, values, and which frames do not count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.errors import OutputError
from myoscope.report.frame_painter import paint
from myoscope.report.frames import frame_rate
from myoscope.report.sheet import plan

if TYPE_CHECKING:
    from myoscope.data.result import CaseResult

#: MPEG-4 part 2, which OpenCV's own build always has; it has no H.264. Players show it, browsers do not.
CODEC = "mp4v"
#: The largest tick rate that this codec can state, ticks a second.
MAX_TICKS = 65535
#: Decimals of a rate in frames a second, finest first.
DECIMALS = (3, 2, 1, 0)


def write_annotated_video(result: CaseResult, path: Path) -> Path:
    """Write every frame of a video with outlines, calipers, values and time, at its true rate, and return `path`.

    Args:
        result: A video.
        path: An MP4 file; replaced when there.

    Raises:
        OutputError: It cannot be written.
    """
    import cv2

    sheet = plan(result)
    rate = codec_rate(frame_rate(result.scan.times_s))
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*CODEC), rate, sheet.size)
    if not writer.isOpened():
        raise OutputError(f"The video {path} cannot be written.", "Choose another folder.")
    try:
        for index in range(len(result.scan.times_s)):
            writer.write(paint(sheet, result, index))
    finally:
        writer.release()
    return path


def codec_rate(frames_a_second: float) -> float:
    """Return a rate as exactly as the file can state it."""
    decimals = next((n for n in DECIMALS if frames_a_second * 10**n <= MAX_TICKS), 0)
    return round(frames_a_second, decimals)
