"""An anatomy to render, and its random deformation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET, StructureSet
from myoscope.data.grid import Grid
from myoscope.data.segmentation import Segmentation
from myoscope.errors import InputError
from myoscope.ops.orient import to_lps
from myoscope.synthesis.fields import interpolate_at
from myoscope.synthesis.pose import Pose, draw_pose, forward_mm, of_own_leg, posed

#: Deformation: spread of overall size, of each axis, of rotation about each axis, and of the smooth displacement
#: whose knots stand this many along (x, y, z).
SCALE_RANGE = (0.88, 1.14)
AXIS_SCALE = 0.08
ROTATION_DEG = (6.0, 4.0, 4.0)
DISPLACEMENT_KNOTS = (5, 6, 7)
DISPLACEMENT_MM = (2.0, 7.0)
#: By how much wider a body is deformed for training, and then displaced more finely, muscle against muscle: as above.
WIDE = 1.5
FINE_KNOTS = (12, 8, 12)
FINE_MM = (0.0, 4.5)
#: Room around the anatomy for fat, skin and air, in mm (x, y, z).
MARGIN_MM = (45.0, 40.0, 15.0)


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A label map that splits sides, on a grid whose axes are the patient's.

    Attributes:
        labels: Conventions' ids, left + 100; shape `grid.shape`.
        grid: Axis-aligned.
        name: What it was made from.
    """

    labels: NDArray[np.uint8]
    grid: Grid
    name: str


@dataclass(frozen=True, slots=True)
class Deformation:
    """How an anatomy becomes another person's.

    Attributes:
        matrix: (3, 3), from centered anatomy to centered scan, in (x, y, z).
        knots: (3, z, y, x) of the displacement along x, y and z, in mm.
        mirrored: Whether left and right are exchanged.
        fine: As `knots`, more and closer; None for none.
        pose: How the legs lie; as in the anatomy when None.
    """

    matrix: NDArray[np.float64]
    knots: NDArray[np.float32]
    mirrored: bool
    fine: NDArray[np.float32] | None = None
    pose: Pose | None = None


def anatomy_from_file(path: Path, structures: StructureSet) -> Anatomy:
    """Return the anatomy of a label file, with the ids or the table that `myoscope.io.read_labels` understands.

    Raises:
        InputError: The file cannot be read, is empty or does not split sides.
    """
    from myoscope.io import read_labels, read_volume

    return anatomy_from_labels(read_labels(path, structures, on=read_volume(path).grid), path.name)


def anatomy_from_labels(segmentation: Segmentation, name: str) -> Anatomy:
    """Return the anatomy of a label map.

    Raises:
        InputError: The map is empty or does not split sides.
    """
    if not segmentation.labels.any():
        raise InputError(f"The label map {name} is empty: there is no anatomy to render.")
    if not segmentation.sides_split:
        raise InputError(
            f"The label map {name} does not tell left from right.", f"Left structures need their id + {LEFT_OFFSET}."
        )
    labels, grid = to_lps(segmentation.labels, segmentation.grid)
    return Anatomy(np.ascontiguousarray(labels), Grid.identity(grid.size, grid.spacing_mm, grid.origin), name)


def draw_deformation(rng: np.random.Generator, *, wide: bool = False) -> Deformation:
    """Return a random affine map and smooth displacement; with an even chance the body is mirrored.

    Args:
        rng: Source of randomness.
        wide: True draws people beyond the usual, as training should have seen.
    """
    knots = rng.normal(0.0, rng.uniform(*DISPLACEMENT_MM), size=(3, *DISPLACEMENT_KNOTS[::-1]))
    mirrored = bool(rng.random() < 0.5)  # noqa: PLR2004
    matrix = _affine(rng, WIDE if wide else 1.0) @ np.diag([-1.0 if mirrored else 1.0, 1.0, 1.0])
    if not wide:
        return Deformation(matrix, knots.astype(np.float32), mirrored)
    fine = rng.normal(0.0, rng.uniform(*FINE_MM), size=(3, *FINE_KNOTS[::-1]))
    return Deformation(matrix, knots.astype(np.float32), mirrored, fine.astype(np.float32), draw_pose(rng))


