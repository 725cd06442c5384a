"""From a network's labels to labels that can be measured: where a femur is seen, sides by geometry, no islands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope import Finding, Segmentation, Severity
from myoscope.ops.fat import fat_fraction_of
from myoscope.ops.orient import to_lps
from myoscope.thigh.extent import only_slices
from myoscope.thigh.sides import split_legs
from myoscope_dixon_mri.extent import Seen, thigh_extent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope import Scan

NOT_VERIFIED = Finding(
    code="thigh_not_verified",
    severity=Severity.WARNING,
    message="The model does not look for the femur, so nothing tells whether what it labels is a thigh.",
    action="Look at the preview: a model labels any part of the body that it is given.",
)
NOT_BELIEVED = Finding(
    code="labels_not_believed",
    severity=Severity.WARNING,
    message="All that the model labels was dropped: where it sees a femur, the image shows no large bone with a dark "
    "rim, deep under the skin and amid muscle.",
    action="Check that the scan shows a thigh; labels of your own are measured as they are by `myoscope measure`.",
)


def refine(scan: Scan, segmentation: Segmentation) -> Segmentation:
    """Return the labels split into left and right, a model's also without islands, on the same grid.

    What a model labels where the image shows neither hip nor thigh is cleared (see `extent`). Labels that are split
    already are returned as they are.
    """
    if segmentation.sides_split:
        return segmentation
    return split_legs(_believed(scan, segmentation) if segmentation.by_model else segmentation)


def _believed(scan: Scan, segmentation: Segmentation) -> Segmentation:
    """Return a model's labels in the slices in which hip and thigh can lie, with what was found about them."""
    if not segmentation.labels.any():
        return segmentation
    if "femur" not in segmentation.predicted:
        return replace(segmentation, findings=(*segmentation.findings, NOT_VERIFIED))
    extent = thigh_extent(_seen(scan, segmentation))
    kept = only_slices(segmentation, extent)
    return kept if extent is not None else replace(kept, findings=(*kept.findings, NOT_BELIEVED))


def _seen(scan: Scan, segmentation: Segmentation) -> Seen:
    labels, grid = to_lps(segmentation.labels, segmentation.grid)
    muscles = [s.id for s in segmentation.structures if s.kind == "muscle"]
    fraction = fat_fraction_of(scan.channels)
    return Seen(
        signal=to_lps(_signal(scan), scan.grid)[0],
        femur=labels == segmentation.structures["femur"].id,
        muscle=np.isin(labels, muscles),
        percent=None if fraction is None else to_lps(fraction.percent, scan.grid)[0],
        grid=grid,
        upright=scan.oriented,
    )


def _signal(scan: Scan) -> NDArray[Any]:
    """Return the image in which all but cortical bone and air shines, or the best that the scan has."""
    channels = scan.channels
    if "water" in channels and "fat" in channels:
        total: NDArray[np.float32] = np.add(channels["water"], channels["fat"], dtype=np.float32)
        return total
    return channels.get("in_phase", scan.image)
