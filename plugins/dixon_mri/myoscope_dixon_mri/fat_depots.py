"""Fat of the thigh outside its muscles: under the skin and between the muscles, from the fat fraction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from myoscope import Side
from myoscope.anatomy import LEFT_OFFSET
from myoscope.ops.regions import EDGE_NAMES
from myoscope.qc.coverage import cut_reason
from myoscope.thigh.envelope import ENVELOPE, Thigh, depot_rows, envelopes, intermuscular_fat_ml, thigh_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope import Measurement, Segmentation
    from myoscope.ops.fat import FatFraction
    from myoscope.ops.regions import Regions

#: A voxel with more fat than this counts as fat, whole.
FAT_PERCENT = 50.0
BETWEEN = f"voxels of more than {FAT_PERCENT:g}% fat outside muscle and bone inside {ENVELOPE}"
UNDER_SKIN = (
    f"voxels of more than {FAT_PERCENT:g}% fat in the body, nearer to the labels of this side than to the other's, "
    f"outside muscle and bone, outside {ENVELOPE}"
)


def fat_depot_rows(
    labels: NDArray[np.uint8], fraction: FatFraction, regions: Regions, segmentation: Segmentation
) -> list[Measurement]:
    """Return the fat between the muscles and under the skin of the right thigh, the left one and both.

    Without a known noise there are no rows: air could not be told from tissue.

    Args:
        labels: In LPS order.
        fraction: In LPS order.
        regions: Sums over the labels.
        segmentation: What the labels mean.
    """
    if math.isnan(fraction.noise):
        return []
    fat = fraction.percent > FAT_PERCENT
    under = _under_fascia(labels, regions, segmentation)

    def between(_side: Side, thigh: Thigh) -> tuple[float, str]:
        return intermuscular_fat_ml(labels, thigh, regions, lambda part: fat[part]), ""

    def under_skin(side: Side, thigh: Thigh) -> tuple[float, str]:
        if thigh.where is None:
            return math.nan, ""
        voxels, ends = 0, set[str]()
        for k in range(thigh.where[0].start, thigh.where[0].stop):
            own = _own_body(labels[k], ~np.isnan(fraction.percent[k]), side, regions.grid.spacing_mm)
            voxels += int(np.count_nonzero(own & fat[k] & (labels[k] == 0) & ~under[k]))
            ends |= _ends(own)
        in_order = [end for names in EDGE_NAMES[1:] for end in names if end in ends]
        return voxels * regions.grid.voxel_volume_ml, cut_reason(in_order)

    depots = (("intermuscular_fat_volume", BETWEEN, between), ("subcutaneous_fat_volume", UNDER_SKIN, under_skin))
    rows: list[Measurement] = []
    for quantity, method, volume_ml in depots:
        named = (quantity, f"{method}; {fraction.method}")
        rows += depot_rows(regions, segmentation, named=named, volume_ml=volume_ml)
    return rows


def _under_fascia(labels: NDArray[np.uint8], regions: Regions, segmentation: Segmentation) -> NDArray[np.bool_]:
    """Return what the fascia of either thigh encloses."""
    under = np.zeros(labels.shape, dtype=np.bool_)
    for side in (Side.RIGHT, Side.LEFT):
        thigh = thigh_of(regions, segmentation, side)
        for part, envelope in envelopes(labels, thigh, regions.grid.spacing_mm):
            under[part] |= envelope
    return under


def _own_body(
    labels: NDArray[np.uint8], tissue: NDArray[np.bool_], side: Side, spacing_mm: tuple[float, ...]
) -> NDArray[np.bool_]:
    """Return the tissue of a slice that belongs to the leg of a side: joined to what is labelled, nearer to this side.

    Hands and arms beside the thigh are pieces without labels.
    """
    from scipy import ndimage

    pieces, _ = ndimage.label(tissue | (labels > 0))
    body = np.isin(pieces, np.unique(pieces[labels > 0])) & tissue
    left = labels > LEFT_OFFSET
    right = (labels > 0) & ~left
    mine, other = (right, left) if side is Side.RIGHT else (left, right)
    if not mine.any() or not other.any():
        return body & bool(mine.any())
    away, beyond = (ndimage.distance_transform_edt(~leg, sampling=spacing_mm[1::-1]) for leg in (mine, other))
    own: NDArray[np.bool_] = body & (away <= beyond)
    return own


def _ends(own: NDArray[np.bool_]) -> set[str]:
    """Return the ends of the field of view that a leg touches in a slice."""
    found = (own[0].any(), own[-1].any()), (own[:, 0].any(), own[:, -1].any())
    return {
        name for names, cut in zip(EDGE_NAMES[1:], found, strict=True) for name, c in zip(names, cut, strict=True) if c
    }
