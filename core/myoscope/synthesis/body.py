"""The body around an anatomy: where fat ends and air begins, and how deep a voxel lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.grid import Grid
from myoscope.synthesis.fields import smooth_field

Mask = NDArray[np.bool_]

PELVIS_ID = 29


def body_mask(labels: NDArray[np.uint8], grid: Grid, fat_mm: float, rng: np.random.Generator) -> Mask:
    """Return the body: everything within an uneven layer of fat around the labels, holes filled.

    In slices through the pelvis the layer lies around the convex hull of the labels: belly and sacrum have no label.

    Args:
        labels: Shape `grid.shape`.
        grid: Axis-aligned.
        fat_mm: Mean thickness of the layer.
        rng: Source of randomness.
    """
    from scipy.ndimage import binary_fill_holes, distance_transform_edt, gaussian_filter
    from skimage.morphology import convex_hull_image

    layer = fat_mm * np.exp(0.35 * smooth_field(rng, grid.shape, grid.spacing_mm, 90.0)) + 2.5
    body = np.zeros(labels.shape, dtype=bool)
    plane = grid.spacing_mm[1], grid.spacing_mm[0]
    for k, section in enumerate(labels):
        tissue = section > 0
        if not tissue.any():
            continue
        if (section % LEFT_OFFSET == PELVIS_ID).any():
            tissue = convex_hull_image(tissue)
        body[k] = binary_fill_holes(distance_transform_edt(~tissue, sampling=plane) <= layer[k])
    sigma = tuple(5.0 / s for s in reversed(grid.spacing_mm))
    smooth = gaussian_filter(body.astype(np.float32), sigma, truncate=2.0) > 0.5  # noqa: PLR2004
    return np.asarray(smooth | (labels > 0), dtype=bool)


def depth_inside(mask: Mask, grid: Grid) -> NDArray[np.float32]:
    """Return for every voxel of the mask its in-plane distance to the outside in mm, 0 outside.

    Beyond the field of view counts as inside.
    """
    from scipy.ndimage import distance_transform_edt

    depth = np.zeros(mask.shape, dtype=np.float32)
    plane = grid.spacing_mm[1], grid.spacing_mm[0]
    for k, section in enumerate(mask):
        if section.all():
            depth[k] = np.inf
        elif section.any():
            depth[k] = distance_transform_edt(section, sampling=plane)
    return depth
