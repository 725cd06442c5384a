"""The part of a report that only pictures and videos have: scale, what each frame gave, and the frames themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.report.frame_charts import FrameChart, TimeAxis, frame_charts
from myoscope.report.frame_player import Player, player
from myoscope.report.frames import (
    RejectedFrame,
    frame_rate,
    is_picture,
    is_video,
    part_view,
    pixel_size,
    rejected_frames,
    scale_sentence,
    shown_frame,
)
from myoscope.report.wording import structure_title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from myoscope.data.result import CaseResult

#: A longer table of rejected frames is folded.
LONG_TABLE = 10


@dataclass(frozen=True, slots=True)
class FramePart:
    """What the page shows of a picture or video.

    Attributes:
        picture_alt: The picture in words.
        facts: Name and value of what is known of scale and frames.
        charts: Empty for a picture.
        rejected: Frames that the summary leaves out.
        folded: Whether the table of rejected frames is long.
        player: The frames; None for a picture.
        player_data: JPEG, index and place on the time axis of each frame of the player; JSON-ready.
    """

    picture_alt: str
    facts: tuple[tuple[str, str], ...]
    charts: tuple[FrameChart, ...]
    rejected: tuple[RejectedFrame, ...]
    folded: bool
    player: Player | None
    player_data: tuple[tuple[str, int, float], ...]


def frame_part(result: CaseResult) -> FramePart | None:
    """Return what the page shows of a picture or video; None for a volume."""
    if not is_picture(result):
        return None
    rejected = tuple(rejected_frames(result))
    shown = player(result)
    frames = shown.frames if shown else ()
    axis = TimeAxis(result.scan.times_s) if is_video(result) else None
    return FramePart(
        picture_alt=_alt(result),
        facts=tuple(_facts(result)),
        charts=frame_charts(result),
        rejected=rejected,
        folded=len(rejected) > LONG_TABLE,
        player=shown,
        player_data=tuple((jpeg, index, axis.frame(index)) for index, jpeg in frames if axis),
    )


def _alt(result: CaseResult) -> str:
    frame = shown_frame(result)
    what = "outlines of the segmented structures" if frame.labels.any() else "no structure segmented"
    lines = " and lines where lengths were measured" if frame.calipers else ""
    return f"The frame with {what}{lines}, and beside it the same frame plain. {scale_sentence(result.scan)}"


def _facts(result: CaseResult) -> Iterator[tuple[str, str]]:
    scan = result.scan
    width, height = scan.grid.size
    if scan.site:
        yield "Site", structure_title(scan.site)
    yield "Pixel size", pixel_size(scan)
    if scan.calibration is not None:
        yield "Scale from", scan.calibration.source
    yield "Picture", f"{width} x {height} pixels"
    view = part_view(scan)
    if view is not None:
        place = f"from column {view.left} and row {view.top}"
        yield "Tissue looked at", f"{view.width} x {view.height} pixels, {place}"
    elif scan.calibration is not None:
        yield "Tissue looked at", "the whole picture"
    if is_video(result):
        yield from _video_facts(result)


def _video_facts(result: CaseResult) -> Iterator[tuple[str, str]]:
    times, frame = result.scan.times_s, shown_frame(result)
    seconds = times[-1] - times[0]
    rate = f", {frame_rate(times):.4g} a second" if seconds > 0 else ""
    yield "Frames", f"{len(times)}, over {seconds:.2f} s{rate}"
    rejected = len({row.index for row in rejected_frames(result)})
    yield "Rejected frames", f"{rejected} of {len(times)}, for one quantity or more"
    yield "Shown in the picture", f"frame {frame.index}, at {frame.time_s:.2f} s"
