"""The body around an anatomy: where fat ends and air begins, and how deep a voxel lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.grid import Grid
from myoscope.synthesis.fields import smooth_field

Mask = NDArray[np.bool_]

FEMUR_ID, PELVIS_ID = 28, 29
#: A slice with less tissue than this share of the typical one lies beyond the anatomy's end.
FULL_SHARE = 0.4
#: A leg whose labels fill less than this share of their convex hull holds more than they name.
SPARSE_SHARE = 0.7


def body_mask(
    labels: NDArray[np.uint8],
    grid: Grid,
    fat_mm: float,
    rng: np.random.Generator,
    *,
    round_mm: float = 0.0,
    apart_mm: float = 0.0,
) -> Mask:
    """Return the body: everything within an uneven layer of fat around the labels, holes filled.

    Beyond the ends of the anatomy the body goes on as its last full slice. In slices through the pelvis the layer lies
    around the convex hull of the labels: belly and sacrum have no label.

    Args:
        labels: Shape `grid.shape`.
        grid: Axis-aligned.
        fat_mm: Mean thickness of the layer.
        rng: Source of randomness.
        round_mm: Skin does not follow a furrow between muscles that a disc of this radius does not enter, and wraps
            a leg whose labels leave much of it free, as at the knee.
        apart_mm: Air between the two legs below the pelvis, where their layers of fat would touch.
    """
    from scipy.ndimage import binary_fill_holes, distance_transform_edt, gaussian_filter

    layer = fat_mm * np.exp(0.35 * smooth_field(rng, grid.shape, grid.spacing_mm, 90.0)) + 2.5
    body = np.zeros(labels.shape, dtype=bool)
    plane = grid.spacing_mm[1], grid.spacing_mm[0]
    for k, nearest in enumerate(_nearest_full(labels)):
        section = np.where(labels[k] > 0, labels[k], labels[nearest])
        tissue = section > 0
        if not tissue.any():
            continue
        pelvis = (labels[nearest] % LEFT_OFFSET == PELVIS_ID).any()
        if pelvis:
            tissue = _hull(tissue)
        elif round_mm:
            tissue = tissue | _wrapped(section)
        grown = distance_transform_edt(~tissue, sampling=plane) <= layer[k] + round_mm
        if round_mm:
            grown = distance_transform_edt(grown, sampling=plane) > round_mm
        body[k] = binary_fill_holes(grown)
        if apart_mm and not pelvis:
            body[k] &= ~_between_legs(section, plane, apart_mm)
    sigma = tuple(5.0 / s for s in reversed(grid.spacing_mm))
    if apart_mm:
        sigma = (sigma[0], 1.0, 1.0)  # a wider smoothing would close the gap
    smooth = gaussian_filter(body.astype(np.float32), sigma, truncate=2.0) > 0.5  # noqa: PLR2004
    return np.asarray(smooth | (labels > 0), dtype=bool)


def _wrapped(section: NDArray[np.uint8]) -> Mask:
    """Return the convex hull of each leg that its labels do not fill."""
    wrapped = np.zeros(section.shape, dtype=bool)
    for leg in ((section > 0) & (section < LEFT_OFFSET), section > LEFT_OFFSET):
        if leg.any():
            hull = _hull(leg)
            if leg.sum() < SPARSE_SHARE * hull.sum():
                wrapped |= hull
    return wrapped


def _hull(mask: Mask) -> Mask:
    """Return the convex hull of a mask in its plane, looked for in the mask's own box alone."""
    from skimage.morphology import convex_hull_image

    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    hull = np.zeros(mask.shape, dtype=bool)
    hull[box] = convex_hull_image(mask[box])
    return hull


def _between_legs(section: NDArray[np.uint8], plane: tuple[float, float], width_mm: float) -> Mask:
    """Return a band of this width along the line that is equally far from the right and the left leg."""
    from scipy.ndimage import distance_transform_edt

    sides = (section > 0) & (section < LEFT_OFFSET), section > LEFT_OFFSET
    if not all(side.any() for side in sides):
        return np.zeros(section.shape, dtype=bool)
    right, left = (distance_transform_edt(~side, sampling=plane) for side in sides)
    # Away from that line one distance grows as the other falls, so their difference is twice the way to it.
    return np.asarray(np.abs(right - left) < width_mm, dtype=bool)


def _nearest_full(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return for every slice itself, or the nearest slice that the anatomy fills, when it hardly reaches there."""
    areas = np.count_nonzero(labels, axis=(1, 2))
    typical = np.median(areas[areas > 0]) if areas.any() else 0
    full = np.flatnonzero(areas >= FULL_SHARE * typical)
    slices = np.arange(len(labels))
    return np.asarray(full[np.abs(slices[:, None] - full[None, :]).argmin(axis=1)], dtype=np.int64)


def rich_slices(labels: NDArray[np.uint8]) -> Mask:
    """Tell for every slice whether there is more than fat around the labels: in the pelvis, and beyond the femur."""
    section = labels % LEFT_OFFSET
    return np.asarray((section == PELVIS_ID).any(axis=(1, 2)) | ~(section == FEMUR_ID).any(axis=(1, 2)))


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
