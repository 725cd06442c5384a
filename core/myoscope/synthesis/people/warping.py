"""A smooth displacement without folds that brings an anatomy's structures onto a person's.

The displacement is a flow. Its velocity is a sum of cubic B-splines, from wide to narrow; the fit raises the Dice of
the shared structures on the person's slices and keeps the velocity from bending, more so across slices. Where the
person shows nothing, what bends least goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.data.grid import Grid
from myoscope.synthesis.people.comparing import Comparison, samples_of
from myoscope.synthesis.people.flow import Flow, bending, splines

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from myoscope.synthesis.anatomy import Anatomy
    from myoscope.synthesis.people.matching import Affine
    from myoscope.synthesis.people.person import Person


@dataclass(frozen=True, slots=True)
class Level:
    """One round of the fit.

    Attributes:
        knots_mm: Distance of the splines along x, y and z.
        grid_mm: Spacing of the velocity's grid along x, y and z.
        blur_mm: Both label maps are blurred by this (standard deviation).
        steps: How many.
    """

    knots_mm: tuple[float, float, float]
    grid_mm: tuple[float, float, float]
    blur_mm: float
    steps: int


LEVELS = (
    Level((64.0, 64.0, 96.0), (20.0, 20.0, 28.0), 8.0, 40),
    Level((32.0, 32.0, 56.0), (16.0, 16.0, 24.0), 4.0, 30),
    Level((24.0, 24.0, 40.0), (12.0, 12.0, 18.0), 2.0, 30),
)
STEP_SIZE_MM = 0.8
#: What bending costs in Dice: this times the mean square of the velocity's second derivative, in 1 / mm.
BENDING = 20.0
#: Room of the velocity around the anatomy.
ROOM_MM = 20.0
#: Splines beyond the first and last sample, so that all of the grid has its four.
KNOTS_BEYOND = 4


@dataclass(frozen=True, slots=True)
class Warp:
    """From a place on the person to the place in the anatomy: first displaced, then mapped.

    Attributes:
        affine: The map.
        displacement: (3, *`grid.shape`): along x, y and z, in mm.
        grid: Axis-aligned, in the person's coordinates; holds the whole anatomy.
    """

    affine: Affine
    displacement: NDArray[np.float32]
    grid: Grid

    @property
    def jacobian(self) -> NDArray[np.float32]:
        """Determinant of the displacement's derivative at each node: 1 keeps the volume, above 0 nothing folds."""
        steps = self.grid.spacing_mm[::-1]
        rows = [np.stack(np.gradient(part, *steps)[::-1]) for part in self.displacement]
        derivative = np.moveaxis(np.stack(rows), (0, 1), (-2, -1)) + np.eye(3, dtype=np.float32)
        return np.asarray(np.linalg.det(derivative), dtype=np.float32)


def warped(anatomy: Anatomy, person: Person, ids: tuple[int, ...], start: Affine) -> Warp:
    """Return the warp that brings the structures `ids` of the anatomy onto the person's, from `start` on."""
    import torch

    low, high = _extent(anatomy, start)
    samples = samples_of(anatomy, person, ids)
    fitted: list[tuple[Level, torch.Tensor]] = []
    for level in LEVELS:
        flow = Flow(_grid_over(low, high, level.grid_mm))
        compare = Comparison(samples, start, level.blur_mm)
        fitted.append((level, _fitted(_total(fitted, flow.grid), level, flow, compare)))
    with torch.no_grad():
        displacement = flow.displacement(_total(fitted, flow.grid)).numpy()
    return Warp(start, displacement, flow.grid)


def _fitted(before: torch.Tensor, level: Level, flow: Flow, compare: Comparison) -> torch.Tensor:
    """Return the weights of this level's splines, whose velocity is added to that from before."""
    import torch

    extents = zip(flow.grid.size, flow.grid.spacing_mm, level.knots_mm, strict=True)
    shape = [int(n * step / knots) + KNOTS_BEYOND for n, step, knots in extents]
    weights = torch.zeros(3, *shape[::-1], requires_grad=True)
    optimizer = torch.optim.Adam([weights], lr=STEP_SIZE_MM)
    for _ in range(level.steps):
        optimizer.zero_grad()
        velocity = before + _velocity(weights, level, flow.grid)
        dice = compare.dice(flow.displaced(compare.places, flow.displacement(velocity)))
        loss = BENDING * bending(velocity, flow.grid) - dice
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        optimizer.step()
    return weights.detach()


def _total(fitted: list[tuple[Level, torch.Tensor]], grid: Grid) -> torch.Tensor:
    """Return the velocity of all levels so far on a grid, (3, z, y, x) in mm."""
    import torch

    total = torch.zeros(3, *grid.shape)
    for level, weights in fitted:
        total = total + _velocity(weights, level, grid)
    return total


def _velocity(weights: torch.Tensor, level: Level, grid: Grid) -> torch.Tensor:
    """Return the velocity of a level's splines on a grid that begins where the level's own does, (3, z, y, x) in mm."""
    import torch

    axes = zip(grid.size, grid.spacing_mm, level.knots_mm, weights.shape[:0:-1], strict=True)
    x, y, z = (splines(*axis) for axis in axes)
    return torch.einsum("czyx,kz,jy,ix->ckji", weights, z, y, x)


def _extent(anatomy: Anatomy, start: Affine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the box in the person's coordinates that holds the whole anatomy with room."""
    last = [n - 1 for n in anatomy.grid.size]
    corners = [anatomy.grid.position((a, b, c)) for a in (0, last[0]) for b in (0, last[1]) for c in (0, last[2])]
    there = (np.array(corners) - start.offset) @ np.linalg.inv(start.matrix).T
    return there.min(axis=0) - ROOM_MM, there.max(axis=0) + ROOM_MM


def _grid_over(low: NDArray[np.float64], high: NDArray[np.float64], spacing_mm: tuple[float, float, float]) -> Grid:
    size = tuple(int(np.ceil(extent / step)) + 1 for extent, step in zip(high - low, spacing_mm, strict=True))
    return Grid.identity(size, spacing_mm, tuple(float(v) for v in low))
