"""The images that a picture shows, and the DICOM regions that they lie in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from myoscope import Finding, GeometryError, Severity, View
from myoscope.io import Picture, PictureRegion
from myoscope_ultrasound.region import find_views

#: DICOM PS3.3 C.8.5.5.1: a 2D image, of tissue, in centimeters.
FORMAT_2D, DATA_TISSUE, UNIT_CM = 1, 1, 3
MM_PER_CM = 10.0
#: Regions of neighbors may share a line, and reach one beyond the picture: writers differ in what the last one is.
SLACK_PIXELS = 1
#: Echoes have faded out where fewer than this share of pixels in the lowest rows differ by more than so many grey
#: values from the border below; the rows at the edge itself may be soft.
FADED_SHARE, SAME_GREY = 0.12, 4
LOWEST_ROWS, SOFT_ROWS = 8, 1


@dataclass(frozen=True, slots=True)
class Place:
    """One image of a picture.

    Attributes:
        view: Its tissue.
        rows: Rows that the depth spans.
        rows_of: What these are the rows of.
        spacing_mm: Of its DICOM region, (x, y); None without one.
        fades: True when its bottom edge was found where echoes have nearly faded out, so that it may reach deeper.
    """

    view: View
    rows: int
    rows_of: str
    spacing_mm: tuple[float, float] | None = None
    fades: bool = False


def find_places(
    picture: Picture, name: str, *, scale_given: bool = False
) -> tuple[tuple[Place, ...], tuple[Finding, ...]]:
    """Return the images, from left to right, and what looking for them noticed.

    Where the header has regions of tissue with a scale, an image is what shows tissue in one of them. Otherwise images
    are found in the picture alone; one without any speckle counts as tissue whole, with a finding.

    Args:
        picture: Its frames and header.
        name: For messages.
        scale_given: True when the user gives the scale: regions that cannot be trusted are then left out.

    Raises:
        GeometryError: Regions that overlap, have a negative spacing or leave the picture.
    """
    frames = picture.frames
    found: tuple[Finding, ...] = ()
    try:
        regions = scaled_regions(picture.scale.regions, frames.shape[-2:], name)
    except GeometryError as error:
        if not scale_given:
            raise
        regions, found = [], (_untrusted(error),)
    placed = tuple(place for region in regions for place in _in_region(frames, region))
    if placed:
        return placed, found
    views = find_views(frames)
    height, width = frames.shape[-2:]
    if not views:
        return (Place(View(0, 0, width, height), height, "the image height"),), (*found, _no_tissue(name))
    return tuple(_of_view(frames, view) for view in views), found


def _of_view(frames: NDArray[np.uint8], view: View) -> Place:
    """Return a tissue rectangle that was found in the picture."""
    if view.height == frames.shape[-2]:
        return Place(view, view.height, "the image height")
    return Place(view, view.height, "the tissue region's height", fades=_fades(frames, view))


def _fades(frames: NDArray[np.uint8], view: View) -> bool:
    """Tell whether the lowest rows of a view can hardly be told from what lies below it."""
    rows, columns = view.slices
    lowest = frames[..., rows.stop - LOWEST_ROWS : rows.stop - SOFT_ROWS, columns].astype(np.int16)
    below = frames[..., rows.stop + SOFT_ROWS : rows.stop + LOWEST_ROWS, columns]
    return below.size > 0 and float((np.abs(lowest - np.median(below)) > SAME_GREY).mean()) < FADED_SHARE


def scaled_regions(regions: Sequence[PictureRegion], shape: Sequence[int], name: str) -> list[PictureRegion]:
    """Return the regions of 2D tissue with a scale in centimeters, from left to right, clipped to the picture.

    Color bars, spectra, M-mode and regions without a scale are no tissue and left out (DICOM PS3.3 C.8.5.5).

    Raises:
        GeometryError: Such regions overlap, have a negative or infinite spacing, or leave the picture.
    """
    tissue = [
        region
        for region in regions
        if (region.spatial_format, region.data_type) == (FORMAT_2D, DATA_TISSUE)
        and region.units == (UNIT_CM, UNIT_CM)
        and all(delta != 0 for delta in region.deltas)
    ]
    kept = [_checked(region, shape, name) for region in tissue]
    for one, other in itertools.combinations(kept, 2):
        across = min(one.right, other.right) - max(one.left, other.left) + 1
        down = min(one.bottom, other.bottom) - max(one.top, other.top) + 1
        if min(across, down) > SLACK_PIXELS:
            raise GeometryError(
                f"{name} has ultrasound regions that overlap: {_spoken(one)} and {_spoken(other)}.",
                "Export the picture again, or give --spacing-mm or --depth-mm.",
            )
    return sorted(kept, key=lambda region: (region.left, region.top))


def _checked(region: PictureRegion, shape: Sequence[int], name: str) -> PictureRegion:
    """Return the region clipped to the picture."""
    height, width = shape
    if not all(math.isfinite(delta) and delta > 0 for delta in region.deltas):
        raise GeometryError(
            f"{name} has an ultrasound region ({_spoken(region)}) with a spacing of {region.deltas[0]:g} x "
            f"{region.deltas[1]:g} cm, expected positive numbers.",
            "Export the picture again, or give --spacing-mm or --depth-mm.",
        )
    inside = 0 <= region.left < region.right < width + SLACK_PIXELS
    if not (inside and 0 <= region.top < region.bottom < height + SLACK_PIXELS):
        raise GeometryError(
            f"{name} has an ultrasound region ({_spoken(region)}) that is empty or leaves the picture of "
            f"{width} x {height} pixels.",
            "Export the picture again, or give --spacing-mm or --depth-mm.",
        )
    return replace(region, right=min(region.right, width - 1), bottom=min(region.bottom, height - 1))


def _in_region(frames: NDArray[np.uint8], region: PictureRegion) -> list[Place]:
    """Return the images that lie in a region."""
    box = View(region.left, region.top, region.right - region.left + 1, region.bottom - region.top + 1)
    spacing = (region.deltas[0] * MM_PER_CM, region.deltas[1] * MM_PER_CM)
    return [
        Place(
            View(box.left + view.left, box.top + view.top, view.width, view.height),
            box.height,
            "the ultrasound region's height",
            spacing,
        )
        for view in find_views(frames[(..., *box.slices)])
    ]


def _spoken(region: PictureRegion) -> str:
    return f"columns {region.left} to {region.right}, rows {region.top} to {region.bottom}"


def _untrusted(error: GeometryError) -> Finding:
    return Finding(
        code="regions_not_used",
        severity=Severity.WARNING,
        message=error.message,
        action="Its regions were not used: check that the scale that was given is that of the image.",
    )


def _no_tissue(name: str) -> Finding:
    return Finding(
        code="tissue_not_found",
        severity=Severity.WARNING,
        message=f"No part of {name} has the speckle of tissue; the whole picture was taken as tissue.",
        action="Look at the picture: borders, text and rulers were not cut off.",
    )
