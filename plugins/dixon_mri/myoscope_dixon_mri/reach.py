"""Which table positions of a scan from the chest down show hip and thigh."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from myoscope import Grid
from myoscope.ops.air import noise_limit
from myoscope.ops.orient import to_lps
from myoscope_dixon_mri.places import extent_mm

#: From the lower edge of a scan that ends below the knee to the iliac crest of a tall person: 8 cm below the joint, and
#: 60 cm from there. A table position that begins higher shows no muscle of hip or thigh. Of the six of UK Biobank the
#: third, the pelvis, begins some 480 mm above the lower edge by the paper's 320 slices of 3 mm, and 600 mm by the
#: series themselves (44 to 72 slices of 3 to 4.5 mm, 1.1 m together); the second, the abdomen, 640 and 755 mm.
PELVIS_TO_KNEE_MM = 680.0
#: The slice with the least tissue below the widest one: two knees have more than this share of it, two ankles less.
ANKLE_SHARE = 0.13


def shows_thigh(grids: Sequence[Grid], images: Sequence[NDArray[np.float32]]) -> tuple[bool, ...]:
    """Tell for each table position whether it can show hip or thigh, by how far above the knees it begins.

    A scan whose lower end is not near the knees, as its ankles are in view, tells nothing this way: all are kept.

    Args:
        grids: Of each table position.
        images: One magnitude image of each, in which muscle is bright.
    """
    starts = [extent_mm(grid)[2][0] for grid in grids]
    near = tuple(start - min(starts) < PELVIS_TO_KNEE_MM for start in starts)
    return near if all(near) or not _ankles_in_view(grids, images) else (True,) * len(near)


def _ankles_in_view(grids: Sequence[Grid], images: Sequence[NDArray[np.float32]]) -> bool:
    rows = []
    for grid, image in zip(grids, images, strict=True):
        upright, flat = to_lps(image, grid)
        pixel_cm2 = flat.spacing_mm[0] * flat.spacing_mm[1] / 100.0
        areas = np.count_nonzero(upright > noise_limit(image), axis=(1, 2)) * pixel_cm2
        rows += [(flat.position((0.0, 0.0, float(k)))[2], area) for k, area in enumerate(areas)]
    areas = np.array([area for _, area in sorted(rows)])
    widest = int(np.flatnonzero(areas == areas.max())[-1])
    return bool(areas[: widest + 1].min() < ANKLE_SHARE * areas[widest])
