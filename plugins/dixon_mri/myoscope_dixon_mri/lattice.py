"""The lattice that parallel stations share, and linear interpolation onto it.

Positions along the axes of a station are told in mm in the stations' common frame: their direction cosines transposed,
applied to the patient's coordinates. Each axis then stands for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from myoscope import GeometryError, Grid
from myoscope.ops.orient import to_lps
from myoscope_dixon_mri.stations import StationImages

Floats = NDArray[np.float32]
Places = NDArray[np.float64]
Box = tuple[slice, slice, slice]

#: Direction cosines of stations may differ by this much: half a millimeter at the far end of a station.
ORIENTATION_TOLERANCE = 1e-3
#: Samples closer than this many voxels are the same sample, as headers round.
SAME_SAMPLE_VOXELS = 1e-3
#: A sample stands for half a voxel to each side and, as headers round, for this much more.
SLACK_VOXELS = 0.05
REACH_VOXELS = 0.5 + SLACK_VOXELS
#: Stations spread over more than this many times what they measure are not of one body.
MOST_SPREAD = 2.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A station on the lattice of all.

    Attributes:
        images: In the patient's axis order.
        box: Where on the lattice it measured, (k, j, i).
        at: Where the samples of the box lie in the station's own voxels, along k, j and i.
    """

    images: StationImages
    box: Box
    at: tuple[Places, Places, Places]

    @property
    def ends_mm(self) -> tuple[float, float]:
        """Height of the centers of its lowest and highest slice along the common axis."""
        grid = self.images.grid
        low = float(_first(grid)[2])
        return low, low + (grid.size[2] - 1) * grid.spacing_mm[2]


def parallel(stations: Sequence[StationImages]) -> list[StationImages]:
    """Return the stations in the patient's axis order, with the direction of the first.

    Raises:
        GeometryError: A station at an angle to the first.
    """
    upright = [_upright(station) for station in stations]
    first = upright[0]
    for station in upright:
        if np.abs(station.grid.matrix - first.grid.matrix).max() > ORIENTATION_TOLERANCE:
            raise GeometryError(
                f"{first.name} and {station.name} lie at an angle to each other, expected parallel slices: their "
                f"directions are {first.grid.direction} and {station.grid.direction}.",
                "Give the stations of one acquisition.",
            )
    return [replace(s, grid=replace(s.grid, direction=first.grid.direction)) for s in upright]


def common_grid(grids: Sequence[Grid]) -> Grid:
    """Return the lattice that holds parallel grids: the finest spacing in the slice, the median distance of slices.

    Raises:
        GeometryError: They lie further apart than stations of one body can.
    """
    first = np.array([_first(g) for g in grids])
    spacing, size = np.array([g.spacing_mm for g in grids]), np.array([g.size for g in grids])
    step = np.array([*spacing[:, :2].min(axis=0), np.median(np.repeat(spacing[:, 2], size[:, 2]))])
    extents, start = spacing * size, first.min(axis=0)
    spread = (first + (size - 1 + REACH_VOXELS) * spacing).max(axis=0) - start
    if (spread > MOST_SPREAD * np.array([*extents[:, :2].max(axis=0), extents[:, 2].sum()])).any():
        told = " x ".join(f"{mm:.0f}" for mm in spread)
        raise GeometryError(
            f"The stations are spread over {told} mm (x, y, z), too far apart to be of one body.",
            "Give the stations of one person and one visit.",
        )
    return Grid(
        size=tuple(int(n) for n in np.floor(spread / step) + 1),
        spacing_mm=tuple(float(s) for s in step),
        origin=tuple(float(v) for v in grids[0].matrix @ start),
        direction=grids[0].direction,
    )


def place(station: StationImages, grid: Grid) -> Placed:
    """Return where on the lattice a parallel station measured."""
    own = station.grid
    offset, step = (_first(grid) - _first(own)) / own.spacing_mm, np.array(grid.spacing_mm) / own.spacing_mm
    rows = [offset[axis] + step[axis] * np.arange(grid.size[axis]) for axis in (2, 1, 0)]
    k, j, i = (_run(at, n, REACH_VOXELS) for at, n in zip(rows, own.shape, strict=True))
    return Placed(station, (k, j, i), (rows[0][k], rows[1][j], rows[2][i]))


def shared_box(one: Placed, other: Placed) -> Box | None:
    """Return where both stations measured, between slices of both rather than beyond the last, or None."""
    parts = []
    for axis in range(3):
        runs = [station.box[axis] for station in (one, other)]
        if axis == 0:
            inner = [_run(station.at[0], station.images.grid.size[2], SLACK_VOXELS) for station in (one, other)]
            runs = [slice(b.start + r.start, b.start + r.stop) for b, r in zip(runs, inner, strict=True)]
        parts.append(slice(max(r.start for r in runs), min(r.stop for r in runs)))
    k, j, i = parts
    return (k, j, i) if all(part.start < part.stop for part in parts) else None


def part_of(station: Placed, box: Box) -> tuple[Places, Places, Places]:
    """Return where the samples of a part of the station's box lie in its own voxels, along k, j and i."""
    k, j, i = (
        at[part.start - whole.start : part.stop - whole.start]
        for at, part, whole in zip(station.at, box, station.box, strict=True)
    )
    return k, j, i


def interpolate(array: Floats, at: tuple[Places, Places, Places]) -> Floats:
    """Return `array` wherever three rows of places cross, shape (len(at[0]), len(at[1]), len(at[2])).

    Trilinear interpolation falls apart into its axes where lattices are parallel, and the stations of a scan mostly
    share the samples of two of them. Before the first and after the last sample, that sample counts on.

    Args:
        array: Axes (k, j, i); never changed, but returned itself when the places are its samples in their order.
        at: Places along k, j and i, in voxels of `array`.
    """
    for axis, places in enumerate(at):
        array = _along(array, places, axis)
    return array


def _along(array: Floats, places: Places, axis: int) -> Floats:
    last = array.shape[axis] - 1
    places = np.clip(places, 0, last)
    nearest = np.rint(places).astype(np.intp)
    if np.abs(places - nearest).max(initial=0.0) <= SAME_SAMPLE_VOXELS:
        return array if np.array_equal(nearest, np.arange(last + 1)) else array.take(nearest, axis)
    below = places.astype(np.intp)
    shape = [1, 1, 1]
    shape[axis] = -1
    result = array.take(below, axis)
    slope = array.take(np.minimum(below + 1, last), axis)
    slope -= result
    slope *= (places - below).astype(np.float32).reshape(shape)
    result += slope
    return result


def _run(at: Places, count: int, reach: float) -> slice:
    """Return which places lie among `count` samples or within `reach` of the outermost; an empty slice for none."""
    inside = np.flatnonzero((at >= -reach) & (at <= count - 1 + reach))
    return slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0)


def _upright(station: StationImages) -> StationImages:
    turned = {name: to_lps(array, station.grid) for name, array in station.channels.items()}
    (_, grid), *_ = turned.values()
    return replace(station, channels={name: array for name, (array, _) in turned.items()}, grid=grid)


def _first(grid: Grid) -> NDArray[np.float64]:
    """Return the position of the first sample in mm in the common frame."""
    return np.asarray(grid.matrix.T @ np.array(grid.origin))
