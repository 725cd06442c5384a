"""Where the samples of an image lie in the patient: the only place that states axis order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from myoscope.errors import GeometryError

#: Axes of a picture; a volume has one more.
PICTURE_AXES = 2
#: Two grids are the same when corner positions differ by less than this share of a voxel.
SAME_GRID_TOLERANCE_VOXELS = 1e-2
#: A direction matrix may leave orthonormality by this much before it is refused.
ORTHONORMAL_TOLERANCE = 1e-3


class LengthUnit(StrEnum):
    """What a grid's spacing counts: millimeters, or pixels of a picture whose scale nobody knows."""

    MM = "mm"
    PX = "px"


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular lattice in the patient's coordinates, in 2D or 3D.

    **Axis order.** `size`, `spacing_mm` and the columns of `direction` are in index order (i, j[, k]), `origin` and the
    rows of `direction` in physical order (x, y[, z]), as in ITK. Physical coordinates are LPS in mm: x grows to the
    patient's left, y to the back, z to the head. An array on the grid is C-ordered with shape `grid.shape`, the reverse
    of `size`, so a voxel is `array[k, j, i]`.

    Attributes:
        size: Number of samples along each index axis.
        spacing_mm: Distance of neighbouring samples; there is no default.
        origin: Position of the center of the first sample, in mm.
        direction: Cosines, row by row.
        unit: `px` for a picture without a known scale; spacing and origin then count its pixels, not mm.

    Raises:
        GeometryError: Sizes or spacings that are not positive and finite, or a direction that is not a rotation.
    """

    size: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]
    unit: LengthUnit = LengthUnit.MM

    def __post_init__(self) -> None:
        n = len(self.size)
        if n not in {2, 3} or not len(self.spacing_mm) == len(self.origin) == n or len(self.direction) != n * n:
            raise GeometryError(f"A grid needs 2 or 3 axes with spacing, origin and direction, got size {self.size}.")
        if any(s < 1 for s in self.size):
            raise GeometryError(f"The image size is {self.size}: every axis needs at least one sample.")
        if not all(math.isfinite(s) and s > 0 for s in self.spacing_mm):
            raise GeometryError(
                f"The image spacing is {self.spacing_mm} mm: every axis needs a positive, finite spacing.",
                "Correct the header; myoscope never assumes a spacing.",
            )
        matrix = self.matrix
        if not np.allclose(matrix.T @ matrix, np.eye(n), atol=ORTHONORMAL_TOLERANCE):
            raise GeometryError(f"The image direction {self.direction} is not made of orthogonal unit vectors.")

    @classmethod
    def identity(cls, size: tuple[int, ...], spacing_mm: tuple[float, ...], origin: tuple[float, ...]) -> Grid:
        """Return a grid whose index axes are the patient's axes."""
        return cls(size, spacing_mm, origin, tuple(float(v) for v in np.eye(len(size)).ravel()))

    @classmethod
    def picture(cls, size: tuple[int, int], spacing_mm: tuple[float, float] | None) -> Grid:
        """Return the grid of a picture, (width, height): x to its right, y down; in pixels when there is no scale."""
        unit = LengthUnit.PX if spacing_mm is None else LengthUnit.MM
        return cls(size, spacing_mm or (1.0, 1.0), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0), unit)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.size)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an array on this grid: `size` reversed."""
        return self.size[::-1]

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Direction cosines, shape (n, n): column a is the physical direction of index axis a."""
        return np.array(self.direction, dtype=np.float64).reshape(self.ndim, self.ndim)

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in mL.

        Raises:
            GeometryError: The grid is 2D.
        """
        if self.ndim != 3:  # noqa: PLR2004
            raise GeometryError("A 2D grid has no voxel volume.")
        return math.prod(self.spacing_mm) / 1000.0

    def position(self, index: tuple[float, ...]) -> tuple[float, ...]:
        """Return the physical position in mm of an index (i, j[, k]), which may lie between samples."""
        offset = self.matrix @ (np.array(index, dtype=np.float64) * np.array(self.spacing_mm))
        return tuple(float(v) for v in np.array(self.origin) + offset)

    def is_same(self, other: Grid) -> bool:
        """Tell whether both grids have the same samples at the same places."""
        if self.size != other.size or self.unit is not other.unit:
            return False
        corners = np.array(np.meshgrid(*[(0, s - 1) for s in self.size])).reshape(self.ndim, -1).T
        distance = max(math.dist(self.position(tuple(c)), other.position(tuple(c))) for c in corners)
        return distance <= SAME_GRID_TOLERANCE_VOXELS * min(self.spacing_mm)
