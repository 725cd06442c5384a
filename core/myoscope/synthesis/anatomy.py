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
from myoscope.synthesis.fields import interpolate

#: Deformation: spread of overall size, of each axis, of rotation about each axis, and of the smooth displacement
#: whose knots stand this many along (x, y, z).
SCALE_RANGE = (0.88, 1.14)
AXIS_SCALE = 0.08
ROTATION_DEG = (6.0, 4.0, 4.0)
DISPLACEMENT_KNOTS = (5, 6, 7)
DISPLACEMENT_MM = (2.0, 7.0)
#: Room around the anatomy for fat, skin and air, in mm (x, y, z).
MARGIN_MM = (45.0, 40.0, 0.0)


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


def deformed_onto(anatomy: Anatomy, grid: Grid, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the labels of `anatomy` on `grid` after a random affine map and a smooth displacement.

    With an even chance the body is mirrored, sides exchanged with it. The anatomy's center goes to that of `grid`.
    """
    from scipy.ndimage import map_coordinates

    matrix = _affine(rng)
    mirrored = rng.random() < 0.5  # noqa: PLR2004
    if mirrored:
        matrix = matrix @ np.diag([-1.0, 1.0, 1.0])
    amplitude = rng.uniform(*DISPLACEMENT_MM)
    knots = rng.normal(0.0, amplitude, size=(3, *DISPLACEMENT_KNOTS[::-1])).astype(np.float32)
    center = _center(anatomy.grid)
    axes = [np.arange(n, dtype=np.float32) * s for n, s in zip(grid.size, grid.spacing_mm, strict=True)]
    middle = [float(a[-1]) / 2 for a in axes]
    z, y, x = np.meshgrid(*[a - m for a, m in zip(axes[::-1], middle[::-1], strict=True)], indexing="ij", sparse=True)
    coordinates = np.empty((3, *grid.shape), dtype=np.float32)
    for row in range(3):  # row 0, 1, 2 are x, y, z; coordinates are in array order
        place = matrix[row, 0] * x + matrix[row, 1] * y + matrix[row, 2] * z + interpolate(knots[row], grid.shape)
        coordinates[2 - row] = (place + center[row] - anatomy.grid.origin[row]) / anatomy.grid.spacing_mm[row]
    labels = map_coordinates(anatomy.labels, coordinates, order=0, mode="constant", cval=0)
    return np.asarray(_swap_sides(labels) if mirrored else labels, dtype=np.uint8)


def enclosing_grid(anatomy: Anatomy, spacing_mm: tuple[float, ...]) -> Grid:
    """Return a grid of this spacing that holds the anatomy with room for fat, skin and air."""
    pairs = zip(anatomy.grid.size, anatomy.grid.spacing_mm, MARGIN_MM, strict=True)
    extent = [n * s + 2 * m for n, s, m in pairs]
    size = tuple(int(np.ceil(e / s)) for e, s in zip(extent, spacing_mm, strict=True))
    origin = tuple(-(n - 1) * s / 2 for n, s in zip(size, spacing_mm, strict=True))
    return Grid.identity(size, tuple(float(s) for s in spacing_mm), origin)


def _affine(rng: np.random.Generator) -> NDArray[np.float64]:
    from scipy.spatial.transform import Rotation

    scale = rng.uniform(*SCALE_RANGE) * rng.uniform(1 - AXIS_SCALE, 1 + AXIS_SCALE, size=3)
    angles = np.array(ROTATION_DEG[::-1]) * rng.uniform(-1, 1, size=3)
    rotation = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    return np.asarray(rotation @ np.diag(1.0 / scale), dtype=np.float64)


def _center(grid: Grid) -> tuple[float, ...]:
    return grid.position(tuple((n - 1) / 2 for n in grid.size))


def _swap_sides(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    table = np.arange(256, dtype=np.uint8)
    table[1:LEFT_OFFSET] = np.arange(LEFT_OFFSET + 1, 2 * LEFT_OFFSET)
    table[LEFT_OFFSET + 1 : 2 * LEFT_OFFSET] = np.arange(1, LEFT_OFFSET)
    return table[labels]
