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
    """Components of a label map, row 0 for the background and islands.

    Attributes:
        map: Component of each voxel, in LPS order.
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


def split_sides(labels: NDArray[np.uint8], grid: Grid, *, anchors: Collection[int]) -> NDArray[np.uint8] | None:
    """Return the labels with `LEFT_OFFSET` added on the left, or None when only one half is in view.

    Args:
        labels: In LPS order, both halves with one value; untouched.
        grid: Their grid, in LPS order.
        anchors: Values of the bones that are always apart; one pair of them proves that there are two halves.
    """
    components = _components(labels, grid)
    pairs = _pairs(components)
    if not any(components.labels[right] in anchors for right, _ in pairs) and len(pairs) < PAIRS_WITHOUT_ANCHOR:
        return None
    normal, offset = _line(components, pairs, grid)
    crossing = np.zeros(len(components.labels))
    for k in range(len(labels)):
        crossing += np.bincount(
            components.map[k].ravel(), _is_left(labels.shape, grid, normal[k], offset[k]).ravel(), len(crossing)
        )
    share = crossing / np.maximum(components.counts.sum(axis=1), 1)
    stray = np.full(len(share), STRAY_SHARE)
    stray[[component for pair in pairs for component in pair]] = STRAY_SHARE_OF_A_PAIR
    # 0 is right, 1 is left, 2 is what the line has to cut; islands follow the line too.
    side = np.where(share <= stray, 0, np.where(share >= 1 - stray, 1, 2)).astype(np.uint8)
    side[0] = 2
    split = labels.copy()
    for k in range(len(labels)):
        verdict = side[components.map[k]]
        left = (verdict == 1) | ((verdict == 2) & _is_left(labels.shape, grid, normal[k], offset[k]))  # noqa: PLR2004
        split[k][left & (labels[k] > 0)] += LEFT_OFFSET
    return split


def _components(labels: NDArray[np.uint8], grid: Grid) -> _Components:
    import cc3d

    every, count = cc3d.connected_components(np.ascontiguousarray(labels), connectivity=6, return_N=True)
    sizes = np.bincount(every.ravel(), minlength=count + 1) if count else np.zeros(1)
    sizes[0] = 0
    large = np.flatnonzero(sizes * grid.voxel_volume_ml >= SMALLEST_COMPONENT_ML)
    compact = np.zeros(count + 1, dtype=np.min_scalar_type(len(large)))
    compact[large] = np.arange(1, len(large) + 1)
    shape = (len(large) + 1, len(labels))
    mapped = np.empty(labels.shape, dtype=compact.dtype)
    counts, x, y = (np.zeros(shape) for _ in range(3))
    values = np.zeros(shape[0], dtype=np.int64)
    for k, plane in enumerate(every):
        mapped[k] = compact[plane]
        j, i = mapped[k].nonzero()
        which = mapped[k][j, i]
        values[which] = labels[k][j, i]
        counts[:, k] = np.bincount(which, minlength=shape[0])
        x[:, k] = np.bincount(which, i * grid.spacing_mm[0], shape[0])
        y[:, k] = np.bincount(which, j * grid.spacing_mm[1], shape[0])
    present = np.where(counts > 0, counts, np.nan)
    return _Components(mapped, values, counts, x / present, y / present)


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
    components: _Components, pairs: list[tuple[int, int]], grid: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each slice the unit vector from right to left and where the line lies along it, in mm."""
    right, left = (np.array(half) for half in zip(*pairs, strict=True))
    dx, dy = (a[left] - a[right] for a in (components.x, components.y))
    mx, my = ((a[left] + a[right]) / 2 for a in (components.x, components.y))
    slices = np.flatnonzero(np.isfinite(dx).any(axis=0))
    reach = int(SMOOTHING_MM / grid.spacing_mm[2])
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


def _is_left(shape: tuple[int, ...], grid: Grid, normal: NDArray[np.float64], offset: float) -> NDArray[np.bool_]:
    x = np.arange(shape[2]) * grid.spacing_mm[0] * normal[0]
    y = np.arange(shape[1]) * grid.spacing_mm[1] * normal[1]
    left: NDArray[np.bool_] = x[None, :] + y[:, None] > offset
    return left
