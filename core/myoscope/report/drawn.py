"""What preview and page both show of a case, drawn once for the two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.report.fat_planes import FatPlanes, fat_planes
from myoscope.report.frame_figure import frame_figure
from myoscope.report.frames import is_picture
from myoscope.report.marks import png_bytes
from myoscope.report.planes_figure import planes_figure

if TYPE_CHECKING:
    from myoscope.data.result import CaseResult


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pictures of a case.

    Attributes:
        outlined: A PNG of the structures outlined in planes of a volume, or in a frame of a picture or video.
        fat: What the pictures of a fat fraction show; None for a case that has none.
    """

    outlined: bytes
    fat: FatPlanes | None


def draw(result: CaseResult) -> Drawn:
    """Return the pictures of a case; the same result, the same bytes."""
    if is_picture(result):
        return Drawn(png_bytes(frame_figure(result)), None)
    return Drawn(png_bytes(planes_figure(result)), fat_planes(result))
