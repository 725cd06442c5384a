"""From a network's labels to labels that can be measured: sides by geometry, without islands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope.ops.orient import to_lps
from myoscope.thigh.extent import only_slices
from myoscope.thigh.sides import split_legs
from myoscope_ct_thigh.extent import thigh_extent

if TYPE_CHECKING:
    from myoscope import Scan, Segmentation


def refine(scan: Scan, segmentation: Segmentation) -> Segmentation:
    """Return the labels split into left and right, a model's also without islands, on the same grid.

    What a model labels where the bones say that there is neither hip nor thigh is cleared (see `extent`). Labels that
    are split already are returned as they are.
    """
    if segmentation.sides_split:
        return segmentation
    return split_legs(_within_extent(scan, segmentation) if segmentation.by_model else segmentation)


def _within_extent(scan: Scan, segmentation: Segmentation) -> Segmentation:
    """Return the segmentation cleared outside the slices in which hip and thigh can lie."""
    image, grid = to_lps(scan.image, scan.grid)
    labels, _ = to_lps(segmentation.labels, segmentation.grid)
    femur = labels == segmentation.structures["femur"].id if "femur" in segmentation.predicted else None
    return only_slices(segmentation, thigh_extent(image, femur, grid))
