"""The part of a report that only scans with a fat fraction have: water, fat and fraction in pictures."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from myoscope.report.fat_figure import fat_figure
from myoscope.report.fat_planes import MUSCLE_RANGE, FatPlanes
from myoscope.report.marks import png_bytes
from myoscope.report.planes_figure import CONVENTION


@dataclass(frozen=True, slots=True)
class FatPart:
    """What the page shows: a PNG in base64, the picture in words, and what stands below it."""

    picture: str
    alt: str
    caption: str


def fat_part(shown: FatPlanes) -> FatPart:
    """Return the pictures of the fat fraction."""
    picture = base64.b64encode(png_bytes(fat_figure(shown))).decode("ascii")
    return FatPart(picture, _alt(shown), _caption(shown))


def _alt(shown: FatPlanes) -> str:
    titles = [view.title for view in (*shown.signals, shown.fraction, *([shown.muscles] if shown.muscles else []))]
    stations = f" {len(shown.stations)} stations are marked on the coronal planes." if shown.stations else ""
    return f"Axial and coronal planes side by side: {', '.join(titles)}.{stations} {CONVENTION}"


def _caption(shown: FatPlanes) -> str:
    """Return what the picture does not say itself."""
    sentences = []
    if shown.muscles:
        low, high = MUSCLE_RANGE
        sentences.append(f"Within the muscles the colors go from {low:g} to {high:g}%.")
    if shown.stations:
        sentences.append("Dashed lines are the edges of the stations that the scan was fused from.")
    return " ".join(sentences)
