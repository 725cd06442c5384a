"""How much muscle a body carries: packed or swollen, so that muscles touch, or wasted, so that fat lies around them.

The full anatomies come from bodies whose muscles lie apart, with fat in all gaps. In athletic people only thin sheets
part them, and muscles of the hip, too, are thicker on bones of the same size; in old and ill ones some compartments are
wasted more than others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET, THIGH_STRUCTURES
from myoscope.data.grid import Grid
from myoscope.synthesis.fields import smooth_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.uint8]

MUSCLES = tuple(s.id for s in THIGH_STRUCTURES if s.kind == "muscle")
BONES = tuple(s.id for s in THIGH_STRUCTURES if s.kind == "bone")
#: Ids that waste together: front, inner and back thigh, buttock, the rest.
COMPARTMENTS = ((1, 2, 3, 4, 5), (6, 7, 8, 9, 10), (19, 20, 21), (11, 12, 13, 14, 15, 16, 17, 18), (22, 23, 24))
#: How often a body is packed, swollen or wasted; else it stays as it is.
PACKED_CHANCE, SWOLLEN_CHANCE, WASTED_CHANCE = 0.3, 0.25, 0.25
#: Half the width of the gaps that packed muscles fill, what swollen ones gain at their border and wasted ones lose, mm.
PACKED_MM = (1.0, 5.0)
SWOLLEN_MM = (1.0, 6.0)
WASTED_MM = 4.0
#: A muscle's own share of what its body gains or its compartment loses.
OWN_SHARE = (0.3, 1.3)
#: How often a compartment of a wasted body is wasted.
COMPARTMENT_CHANCE = 0.6


def built(labels: Labels, grid: Grid, rng: np.random.Generator) -> Labels:
    """Return the labels of a body that is packed, swollen, wasted or as it is, by chance.

    Args:
        labels: Left and right split, shape `grid.shape`.
        grid: Axis-aligned.
        rng: Source of randomness.
    """
    chance = rng.random()
    if chance < PACKED_CHANCE:
        return packed(labels, grid, float(rng.uniform(*PACKED_MM)), rng)
    if chance < PACKED_CHANCE + SWOLLEN_CHANCE:
        return swollen(labels, grid, rng.uniform(*SWOLLEN_MM) * rng.uniform(*OWN_SHARE, size=256))
    if chance < PACKED_CHANCE + SWOLLEN_CHANCE + WASTED_CHANCE:
        return wasted(labels, grid, draw_loss(rng))
    return labels


def packed(labels: Labels, grid: Grid, reach_mm: float, rng: np.random.Generator) -> Labels:
    """Return the labels with muscles grown into the gaps between them that are at most twice `reach_mm` wide.

    Each leg for itself, slice by slice; its outer border stays. Some gaps stay here and there.
    """
    from scipy.ndimage import distance_transform_edt

    filled = labels.copy()
    plane = grid.spacing_mm[1], grid.spacing_mm[0]
    kept = smooth_field(rng, grid.shape, grid.spacing_mm, (25.0, 25.0, 60.0)) > rng.uniform(0.8, 2.0)
    for k, section in enumerate(labels):
        for own in ((section > 0) & (section < LEFT_OFFSET), section > LEFT_OFFSET):
            if not own.any():
                continue
            box = _around(own, round(reach_mm / min(plane)) + 2)
            leg, part = own[box], section[box]
            muscle = leg & ~np.isin(part % LEFT_OFFSET, BONES)
            if not muscle.any():
                continue
            near = distance_transform_edt(~leg, sampling=plane) <= reach_mm
            closed = distance_transform_edt(near, sampling=plane) > reach_mm
            gaps = closed & (part == 0) & ~kept[k][box]
            nearest = distance_transform_edt(~muscle, sampling=plane, return_distances=False, return_indices=True)
            filled[k][box][gaps] = part[tuple(nearest)][gaps]
    return filled


def swollen(labels: Labels, grid: Grid, gain_mm: NDArray[np.float64]) -> Labels:
    """Return the labels with every muscle grown, in its plane, by its own depth into what is nearest to it and unnamed.

    Args:
        labels: Left and right split, shape `grid.shape`.
        grid: Axis-aligned.
        gain_mm: Depth by label value, shape (256,).
    """
    from scipy.ndimage import distance_transform_edt

    thicker = labels.copy()
    plane = grid.spacing_mm[1], grid.spacing_mm[0]
    muscles = (labels > 0) & ~np.isin(labels % LEFT_OFFSET, BONES)
    for section, muscle in zip(thicker, muscles, strict=True):
        if not muscle.any():
            continue
        box = _around(muscle, round(float(gain_mm.max()) / min(plane)) + 2)
        part = section[box]
        away, nearest = distance_transform_edt(~muscle[box], sampling=plane, return_indices=True)
        owner = part[tuple(nearest)]
        part[...] = np.where((part == 0) & (away <= gain_mm[owner]), owner, part)
    return thicker


def wasted(labels: Labels, grid: Grid, loss_mm: NDArray[np.float32]) -> Labels:
    """Return the labels with every muscle taken off at its in-plane border by its own depth; fat takes its place.

    Args:
        labels: Left and right split, shape `grid.shape`.
        grid: Axis-aligned.
        loss_mm: Depth by label value, shape (256,).
    """
    from scipy.ndimage import distance_transform_edt

    thinner = labels.copy()
    plane = grid.spacing_mm[1], grid.spacing_mm[0]
    for section in thinner:
        if not section.any():
            continue
        border = np.zeros(section.shape, dtype=bool)
        for axis in (0, 1):
            changed = np.diff(section, axis=axis) != 0
            before, after = [slice(None)] * 2, [slice(None)] * 2
            before[axis], after[axis] = slice(None, -1), slice(1, None)
            border[tuple(before)] |= changed
            border[tuple(after)] |= changed
        section[distance_transform_edt(~border, sampling=plane) < loss_mm[section]] = 0
    return thinner


def draw_loss(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return what a wasted body's muscles lose, in mm by label value: by compartment, muscle and side."""
    loss = np.zeros(256, dtype=np.float32)
    for ids in COMPARTMENTS:
        depth = rng.uniform(0.0, WASTED_MM) if rng.random() < COMPARTMENT_CHANCE else 0.0
        for value in ids:
            if value in MUSCLES:
                loss[[value, value + LEFT_OFFSET]] = depth * rng.uniform(*OWN_SHARE, size=2)
    return loss


def _around(mask: NDArray[np.bool_], margin: int) -> tuple[slice, slice]:
    """Return the box of a mask in its plane with a margin."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + margin + 1),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + margin + 1),
    )
