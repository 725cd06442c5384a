"""What the layers under the skin say of water and fat, in the right and the left half of every slice."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from myoscope import Grid
from myoscope.ops.components import fill_holes

#: Halves of a slice in LPS order, the patient's right first.
SIDES = ("right", "left")
#: Depths under the surface where skin, fat that even lean people have, and the tissue beneath thin fat end: in mm, or
#: in pixels where that is deeper, so that the pixels that surface and air share are always above the fat.
ENDS_MM, ENDS_PIXELS = (2.0, 6.0, 15.0), (0.75, 1.75, 4.0)
#: Evidence is the balance of the fat layer minus these shares of the balance beneath and above it. Their sum is below
#: 1, so fat that fills all three layers still speaks for itself; skin, often too thin to be seen, weighs less.
DEEP_WEIGHT, SKIN_WEIGHT = 0.5, 0.25
#: A layer of fewer pixels in a half of a slice says nothing.
FEWEST_PIXELS = 20
#: Parts of the body smaller than this share of the slice's largest are left out: arms, hands, noise.
PART_SHARE = 0.25
#: Halves are parted where this share of the body, or more, lies on either side.
HALF_SHARE = 0.35
#: How far the parting column is drawn to the middle of the body, against a notch of that share of its height.
MIDDLE_PULL = 2.0
#: The parting column is the median of those of this many slices.
SPLIT_SLICES = 9


@dataclass(frozen=True, slots=True)
class Halves:
    """Measures of the halves of each slice; arrays of shape (2, slices) unless said otherwise.

    A balance is (F - W) / (F + W), from -1, water, to 1, fat.

    Attributes:
        shape: Shape of the images, (k, j, i), in LPS order.
        split: First column of the left half, shape (slices,).
        notch: Height of the body in that column as a share of its highest column, shape (slices,).
        voxels: Voxels of the body.
        seen: Whether there are layers to look at.
        rim: Mean balance at the depth of subcutaneous fat; 0 where nothing is seen.
        deep: Mean balance beneath; the same.
        evidence: Positive where the layers are as they should be, negative where exchanged; the same.
        agreement: Mean product of the balances of each slice and the next in the same place, negative where one of
            them is exchanged, shape (2, slices - 1); 1 where either is empty.
    """

    shape: tuple[int, int, int]
    split: NDArray[np.intp]
    notch: NDArray[np.float64]
    voxels: NDArray[np.int64]
    seen: NDArray[np.bool_]
    rim: NDArray[np.float64]
    deep: NDArray[np.float64]
    evidence: NDArray[np.float64]
    agreement: NDArray[np.float64]


def measure_halves(percent: NDArray[np.float32], grid: Grid) -> Halves:
    """Return what the halves of every slice show.

    Args:
        percent: Fat fraction in LPS order, NaN where noise.
        grid: The grid of `percent`.
    """
    count = len(percent)
    body = np.stack([_body(plane) for plane in percent])
    split, notch = _split(body)
    voxels = np.zeros((2, count), dtype=np.int64)
    skin, rim, deep = (np.zeros((2, count)) for _ in range(3))
    seen = np.zeros((2, count), dtype=np.bool_)
    agreement = np.ones((2, max(count - 1, 0)))
    ends = [max(mm, pixels * max(grid.spacing_mm[:2])) for mm, pixels in zip(ENDS_MM, ENDS_PIXELS, strict=True)]
    for k in range(count):
        depth, balance = _depth_mm(body[k], grid), _balance(percent[k], body[k])
        following = _balance(percent[k + 1], body[k + 1]) * balance if k + 1 < count else None
        for side, half in enumerate((np.s_[:, : split[k]], np.s_[:, split[k] :])):
            voxels[side, k] = np.count_nonzero(body[k][half])
            layers = [_mean(balance[half], depth[half], between) for between in pairwise([0.0, *ends])]
            seen[side, k] = not np.isnan(layers).any()
            if seen[side, k]:
                skin[side, k], rim[side, k], deep[side, k] = layers
            if following is not None and np.isfinite(following[half]).any():
                agreement[side, k] = float(np.nanmean(following[half]))
    evidence = rim - DEEP_WEIGHT * deep - SKIN_WEIGHT * skin
    return Halves(body.shape, split, notch, voxels, seen, rim, deep, evidence, agreement)


def _body(percent: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the large parts of a slice that are more than noise, without holes."""
    import cc3d
    from scipy import ndimage

    # An opening parts what touches by single pixels of noise.
    signal = fill_holes(ndimage.binary_opening(np.isfinite(percent)))
    parts, _ = cc3d.connected_components(signal, connectivity=4, return_N=True)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    keep = sizes >= max(PART_SHARE * sizes.max(), 1)
    inside: NDArray[np.bool_] = keep[parts]
    return inside


def _split(body: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the column that parts right from left in each slice and the height of the body there.

    It is the emptiest column near the middle: the gap between two legs, the notch where they touch, and just the
    middle of a trunk or of a single leg.
    """
    from scipy import ndimage

    heights = body.sum(axis=1)
    filled = np.flatnonzero(heights.any(axis=1))
    if not filled.size:
        return np.full(len(body), body.shape[2] // 2, dtype=np.intp), np.zeros(len(body))
    columns = np.array([_column(heights[k]) for k in filled], dtype=np.float64)
    every = np.interp(np.arange(len(body)), filled, columns)
    split = np.rint(ndimage.median_filter(every, SPLIT_SLICES, mode="nearest")).astype(np.intp)
    highest = np.maximum(heights.max(axis=1), 1)
    return split, heights[np.arange(len(body)), split] / highest


def _column(heights: NDArray[np.int64]) -> int:
    shares = np.cumsum(heights) / heights.sum()
    off = np.abs(shares - 0.5)
    near = off <= max(0.5 - HALF_SHARE, float(off.min()))
    cost = np.where(near, heights / heights.max() + MIDDLE_PULL * off, np.inf)
    # All columns of a gap are equally empty: its middle is taken.
    return round(float(np.flatnonzero(cost == cost.min()).mean()))


def _depth_mm(body: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
    """Return how deep the center of each pixel lies under the surface, in mm; not positive outside the body."""
    from scipy import ndimage

    width, height = grid.spacing_mm[:2]
    # Beyond the edge of the image the body goes on: a padded edge would look like a surface.
    distance = ndimage.distance_transform_edt(np.pad(body, 1, mode="edge"), sampling=(height, width))
    return np.asarray(distance[1:-1, 1:-1] - min(width, height) / 2.0)


def _balance(percent: NDArray[np.float32], body: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return (F - W) / (F + W) inside the body and NaN elsewhere."""
    return np.where(body, percent / np.float32(50.0) - np.float32(1.0), np.float32(np.nan))


def _mean(balance: NDArray[np.float32], depth: NDArray[np.float64], between: tuple[float, float]) -> float:
    """Return the mean balance between two depths; NaN for a layer of too few pixels."""
    inside = balance[(depth > between[0]) & (depth <= between[1])]
    inside = inside[np.isfinite(inside)]
    return float(inside.mean()) if inside.size >= FEWEST_PIXELS else float("nan")
