"""The three planes of a case that its picture shows, turned as a radiologist holds them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.anatomy import Side
from myoscope.ops.orient import to_lps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope.data.scan import Scan
    from myoscope.data.segmentation import Segmentation

#: Slices are chosen on labels sampled about this far apart: enough to see every structure, quick on large scans.
CHOICE_SPACING_MM = 3.0
#: The bone whose middle is the middle of the thigh.
AXIS_BONE = "femur"


@dataclass(frozen=True, slots=True)
class Plane:
    """One slice as it is shown: row 0 on top, column 0 on the left.

    Attributes:
        name: `axial`, `coronal` or `sagittal`.
        image: Shape (rows, columns), the scan's first channel.
        labels: The same shape.
        spacing_mm: Distance of rows, distance of columns.
        letters: What lies to the left, right, top and bottom.
        index: Slice along the patient axis that the plane cuts, from the feet, the front or the patient's right.
        count: Number of slices along that axis.
    """

    name: str
    image: NDArray[Any]
    labels: NDArray[np.uint8]
    spacing_mm: tuple[float, float]
    letters: tuple[str, str, str, str]
    index: int
    count: int

    @property
    def size_mm(self) -> tuple[float, float]:
        """Height and width, from edge to edge."""
        rows, columns = self.image.shape
        return rows * self.spacing_mm[0], columns * self.spacing_mm[1]


def pick_planes(scan: Scan, segmentation: Segmentation) -> tuple[Plane, Plane, Plane]:
    """Return the axial, coronal and sagittal plane of a scan in which the structures are seen best (`pick_place`)."""
    return cut_planes(scan.image, segmentation, pick_place(segmentation))


def pick_place(segmentation: Segmentation) -> tuple[int, int, int]:
    """Return where the structures are seen best: slices from the feet, the front and the patient's right.

    Axial: halfway along the femur when it is labeled, else where most structures are seen. Coronal: through most of the
    femurs, else of the structures. Sagittal: where most structures are seen. Without any label: the middle of the scan.
    """
    labels, grid = to_lps(segmentation.labels, segmentation.grid)
    return _choose(labels, segmentation, grid.spacing_mm)


def cut_planes(
    image: NDArray[Any], segmentation: Segmentation, place: tuple[int, int, int]
) -> tuple[Plane, Plane, Plane]:
    """Return the axial, coronal and sagittal plane of an image through a place that `pick_place` gives.

    The image lies on the segmentation's grid. Patient right is on the picture's left (radiological convention), the
    front of a sagittal plane too.
    """
    image, grid = to_lps(image, segmentation.grid)
    labels, _ = to_lps(segmentation.labels, segmentation.grid)
    k, j, i = place
    dx, dy, dz = grid.spacing_mm
    nz, ny, nx = labels.shape
    return (
        Plane("axial", image[k], labels[k], (dy, dx), ("R", "L", "A", "P"), k, nz),
        Plane("coronal", image[::-1, j], labels[::-1, j], (dz, dx), ("R", "L", "S", "I"), j, ny),
        Plane("sagittal", image[::-1, :, i], labels[::-1, :, i], (dz, dy), ("A", "P", "S", "I"), i, nx),
    )


def _choose(
    labels: NDArray[np.uint8], segmentation: Segmentation, spacing_mm: tuple[float, ...]
) -> tuple[int, int, int]:
    steps = [max(1, math.floor(CHOICE_SPACING_MM / s)) for s in reversed(spacing_mm)]
    coarse = labels[tuple(slice(None, None, step) for step in steps)]
    if not coarse.any():
        nz, ny, nx = labels.shape
        return nz // 2, ny // 2, nx // 2
    bone = np.isin(coarse, _axis_bone_values(segmentation))
    if bone.any():
        heights = np.flatnonzero(bone.any(axis=(1, 2)))
        axial = int(heights[0] + heights[-1]) // 2
        coronal = int(bone.sum(axis=(0, 2)).argmax())
    else:
        axial, coronal = _richest(coarse, 0), _richest(coarse, 1)
    return axial * steps[0], coronal * steps[1], _richest(coarse, 2) * steps[2]


def _axis_bone_values(segmentation: Segmentation) -> list[int]:
    structures = segmentation.structures
    if AXIS_BONE not in structures:
        return []
    return [structures.label(AXIS_BONE, side) for side in (Side.RIGHT, Side.LEFT)]


def _richest(labels: NDArray[np.uint8], axis: int) -> int:
    """Return the index along `axis` of the slice with most structures; among equals, with most labeled voxels."""
    planes = np.moveaxis(labels, axis, 0)
    counts = np.stack([np.bincount(plane.ravel(), minlength=256)[1:] for plane in planes])
    return int(np.lexsort((counts.sum(axis=1), (counts > 0).sum(axis=1)))[-1])
