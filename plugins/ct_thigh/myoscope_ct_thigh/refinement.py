"""From a network's labels to labels that can be measured: sides by geometry, without islands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.ops.components import CONNECTIVITY
from myoscope.ops.orient import from_lps, to_lps
from myoscope.thigh.extent import only_slices
from myoscope.thigh.sides import split_legs
from myoscope_ct_thigh.checks import MEAN_HU_LIMITS
from myoscope_ct_thigh.extent import BELOW_HIP, thigh_extent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope import Scan, Segmentation


def refine(scan: Scan, segmentation: Segmentation) -> Segmentation:
    """Return the labels split into left and right, a model's also without islands, on the same grid.

    What a model labels where the bones say that there is neither hip nor thigh is cleared (see `extent`), and far above
    the femur muscles of the thigh and those as dense as bone. Labels that are split already are returned as they are.
    """
    if segmentation.sides_split:
        return segmentation
    return split_legs(_within_extent(scan, segmentation) if segmentation.by_model else segmentation)


def _within_extent(scan: Scan, segmentation: Segmentation) -> Segmentation:
    """Return the segmentation cleared outside the slices in which each structure can lie."""
    image, grid = to_lps(scan.image, scan.grid)
    labels, _ = to_lps(segmentation.labels, segmentation.grid)
    femur = labels == segmentation.structures["femur"].id if "femur" in segmentation.predicted else None
    extent = thigh_extent(image, femur, grid)
    if extent is None:
        return only_slices(segmentation, None)
    labels = labels.copy()
    _clear_above_hip(labels[extent.hip :], image[extent.hip :], segmentation)
    cleared = replace(segmentation, labels=np.ascontiguousarray(from_lps(labels, segmentation.grid)))
    return only_slices(cleared, extent.slices)


def _clear_above_hip(labels: NDArray[np.uint8], image: NDArray[Any], segmentation: Segmentation) -> None:
    """Clear, of what lies above the hip, labels of the thigh and pieces of muscle as dense as bone: vertebrae."""
    import cc3d

    structures = segmentation.structures
    labels[np.isin(labels, [structures[name].id for name in BELOW_HIP])] = 0
    inside = labels > 0
    if not inside.any():
        return
    pieces = cc3d.connected_components(labels, connectivity=CONNECTIVITY[labels.ndim])[inside]
    mean_hu = np.bincount(pieces, weights=image[inside]) / np.maximum(np.bincount(pieces), 1)
    muscle = np.isin(labels[inside], [s.id for s in structures if s.kind == "muscle"])
    labels[inside] = np.where(muscle & (mean_hu[pieces] > MEAN_HU_LIMITS["muscle"][1]), 0, labels[inside])
