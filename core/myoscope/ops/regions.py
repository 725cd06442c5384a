"""Sums over every label of a map in one pass, slice by slice, and what follows from them.

Everything here lies on the grid that `to_lps` gives: slices are those of the index axis closest to the patient's
head-foot axis, counted from the feet, and an area is measured in the plane of such a slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.errors import GeometryError
from myoscope.ops.orient import to_lps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from myoscope.data.grid import Grid

#: Label values are uint8.
LABEL_VALUES = 256
#: Slices that are copied at a time, so that a map stored along another axis is read in order.
SLAB_SLICES = 32
#: Names of the first and last slice along k, j and i of an array in LPS order.
EDGE_NAMES = (("lower end", "upper end"), ("front", "back"), ("right side", "left side"))
CIRCLE_EDGE = "edge of the circular field"
#: Ends of the field of view that cut a cross-section itself, not only a structure's length.
IN_PLANE_EDGES = frozenset({*EDGE_NAMES[1], *EDGE_NAMES[2], CIRCLE_EDGE})
#: Padding outside a circular field is looked for beyond this share of the inscribed ellipse.
CIRCLE_SHARE = 0.97


@dataclass(frozen=True, slots=True)
class Regions:
    """Sums over a label map, from which volume, area, mean and deviation follow.

    Attributes:
        grid: The grid in LPS order.
        counts: Voxels, shape (256, slices), indexed by label value.
        sums: Sum of the image over those voxels, the same shape; zero without an image.
        squares: Sum of its squares, the same shape.
        lateral: Sum of the index along i, which grows to the patient's left; the same shape.
        boxes: First and one past the last index along k, j and i, shape (256, 3, 2); zero for an absent label.
        centers: Mean index along k, j and i, shape (256, 3); NaN for an absent label.
        beside_padding: Whether a label touches the padding outside the scanner's field, shape (256,).
    """

    grid: Grid
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]
    lateral: NDArray[np.float64]
    boxes: NDArray[np.int64]
    centers: NDArray[np.float64]
    beside_padding: NDArray[np.bool_]


def summarize(
    labels: NDArray[np.uint8],
    grid: Grid,
    image: NDArray[Any] | None = None,
    padding: NDArray[np.bool_] | None = None,
) -> Regions:
    """Return the sums over every label.

    Args:
        labels: Shape `grid.shape`, uint8.
        grid: Where the voxels lie.
        image: The same shape.
        padding: From `padding_mask`.

    Raises:
        GeometryError: Arrays whose shape is not the grid's.
    """
    for array in (labels, image):
        if array is not None and array.shape != grid.shape:
            raise GeometryError(f"Labels and image need the shape of their grid, {grid.shape}, got {array.shape}.")
    lps, lps_grid = to_lps(labels, grid)
    n_k, n_j, n_i = lps.shape
    counts, sums, squares, lateral = (np.zeros((LABEL_VALUES, n_k)) for _ in range(4))
    rows, starts, stops = (np.zeros((LABEL_VALUES, n), dtype=np.int64) for n in (n_j, n_i + 1, n_i + 1))
    where = label_box(lps)
    values = None if image is None else to_lps(image, grid)[0][where]
    rim = None if padding is None else _rim(padding)[where[1:]]
    beside = np.zeros(LABEL_VALUES, dtype=np.int64)
    for part, plane in planes(lps[where]):
        k = part + where[0].start
        value, j, first, last = runs(plane)
        j, first, last = j + where[1].start, first + where[2].start, last + where[2].start
        counts[:, k] = np.bincount(value, last - first, minlength=LABEL_VALUES)
        lateral[:, k] = np.bincount(value, (last - first) * (first + last - 1) / 2, minlength=LABEL_VALUES)
        np.add.at(rows.ravel(), value * n_j + j, last - first)
        np.add.at(starts.ravel(), value * (n_i + 1) + first, 1)
        np.add.at(stops.ravel(), value * (n_i + 1) + last, 1)
        if values is not None:
            flat = plane.ravel()
            inside = np.flatnonzero(flat)
            intensity = values[part].ravel()[inside].astype(np.float64)
            sums[:, k] = np.bincount(flat[inside], intensity, minlength=LABEL_VALUES)
            squares[:, k] = np.bincount(flat[inside], intensity * intensity, minlength=LABEL_VALUES)
        if rim is not None:
            beside += np.bincount(plane[rim], minlength=LABEL_VALUES)
    profiles = (counts.astype(np.int64), rows, np.cumsum(starts - stops, axis=1)[:, :-1])
    return Regions(
        grid=lps_grid,
        counts=profiles[0],
        sums=sums,
        squares=squares,
        lateral=lateral,
        boxes=np.stack([_extent(profile) for profile in profiles], axis=1),
        centers=np.stack([_center(profile) for profile in profiles], axis=1),
        beside_padding=beside > 0,
    )


def label_box(labels: NDArray[np.uint8]) -> tuple[slice, ...]:
    """Return the box around everything that is not 0; empty when all is."""
    # NumPy reads a flipped array ten times slower than the same memory in its own order.
    flipped = [stride < 0 for stride in labels.strides]
    memory = labels[tuple(slice(None, None, -1 if flip else 1) for flip in flipped)]
    box = tuple(slice(0, n) for n in memory.shape)
    for axis in range(memory.ndim):
        others = tuple(a for a in range(memory.ndim) if a != axis)
        found = np.flatnonzero(memory[box].max(axis=others, initial=0))
        if not found.size:
            return (slice(0, 0),) * memory.ndim
        box = (*box[:axis], slice(int(found[0]), int(found[-1]) + 1), *box[axis + 1 :])
    sides = zip(box, memory.shape, flipped, strict=True)
    return tuple(slice(n - part.stop, n - part.start) if flip else part for part, n, flip in sides)


def label_boxes(labels: NDArray[np.uint8]) -> dict[int, tuple[slice, ...]]:
    """Return the box around each label value that is present, in ascending order; labels are 2D or 3D."""
    whole = label_box(labels)
    inside = labels[whole]
    if not inside.size:
        return {}
    stack = inside.reshape(-1, *inside.shape[-2:])
    low, high = np.full((3, LABEL_VALUES), np.iinfo(np.int64).max), np.zeros((3, LABEL_VALUES), dtype=np.int64)
    for k, plane in planes(stack):
        value, row, first, last = runs(plane)
        starts, stops = (np.full_like(row, k), row, first), (np.full_like(row, k + 1), row + 1, last)
        for axis in range(3):
            np.minimum.at(low[axis], value, starts[axis])
            np.maximum.at(high[axis], value, stops[axis])
    return {
        int(value): tuple(
            slice(part.start + int(low[axis, value]), part.start + int(high[axis, value]))
            for axis, part in enumerate(whole, 3 - labels.ndim)
        )
        for value in np.flatnonzero(high[0])
    }


def runs(plane: NDArray[Any]) -> tuple[NDArray[np.intp], ...]:
    """Return value, row, first column and one past the last of every run of one label along the rows of a slice.

    A label has far fewer runs than voxels, so whatever follows from where its voxels lie is summed over runs.
    """
    begins = np.ones(plane.shape, dtype=np.bool_)
    np.not_equal(plane[:, 1:], plane[:, :-1], out=begins[:, 1:])
    first = np.flatnonzero(begins)
    last = np.append(first[1:], plane.size)
    value = plane.ravel()[first].astype(np.intp)
    labeled = value > 0
    row, column = np.divmod(first[labeled], plane.shape[1])
    return value[labeled], row, column, last[labeled] - row * plane.shape[1]


def volume_ml(regions: Regions, value: int) -> float:
    """Return voxel count x voxel volume in mL; 0 for an absent label."""
    return float(regions.counts[value].sum()) * regions.grid.voxel_volume_ml


def csa_cm2(regions: Regions, value: int) -> NDArray[np.float64]:
    """Return the area in the plane of each slice, from the feet upward, in cm2."""
    areas: NDArray[np.float64] = regions.counts[value] * pixel_area_cm2(regions.grid)
    return areas


def pixel_area_cm2(grid: Grid) -> float:
    """Return the in-plane area of a voxel of a grid in LPS order, in cm2."""
    return grid.spacing_mm[0] * grid.spacing_mm[1] / 100.0


def mean(regions: Regions, value: int) -> float:
    """Return the mean of the image over a label; NaN for an absent label."""
    count = regions.counts[value].sum()
    return float(regions.sums[value].sum() / count) if count else float("nan")


def deviation(regions: Regions, value: int) -> float:
    """Return the standard deviation (division by n) of the image over a label; NaN for an absent label."""
    count = regions.counts[value].sum()
    if not count:
        return float("nan")
    return float(np.sqrt(max(regions.squares[value].sum() / count - mean(regions, value) ** 2, 0.0)))


def box(regions: Regions, value: int) -> tuple[slice, slice, slice]:
    """Return the box of a label in an array in LPS order; empty for an absent label."""
    (k0, k1), (j0, j1), (i0, i1) = regions.boxes[value].tolist()
    return slice(k0, k1), slice(j0, j1), slice(i0, i1)


def center_mm(regions: Regions, value: int) -> tuple[float, ...]:
    """Return the centroid of a label, LPS in mm; NaN for an absent label."""
    return regions.grid.position(tuple(float(c) for c in regions.centers[value][::-1]))


def lateral_distance_mm(regions: Regions, value: int, other: int) -> float:
    """Return how far `value` lies to the patient's left of `other`, the mean over the slices that hold both.

    Without a common slice the centers of both are compared; NaN when one is absent.
    """
    both = (regions.counts[value] > 0) & (regions.counts[other] > 0)
    if not both.any():
        return float(regions.centers[value, 2] - regions.centers[other, 2]) * regions.grid.spacing_mm[0]
    at, reference = (regions.lateral[v, both] / regions.counts[v, both] for v in (value, other))
    return float((at - reference).mean()) * regions.grid.spacing_mm[0]


def edges(regions: Regions, value: int) -> tuple[str, ...]:
    """Return which ends of the field of view a label touches; empty when it lies inside or is absent."""
    if not regions.counts[value].any():
        return ()
    names = [
        name
        for axis, size in enumerate(regions.grid.shape)
        for end, name in enumerate(EDGE_NAMES[axis])
        if regions.boxes[value, axis, end] == (0, size)[end]
    ]
    return (*names, CIRCLE_EDGE) if regions.beside_padding[value] else tuple(names)


def values_of(labels: NDArray[np.uint8], image: NDArray[Any], regions: Regions, label: int) -> NDArray[Any]:
    """Return the image's values inside a label; both arrays are in LPS order, and only the label's box is read."""
    where = box(regions, label)
    inside: NDArray[Any] = image[where][labels[where] == label]
    return inside


def padding_mask(image: NDArray[Any], *, below: float, constant_below: float) -> NDArray[np.bool_] | None:
    """Return the pixels that no slice measured, shape (j, i), or None when there are none.

    A pixel is padding when it is at most `below` in every slice, or when it lies in the corners outside the circle
    that the image inscribes and holds one value, at most `constant_below`, in every slice.

    Args:
        image: In LPS order.
        below: A value that no measurement can have.
        constant_below: A value that padding may share with the smallest measurement.
    """
    fill = image[0, 0, 0]
    hopeless = np.ones(image.shape[1:], dtype=np.bool_)
    constant = np.full_like(hopeless, fill_value=bool(fill <= constant_below))
    for _, plane in planes(image):
        hopeless &= plane <= below
        constant &= plane == fill
        if not (hopeless.any() or constant.any()):
            return None
    padding = np.logical_or(hopeless, constant & _corners(constant.shape))
    return padding if padding.any() else None


def _corners(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the pixels outside the inscribed ellipse."""
    j, i = (np.linspace(-1.0, 1.0, n) for n in shape)
    outside: NDArray[np.bool_] = j[:, None] ** 2 + i[None, :] ** 2 > CIRCLE_SHARE**2
    return outside


def planes(array: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield (k, contiguous slice) of an array, copying a slab at a time: fast along any axis of memory."""
    for start in range(0, len(array), SLAB_SLICES):
        slab = np.ascontiguousarray(array[start : start + SLAB_SLICES])
        yield from enumerate(slab, start)


def _rim(padding: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the padding and the pixels next to it."""
    grown = padding.copy()
    grown[1:] |= padding[:-1]
    grown[:-1] |= padding[1:]
    grown[:, 1:] |= padding[:, :-1]
    grown[:, :-1] |= padding[:, 1:]
    return grown


def _extent(profile: NDArray[np.int64]) -> NDArray[np.int64]:
    present = profile > 0
    first = present.argmax(axis=1)
    stop = profile.shape[1] - present[:, ::-1].argmax(axis=1)
    extent = np.stack([first, stop], axis=1)
    extent[profile.sum(axis=1) == 0] = 0
    return extent


def _center(profile: NDArray[np.int64]) -> NDArray[np.float64]:
    total = profile.sum(axis=1)
    weighted = profile @ np.arange(profile.shape[1], dtype=np.float64)
    center: NDArray[np.float64] = np.divide(weighted, total, out=np.full(len(total), np.nan), where=total > 0)
    return center
