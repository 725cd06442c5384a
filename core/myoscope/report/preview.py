"""The picture of a case, for a folder of results and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope.report.frame_figure import frame_figure
from myoscope.report.frames import is_picture
from myoscope.report.marks import png_bytes
from myoscope.report.planes_figure import planes_figure

if TYPE_CHECKING:
    from myoscope.data.result import CaseResult


def preview_png(result: CaseResult) -> bytes:
    """Return a PNG of the structures outlined to scale, with legend and scale bars; the same result, the same bytes.

    A volume shows an axial, a coronal and a sagittal plane; a picture its frame, a video the frame that stands for it,
    with the lines along which lengths were measured, and beside it the same frame plain.
    """
    return png_bytes(frame_figure(result) if is_picture(result) else planes_figure(result))