def deformed_onto(anatomy: Anatomy, grid: Grid, deformation: Deformation, whole: Grid) -> NDArray[np.uint8]:
    """Return the labels of the deformed anatomy on `grid`; its center lies at the physical origin.

    Sides follow the body: a mirrored anatomy has them exchanged.

    Args:
        anatomy: What is deformed.
        grid: Axis-aligned.
        deformation: How.
        whole: Where the knots of the displacement are spread; holds `grid`.
    """
    from scipy.ndimage import map_coordinates

    x, y, z = (
        o + s * np.arange(n, dtype=np.float32) for n, s, o in zip(grid.size, grid.spacing_mm, grid.origin, strict=True)
    )
    places = np.meshgrid(z, y, x, indexing="ij", sparse=True)[::-1]
    inverse = np.linalg.inv(deformation.matrix)
    center = anatomy.grid.position(tuple((n - 1) / 2 for n in anatomy.grid.size))
    coordinates = np.empty((3, *grid.shape), dtype=np.float32)
    for row in range(3):  # x, y, z; coordinates are in array order
        place = sum(inverse[row, axis] * places[axis] for axis in range(3))
        place = place + _displacement(deformation.knots[row], grid, whole)
        if deformation.fine is not None:
            place = place + _displacement(deformation.fine[row], grid, whole)
        coordinates[2 - row] = (place + center[row] - anatomy.grid.origin[row]) / anatomy.grid.spacing_mm[row]
    legs = None if deformation.pose is None else posed(anatomy.labels, anatomy.grid, coordinates, deformation.pose)
    labels = map_coordinates(anatomy.labels, coordinates, order=0, mode="constant", cval=0)
    labels = labels if legs is None else of_own_leg(labels, legs)
    return np.asarray(_swap_sides(labels) if deformation.mirrored else labels, dtype=np.uint8)


def enclosing_grid(anatomy: Anatomy, deformation: Deformation, spacing_mm: tuple[float, ...]) -> Grid:
    """Return a grid of this spacing that holds the whole deformed anatomy with room for fat, skin and air."""
    half = np.array(anatomy.grid.size) * np.array(anatomy.grid.spacing_mm) / 2
    low, high = -half, half
    if deformation.pose is not None:
        back, front = forward_mm(anatomy.labels, anatomy.grid, deformation.pose)
        low[1] -= max(front, 0.0)
        high[1] += max(-back, 0.0)
    away = np.abs(deformation.matrix) @ ((high - low) / 2) + np.array(MARGIN_MM)
    middle = deformation.matrix @ ((low + high) / 2)
    size = tuple(int(np.ceil(2 * r / s)) for r, s in zip(away, spacing_mm, strict=True))
    origin = tuple(float(m) - (n - 1) * s / 2 for m, n, s in zip(middle, size, spacing_mm, strict=True))
    return Grid.identity(size, tuple(float(s) for s in spacing_mm), origin)


def _displacement(knots: NDArray[np.float32], grid: Grid, whole: Grid) -> NDArray[np.float32]:
    """Return the displacement on `grid` in mm from knots spread evenly over `whole`."""
    places = []
    for axis in (2, 1, 0):
        at = grid.origin[axis] + grid.spacing_mm[axis] * np.arange(grid.size[axis]) - whole.origin[axis]
        extent = max((whole.size[axis] - 1) * whole.spacing_mm[axis], 1e-9)
        places.append(np.clip(at / extent, 0.0, 1.0) * (knots.shape[2 - axis] - 1))
    return interpolate_at(knots, places)


def _affine(rng: np.random.Generator, width: float) -> NDArray[np.float64]:
    """Return a random map whose ranges are `width` times the usual."""
    from scipy.spatial.transform import Rotation

    low, high = (1 + (bound - 1) * width for bound in SCALE_RANGE)
    scale = rng.uniform(low, high) * rng.uniform(1 - AXIS_SCALE * width, 1 + AXIS_SCALE * width, size=3)
    angles = np.array(ROTATION_DEG[::-1]) * width * rng.uniform(-1, 1, size=3)
    rotation = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    return np.asarray(rotation @ np.diag(scale), dtype=np.float64)


def _swap_sides(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    table = np.arange(256, dtype=np.uint8)
    table[1:LEFT_OFFSET] = np.arange(LEFT_OFFSET + 1, 2 * LEFT_OFFSET)
    table[LEFT_OFFSET + 1 : 2 * LEFT_OFFSET] = np.arange(1, LEFT_OFFSET)
    return table[labels]
