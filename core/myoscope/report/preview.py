"""The picture of a case, for a folder of results and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope.report.drawn import Drawn, draw
from myoscope.report.fat_figure import fraction_row
from myoscope.report.marks import png_bytes, stacked_png

if TYPE_CHECKING:
    from myoscope.data.result import CaseResult


def preview_png(result: CaseResult, drawn: Drawn | None = None) -> bytes:
    """Return a PNG of the structures outlined to scale, with legend and scale bars; the same result, the same bytes.

    A volume shows an axial, a coronal and a sagittal plane, and its fat fraction below where the scan gives one; a
    picture its frame, a video the frame that stands for it, with the lines along which lengths were measured, and
    beside it the same frame plain.

    Args:
        result: The case.
        drawn: Its pictures where they are drawn already.
    """
    drawn = drawn or draw(result)
    if drawn.fat is None:
        return drawn.outlined
    return stacked_png(drawn.outlined, png_bytes(fraction_row(drawn.fat)))
