"""Distances between the surfaces of two label maps: found once, for all labels, and many metrics derived.

The surface of a mask is its voxels with a face neighbor outside of it (6 neighbors in 3D, 4 in 2D); what lies beyond
the image is outside. Distances are Euclidean, between voxel centers, in the unit of the spacing. This is the surface of
MONAI (without subvoxels) and MedPy; surface-distance puts it between voxels and weighs it by area.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Neighbors closer than so many (mean) voxels are looked up in the grid; what is farther asks a k-d tree.
NEAR_VOXELS = 3.0
#: At most so many neighbors are looked up, however flat the voxels are.
MAX_NEIGHBORS = 160
#: Lengths that differ by less than this share belong to the same step of the search.
SAME_LENGTH = 1e-9
LEAF_SIZE = 32
#: Planes whose surface is found at once: what they need fits a processor's cache.
SLAB = 8
PERCENTILE = 95.0

Points = NDArray[np.int64]
Distances = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SurfaceDistances:
    """How far the surfaces of one label are apart, one value a surface voxel.

    Attributes:
        of_prediction: From each surface voxel of the prediction to the reference's surface; infinite when it has none.
        of_reference: From each surface voxel of the reference to the prediction's surface; infinite when it has none.
    """

    of_prediction: Distances
    of_reference: Distances


def surface_distances(
    prediction: NDArray[np.uint8], reference: NDArray[np.uint8], spacing: Sequence[float]
) -> dict[int, SurfaceDistances]:
    """Return the surface distances of every label from 1 up that occurs in either map.

    Args:
        prediction: Labels, 2D or 3D.
        reference: Labels of the same shape.
        spacing: Distance of neighbors along each array axis: in mm, or 1 for distances in pixels.

    Raises:
        ValueError: Shapes differ, or the spacing does not fit them.
    """
    if prediction.shape != reference.shape or len(spacing) != prediction.ndim:
        raise ValueError(f"Shapes {prediction.shape} and {reference.shape} with spacing {tuple(spacing)} do not fit.")
    steps = _steps(tuple(spacing))
    box = _box(prediction, reference)
    if box is None:
        return {}
    margin = np.abs(np.concatenate([offsets for _, offsets in steps])).max(axis=0)
    surfaces = [_surface(labels[box], margin) for labels in (prediction, reference)]
    points = [_by_label(surface) for surface in surfaces]
    one, other = (_distances(points[i], points[1 - i], surfaces[1 - i], steps, spacing) for i in (0, 1))
    none: Distances = np.empty(0)
    return {v: SurfaceDistances(one.get(v, none), other.get(v, none)) for v in sorted({*one, *other})}


def hausdorff(distances: SurfaceDistances, percentile: float = 100.0) -> float:
    """Return the larger of the two directed percentiles; the Hausdorff distance at 100, HD95 at 95.

    Percentiles are interpolated linearly, as MONAI does. MedPy's `hd95` takes one percentile of both directions pooled;
    surface-distance weighs each voxel by its area. NaN when a mask is empty (MONAI, surface-distance: infinite or NaN).

    Source: Huttenlocher et al., IEEE TPAMI 1993.
    """
    directions = (distances.of_prediction, distances.of_reference)
    if not all(_found(d) for d in directions):
        return math.nan
    return max(float(d.max() if percentile == 100.0 else np.percentile(d, percentile)) for d in directions)  # noqa: PLR2004


def hausdorff_95(distances: SurfaceDistances) -> float:
    """Return HD95: the larger of the two directed 95th percentiles; NaN when a mask is empty."""
    return hausdorff(distances, PERCENTILE)


def assd(distances: SurfaceDistances) -> float:
    """Return the average symmetric surface distance: all distances summed, over their number; NaN if a mask is empty.

    Both directions are pooled, as in MedPy and MONAI's symmetric average; surface-distance averages each direction,
    weighed by area. Source: Heimann et al., IEEE TMI 2009.
    """
    directions = (distances.of_prediction, distances.of_reference)
    if not all(_found(d) for d in directions):
        return math.nan
    return float(sum(d.sum() for d in directions) / sum(d.size for d in directions))


def surface_dice(distances: SurfaceDistances, tolerance: float) -> float:
    """Return the share of both surfaces that lies within `tolerance` of the other; NaN if both are empty, 0 if one is.

    Every surface voxel counts once, as in MONAI without subvoxels; surface-distance weighs them by area.
    Source: Nikolov et al., J Med Internet Res 2021 (normalized surface Dice).
    """
    directions = (distances.of_prediction, distances.of_reference)
    number = sum(d.size for d in directions)
    near = sum(int(np.count_nonzero(d <= tolerance)) for d in directions)
    return near / number if number else math.nan


def _found(distances: Distances) -> bool:
    return bool(distances.size and np.isfinite(distances[0]))


def _box(prediction: NDArray[np.uint8], reference: NDArray[np.uint8]) -> tuple[slice, ...] | None:
    """Return the smallest box that holds every label of both maps, or None without any."""
    box = []
    for axis in range(prediction.ndim):
        others = tuple(a for a in range(prediction.ndim) if a != axis)
        filled = np.flatnonzero(prediction.any(axis=others) | reference.any(axis=others))
        if not filled.size:
            return None
        box.append(slice(int(filled[0]), int(filled[-1]) + 1))
    return tuple(box)


def _surface(labels: NDArray[np.uint8], margin: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the label of every surface voxel and 0 elsewhere, with `margin` voxels of 0 on both sides of each axis."""
    surface = np.zeros(np.array(labels.shape) + 2 * margin, dtype=np.uint8)
    place = tuple(slice(m, m + n) for m, n in zip(margin, labels.shape, strict=True))
    for start in range(0, len(labels), SLAB):
        below = min(start, 1)
        slab = labels[start - below : start + SLAB + 1]
        own = slice(below, below + SLAB)
        np.multiply(slab[own], ~_inner(slab)[own], out=surface[place][start : start + SLAB])
    return surface


