"""The picture of a case, for a folder of results and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope.report.fat_figure import fraction_row
from myoscope.report.fat_planes import fat_planes
from myoscope.report.frame_figure import frame_figure
from myoscope.report.frames import is_picture
from myoscope.report.marks import png_bytes, stacked_png
from myoscope.report.planes_figure import planes_figure

if TYPE_CHECKING:
    from myoscope.data.result import CaseResult


def preview_png(result: CaseResult) -> bytes:
    """Return a PNG of the structures outlined to scale, with legend and scale bars; the same result, the same bytes.

    A volume shows an axial, a coronal and a sagittal plane, and its fat fraction below where the scan gives one; a
    picture its frame, a video the frame that stands for it, with the lines along which lengths were measured, and
    beside it the same frame plain.
    """
    if is_picture(result):
        return png_bytes(frame_figure(result))
    planes, shown = png_bytes(planes_figure(result)), fat_planes(result)
    return planes if shown is None else stacked_png(planes, png_bytes(fraction_row(shown)))
