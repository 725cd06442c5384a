"""Bones of their own size: a deformation made for muscles swells them where a wasted muscle leaves room around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET, THIGH_STRUCTURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope.synthesis.anatomy import Anatomy
    from myoscope.synthesis.people.warping import Warp

BONES = tuple(s.id for s in THIGH_STRUCTURES if s.kind == "bone")


def slimmed(anatomy: Anatomy, warp: Warp) -> NDArray[np.uint8]:
    """Return the labels with every bone that has swollen taken off at its border, slice by slice; 0 takes its place.

    What stays has the volume that the same voxels had before they were bent, and is what lies deepest.

    Args:
        anatomy: In the person's coordinates.
        warp: What bent it.
    """
    from scipy.ndimage import map_coordinates

    labels, grid, jacobian = anatomy.labels.copy(), anatomy.grid, warp.jacobian
    offset = (np.array(grid.origin) - np.array(warp.grid.origin)) / np.array(warp.grid.spacing_mm)
    scale = np.array(grid.spacing_mm) / np.array(warp.grid.spacing_mm)
    for k, plane in enumerate(labels):
        for value in np.intersect1d(plane, (*BONES, *(bone + LEFT_OFFSET for bone in BONES))):
            mask = plane == value
            j, i = mask.nonzero()
            places = [n * s + o for n, s, o in zip((np.full(len(j), k), j, i), scale[::-1], offset[::-1], strict=True)]
            before = round(float(map_coordinates(jacobian, places, order=1, mode="nearest").sum()))
            if before < len(j):
                shallowest = np.argsort(_depths(mask), kind="stable")[: len(j) - before]
                plane[j[shallowest], i[shallowest]] = 0
    return labels


def _depths(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how far each pixel of a mask lies from its border, in pixels, in the order of `nonzero`."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    box = np.pad(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)
    return np.asarray(distance_transform_edt(box)[box])