def _inner(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which voxels have only face neighbors of their own label; those at the border have none beyond it."""
    inner = np.ones(labels.shape, dtype=bool)
    for axis in range(labels.ndim):
        ahead = [slice(None)] * labels.ndim
        behind, ends = list(ahead), list(ahead)
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        same = labels[tuple(ahead)] == labels[tuple(behind)]
        inner[tuple(ahead)] &= same
        inner[tuple(behind)] &= same
        for end in (0, -1):
            ends[axis] = slice(end, None) if end else slice(0, 1)
            inner[tuple(ends)] = False
    return inner


def _by_label(surface: NDArray[np.uint8]) -> dict[int, Points]:
    """Return the flat indices of each label's surface voxels."""
    flat = np.flatnonzero(surface)
    labels = surface.ravel()[flat]
    counts = np.bincount(labels, minlength=1)
    pieces = np.split(flat[np.argsort(labels, kind="stable")], np.cumsum(counts)[:-1])
    return {value: piece for value, piece in enumerate(pieces) if piece.size}


def _steps(spacing: tuple[float, ...]) -> list[tuple[float, NDArray[np.int64]]]:
    """Return the offsets to near neighbors by rising length: (length, offsets of that length)."""
    radius = NEAR_VOXELS * math.prod(spacing) ** (1 / len(spacing))
    ranges = [range(-reach, reach + 1) for reach in (math.floor(radius / s) for s in spacing)]
    offsets = np.array(list(itertools.product(*ranges)), dtype=np.int64)
    lengths = np.sqrt(((offsets * np.array(spacing)) ** 2).sum(axis=1))
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] <= radius]
    offsets, lengths = offsets[order], lengths[order]
    starts = np.flatnonzero(np.diff(lengths, prepend=-radius) > SAME_LENGTH * radius)
    ends = [*starts[1:].tolist(), len(lengths)]
    return [
        (float(lengths[a]), offsets[a:b])
        for a, b in zip(starts.tolist(), ends, strict=True)
        if a == 0 or b <= MAX_NEIGHBORS
    ]


def _distances(
    points: dict[int, Points],
    others: dict[int, Points],
    surface: NDArray[np.uint8],
    steps: list[tuple[float, NDArray[np.int64]]],
    spacing: Sequence[float],
) -> dict[int, Distances]:
    """Return for each label the distance of each of its points to the nearest of its points in `surface`."""
    found = {value: np.full(own.size, np.inf) for value, own in points.items()}
    shared = [value for value in points if value in others]
    for value, rest in _after_lookup({v: points[v] for v in shared}, surface, steps, found):
        found[value][rest] = _by_tree(points[value][rest], others[value], surface.shape, spacing)
    return found


def _after_lookup(
    points: dict[int, Points],
    surface: NDArray[np.uint8],
    steps: list[tuple[float, NDArray[np.int64]]],
    found: dict[int, Distances],
) -> Iterator[tuple[int, Points]]:
    """Write the distances that a look at the near neighbors finds; yield each label and which of its points remain."""
    flat = surface.ravel()
    strides = np.array([math.prod(surface.shape[axis + 1 :]) for axis in range(surface.ndim)])
    jumps = [(length, (offsets @ strides).tolist()) for length, offsets in steps]
    for value, own in points.items():
        rest, places = np.arange(own.size), own
        for length, group in jumps:
            hit = np.zeros(rest.size, dtype=bool)
            for jump in group:
                hit |= flat[places + jump] == value
            found[value][rest[hit]] = length
            rest, places = rest[~hit], places[~hit]
            if not rest.size:
                break
        else:
            yield value, rest


def _by_tree(points: Points, others: Points, shape: tuple[int, ...], spacing: Sequence[float]) -> Distances:
    from scipy.spatial import cKDTree

    scale = np.array(spacing, dtype=np.float64)
    near, far = (np.column_stack(np.unravel_index(flat, shape)) for flat in (points, others))
    tree = cKDTree(far * scale, leafsize=LEAF_SIZE, compact_nodes=False, balanced_tree=False)
    _, nearest = tree.query(near * scale, workers=-1)
    # From whole steps: rounding does not depend on where in the image the two points lie.
    distances: Distances = np.sqrt((((near - far[nearest]) * scale) ** 2).sum(axis=1))
    return distances
