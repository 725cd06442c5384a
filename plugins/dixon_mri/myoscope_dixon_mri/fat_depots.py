"""Fat of the thigh outside its muscles: under the skin and between the muscles, from the fat fraction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from myoscope import Side
from myoscope.anatomy import LEFT_OFFSET
from myoscope.ops.regions import EDGE_NAMES
from myoscope.qc.coverage import cut_reason
from myoscope.thigh.envelope import ENVELOPE, Thigh, depot_rows, envelopes, thigh_of

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    thighs = {side: thigh_of(regions, segmentation, side) for side in (Side.RIGHT, Side.LEFT)}
    fascia = {side: _inside_fascia(labels, thigh, regions.grid.spacing_mm) for side, thigh in thighs.items()}
    under = fascia[Side.RIGHT] | fascia[Side.LEFT]
    legs = _legs(labels, ~np.isnan(fraction.percent), _slices(thighs.values()), regions.grid.spacing_mm)

    def between(side: Side, _thigh: Thigh) -> tuple[float, str]:
        voxels = int(np.count_nonzero(fascia[side] & (labels == 0) & fat))
        return voxels * regions.grid.voxel_volume_ml, ""

    def under_skin(side: Side, thigh: Thigh) -> tuple[float, str]:
        if thigh.where is None:
            return math.nan, ""
        part = thigh.where[0]
        own = legs[side][part]
        voxels = int(np.count_nonzero(own & fat[part] & (labels[part] == 0) & ~under[part]))
        return voxels * regions.grid.voxel_volume_ml, cut_reason(_ends(own))

    depots = (("intermuscular_fat_volume", BETWEEN, between), ("subcutaneous_fat_volume", UNDER_SKIN, under_skin))
    rows: list[Measurement] = []
    for quantity, method, volume_ml in depots:
        named = (quantity, f"{method}; {fraction.method}")
        rows += depot_rows(regions, segmentation, named=named, volume_ml=volume_ml)
    return rows


def _inside_fascia(labels: NDArray[np.uint8], thigh: Thigh, spacing_mm: tuple[float, ...]) -> NDArray[np.bool_]:
    """Return what the fascia of a thigh encloses."""
    inside = np.zeros(labels.shape, dtype=np.bool_)
    for part, envelope in envelopes(labels, thigh, spacing_mm):
        inside[part] = envelope
    return inside


def _slices(thighs: Iterable[Thigh]) -> range:
    """Return the slices that hold a thigh."""
    found = [thigh.where[0] for thigh in thighs if thigh.where is not None]
    return range(min((part.start for part in found), default=0), max((part.stop for part in found), default=0))


def _legs(
    labels: NDArray[np.uint8], tissue: NDArray[np.bool_], slices: range, spacing_mm: tuple[float, ...]
) -> dict[Side, NDArray[np.bool_]]:
    """Return the tissue that belongs to either leg: joined in its slice to what is labelled, nearer to this side.

    Hands and arms beside the thigh are pieces without labels.
    """
    from scipy import ndimage

    legs = {side: np.zeros(labels.shape, dtype=np.bool_) for side in (Side.RIGHT, Side.LEFT)}
    for k in slices:
        labelled = labels[k] > 0
        pieces, count = ndimage.label(tissue[k] | labelled)
        named = np.zeros(count + 1, dtype=np.bool_)
        named[pieces[labelled]] = True
        body = named[pieces] & tissue[k]
        left = labels[k] > LEFT_OFFSET
        right = labelled & ~left
        if not right.any() or not left.any():
            legs[Side.RIGHT][k], legs[Side.LEFT][k] = body & bool(right.any()), body & bool(left.any())
            continue
        to_right, to_left = (ndimage.distance_transform_edt(~leg, sampling=spacing_mm[1::-1]) for leg in (right, left))
        legs[Side.RIGHT][k], legs[Side.LEFT][k] = body & (to_right <= to_left), body & (to_left <= to_right)
    return legs


def _ends(own: NDArray[np.bool_]) -> list[str]:
    """Return the ends of the field of view that a leg touches in the plane of any of its slices."""
    ends = zip(
        (name for names in EDGE_NAMES[1:] for name in names),
        (own[:, 0], own[:, -1], own[:, :, 0], own[:, :, -1]),
        strict=True,
    )
    return [name for name, end in ends if end.any()]
