"""Left and right of a body with two like halves, told from the labels alone.

Most structures fall into a right and a left component. Such pairs give, slice by slice, a line between the halves; the
line then tells the side of every component as a whole, and cuts only those that reach across it. Nothing depends on
where the patient lies in the image, on how far the legs are apart, or on how much of each leg is in view.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.ops.regions import SLAB_SLICES, label_box, runs

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from myoscope.data.grid import Grid

#: Components below this are islands: they do not help to find the line.
SMALLEST_COMPONENT_ML = 0.5
#: The two components of a pair lie at least this far apart, mainly sideways.
SMALLEST_DISTANCE_MM = 25.0
#: The smaller component of a pair has at least this share of the larger one: one leg may hardly be in view.
SMALLEST_SHARE = 0.01
#: Without a pair of anchors this many pairs prove that there are two halves.
PAIRS_WITHOUT_ANCHOR = 3
#: The line is averaged over slices up to this far away.
SMOOTHING_MM = 10.0
#: A component that reaches across the line by less than this share belongs to one side.
STRAY_SHARE = 0.05
#: The same for a component that has a counterpart on the other side.
STRAY_SHARE_OF_A_PAIR = 0.30


@dataclass(frozen=True, slots=True)
class _Components:
    """Components of a label map inside a box, row 0 for the background and islands.

    Attributes:
        map: Component of each voxel of the box, in LPS order.
        labels: Label value of each component.
        counts: Voxels by component and slice.
        x: Mean position along i in mm, by component and slice; NaN where absent.
        y: The same along j.
    """

    map: NDArray[Any]
    labels: NDArray[np.int64]
    counts: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the columns and rows of a box lie, in mm from the first ones of the volume."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def beyond(self, normal: NDArray[np.float64], offset: float) -> NDArray[np.bool_]:
        """Return which pixels lie to the left of a line."""
        left: NDArray[np.bool_] = (self.x * normal[0])[None, :] + (self.y * normal[1])[:, None] > offset
        return left


def split_sides(labels: NDArray[np.uint8], grid: Grid, *, anchors: Collection[int]) -> NDArray[np.uint8] | None:
    """Return the labels with `LEFT_OFFSET` added on the left, or None when only one half is in view.

    Args:
        labels: In LPS order, both halves with one value; untouched.
        grid: Their grid, in LPS order.
        anchors: Values of the bones that are always apart; one pair of them proves that there are two halves.
    """
    box = label_box(labels)
    if box[0].start == box[0].stop:
        return None
    inside = labels[box].copy()
    _, rows, columns = box
    dx, dy, step_mm = grid.spacing_mm
    places = _Places(np.arange(columns.start, columns.stop) * dx, np.arange(rows.start, rows.stop) * dy)
    components = _components(inside, grid, places)
    pairs = _pairs(components)
    if not any(components.labels[right] in anchors for right, _ in pairs) and len(pairs) < PAIRS_WITHOUT_ANCHOR:
        return None
    normal, offset = _line(components, pairs, step_mm)
    crossing = np.zeros(len(components.labels))
    for plane, along, at in zip(components.map, normal, offset, strict=True):
        crossing += np.bincount(plane[places.beyond(along, at)], minlength=len(crossing))
    share = crossing / np.maximum(components.counts.sum(axis=1), 1)
    stray = np.full(len(share), STRAY_SHARE)
    stray[[component for pair in pairs for component in pair]] = STRAY_SHARE_OF_A_PAIR
    # 0 is right, 1 is left, 2 is what the line has to cut; islands follow the line too.
    side = np.where(share <= stray, 0, np.where(share >= 1 - stray, 1, 2)).astype(np.uint8)
    side[0] = 2
    for k, (plane, along, at) in enumerate(zip(components.map, normal, offset, strict=True)):
        verdict = side[plane]
        left = (verdict == 1) | ((verdict == 2) & places.beyond(along, at))  # noqa: PLR2004
        inside[k] += np.uint8(LEFT_OFFSET) * (left & (inside[k] > 0))
    split = np.zeros(labels.shape, dtype=np.uint8)
    split[box] = inside
    return split


def _components(labels: NDArray[np.uint8], grid: Grid, places: _Places) -> _Components:
    import cc3d

    every, count = cc3d.connected_components(labels, connectivity=6, return_N=True)
    sizes = np.zeros(count + 1, dtype=np.int64)
    for start in range(0, len(every), SLAB_SLICES):
        sizes += np.bincount(every[start : start + SLAB_SLICES].ravel(), minlength=count + 1)
    sizes[0] = 0
    large = np.flatnonzero(sizes * grid.voxel_volume_ml >= SMALLEST_COMPONENT_ML)
    compact = np.zeros(count + 1, dtype=np.min_scalar_type(len(large)))
    compact[large] = np.arange(1, len(large) + 1)
    shape = (len(large) + 1, len(labels))
    counts, columns, rows = (np.zeros(shape) for _ in range(3))
    values = np.zeros(shape[0], dtype=np.int64)
    mapped = np.empty(labels.shape, dtype=compact.dtype)
    for k, plane in enumerate(every):
        mapped[k] = compact[plane]
        which, row, first, last = runs(mapped[k])
        values[which] = labels[k][row, first]
        length = last - first
        counts[:, k] = np.bincount(which, length, shape[0])
        columns[:, k] = np.bincount(which, length * (first + last - 1) / 2, shape[0])
        rows[:, k] = np.bincount(which, length * row, shape[0])
    present = np.where(counts > 0, counts, np.nan)
    x, y = columns / present * grid.spacing_mm[0], rows / present * grid.spacing_mm[1]
    return _Components(mapped, values, counts, places.x[0] + x, places.y[0] + y)


def _pairs(components: _Components) -> list[tuple[int, int]]:
    """Return (right, left) for each label whose largest component has a counterpart beside it."""
    sizes = components.counts.sum(axis=1)
    pairs = []
    for label in np.unique(components.labels[1:]):
        members = np.flatnonzero(components.labels == label)
        members = members[np.argsort(-sizes[members], kind="stable")]
        first = members[0]
        for other in members[1:]:
            both = (components.counts[first] > 0) & (components.counts[other] > 0)
            if not both.any() or sizes[other] < SMALLEST_SHARE * sizes[first]:
                continue
            dx = float((components.x[other, both] - components.x[first, both]).mean())
            dy = float((components.y[other, both] - components.y[first, both]).mean())
            if abs(dx) >= SMALLEST_DISTANCE_MM and abs(dx) > abs(dy):
                pairs.append((int(first), int(other)) if dx > 0 else (int(other), int(first)))
                break
    return pairs


def _line(
    components: _Components, pairs: list[tuple[int, int]], step_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each slice the unit vector from right to left and where the line lies along it, in mm."""
    right, left = (np.array(half) for half in zip(*pairs, strict=True))
    dx, dy = (a[left] - a[right] for a in (components.x, components.y))
    mx, my = ((a[left] + a[right]) / 2 for a in (components.x, components.y))
    slices = np.flatnonzero(np.isfinite(dx).any(axis=0))
    reach = int(SMOOTHING_MM / step_mm)
    every = np.arange(len(components.counts[0]))
    total = np.stack([_smooth(np.nansum(d[:, slices], axis=0), slices, reach) for d in (dx, dy)], axis=1)
    unit = total / np.linalg.norm(total, axis=1, keepdims=True)
    normal = np.stack([np.interp(every, slices, unit[:, axis]) for axis in (0, 1)], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    offsets = np.empty(len(slices))
    for n, k in enumerate(slices):
        there = np.isfinite(dx[:, k])
        along = mx[there, k] * normal[k, 0] + my[there, k] * normal[k, 1]
        # What lies close to the middle tells best where the middle is.
        offsets[n] = _weighted_median(along, 1.0 / np.hypot(dx[there, k], dy[there, k]))
    return normal, np.interp(every, slices, _smooth(offsets, slices, reach))


def _smooth(values: NDArray[np.float64], slices: NDArray[np.intp], reach: int) -> NDArray[np.float64]:
    return np.array([values[np.abs(slices - k) <= reach].mean() for k in slices])


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2)])
