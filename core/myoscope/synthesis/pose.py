"""How the legs lie and how thick they are: each bent at the hip, turned about its thigh, moved outward, thick or thin.

The pelvis and the bones stay: the thighs of the two bodies behind the full anatomies differ by a factor of three in
muscle volume where their femora differ by a seventh, so girth is no matter of size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.grid import Grid
from myoscope.synthesis.body import FEMUR_ID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.float32]

#: Spread of a leg's turn about its thigh, the largest, and how far it moves outward.
TURN_DEG, MOST_DEG = 11.0, 28.0
OUTWARD_MM = (0.0, 22.0)
#: How far hips are bent, most by a cushion under the knees, some over-stretched, and how far the two sides differ.
FLEXION_DEG, FLEXION_SPREAD_DEG = (-4.0, 16.0), 2.5
#: The turn grows, and the hip bends, from the top of the femur down over this share of it.
SHARE_OF_FEMUR = 0.4
#: How often the thighs have a girth other than the anatomy's, by which factor, and how far the two sides differ.
GIRTH_CHANCE = 0.5
GIRTHS = (0.7, 1.5)
SIDES_SPREAD = 0.04
#: Within this distance of the femur's axis lies bone, which keeps its size; girth ends towards the knee, mm and share.
CORE_MM = 20.0
KNEE_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Pose:
    """How both legs lie, the right one first.

    Attributes:
        turns: About the femur, in radians.
        outward_mm: Away from the other leg.
        girths: What is around the femur becomes this many times as thick.
        flexions: At the hip, in radians; the knee comes forward.
    """

    turns: tuple[float, float]
    outward_mm: tuple[float, float]
    girths: tuple[float, float] = (1.0, 1.0)
    flexions: tuple[float, float] = (0.0, 0.0)


def draw_pose(rng: np.random.Generator) -> Pose:
    """Return legs that lie at random; feet mostly fall outward, or inward, on both sides; both are about as thick."""
    both = rng.normal(0.0, TURN_DEG)
    turns = np.clip(np.array([both, -both]) + rng.normal(0.0, TURN_DEG / 2, size=2), -MOST_DEG, MOST_DEG)
    outward = rng.uniform(*OUTWARD_MM, size=2)
    right, left = (float(turn) for turn in np.deg2rad(turns))
    girth = np.exp(rng.uniform(*np.log(GIRTHS))) if rng.random() < GIRTH_CHANCE else 1.0
    girths = girth * (1 + rng.normal(0.0, SIDES_SPREAD, size=2))
    flexions = np.deg2rad(rng.uniform(*FLEXION_DEG) + rng.normal(0.0, FLEXION_SPREAD_DEG, size=2))
    return Pose(
        (right, left),
        (float(outward[0]), float(outward[1])),
        (float(girths[0]), float(girths[1])),
        (float(flexions[0]), float(flexions[1])),
    )


def forward_mm(labels: NDArray[np.uint8], grid: Grid, pose: Pose) -> tuple[float, float]:
    """Return how far the knees come forward, the one that does least and the one that does most; 0 where nothing moves.

    Args:
        labels: Of the anatomy, shape `grid.shape`.
        grid: Of the labels, axis-aligned.
        pose: Of the legs.
    """
    axes = _axes(labels, grid)
    if axes is None:
        return 0.0, 0.0
    top, bottom = _span(axes)
    depth = np.float32(_bent(np.array([bottom], dtype=np.float32), top, top - bottom)[0])
    least, most = sorted(float(np.tan(flexion) * depth) for flexion in pose.flexions)
    return least, most


def posed(labels: NDArray[np.uint8], grid: Grid, indices: Places, pose: Pose) -> NDArray[np.uint8] | None:
    """Return whose leg each place lies in: 0 above the legs, 1 right, 2 left; and move the places with the legs.

    None when the anatomy does not show both femora; then nothing moves.

    Args:
        labels: Of the anatomy, shape `grid.shape`.
        grid: Of the labels, axis-aligned.
        indices: Places in the anatomy in voxels, shape (3, k, j, i), along z, y and x; changed in place.
        pose: Of the legs.
    """
    axes = _axes(labels, grid)
    if axes is None:
        return None
    right_axis, left_axis = axes
    (first_x, first_y, first_z), steps = grid.origin, grid.spacing_mm
    z, y, x = (
        line * np.float32(step) + np.float32(first)
        for line, step, first in zip(indices, steps[::-1], (first_z, first_y, first_x), strict=True)
    )
    top, bottom = _span(axes)
    length = top - bottom
    grown = np.clip((top - z) / np.float32(SHARE_OF_FEMUR * length), 0.0, 1.0)
    thickened = grown * np.clip((z - bottom) / np.float32(KNEE_SHARE * length), 0.0, 1.0)
    middle = (right_axis.x(z) + left_axis.x(z)) / 2
    left = x > middle
    across, along = np.where(left, left_axis.x(z), right_axis.x(z)), np.where(left, left_axis.y(z), right_axis.y(z))
    angle = np.where(left, np.float32(pose.turns[1]), np.float32(pose.turns[0])) * grown
    girth = 1 + (np.where(left, np.float32(pose.girths[1]), np.float32(pose.girths[0])) - 1) * thickened
    away = np.where(left, np.float32(pose.outward_mm[1]), np.float32(-pose.outward_mm[0])) * grown
    # The inner border of a thicker leg stays, so that its femur moves outward.
    half = np.maximum(np.abs(across - middle) - np.float32(CORE_MM), 0)
    away += np.where(left, half, -half) * (girth - 1)
    y += np.tan(np.where(left, np.float32(pose.flexions[1]), np.float32(pose.flexions[0]))) * _bent(z, top, length)
    dx, dy, cos, sin = x - away - across, y - along, np.cos(angle), np.sin(angle)
    shrunk = _shrunk(np.hypot(dx, dy), girth)
    dx, dy = dx * shrunk, dy * shrunk
    x, y = across + cos * dx + sin * dy, along - sin * dx + cos * dy
    indices[2] = (x - np.float32(first_x)) / np.float32(steps[0])
    indices[1] = (y - np.float32(first_y)) / np.float32(steps[1])
    return np.where(grown > 0, np.where(left, 2, 1), 0).astype(np.uint8)


def _bent(z: Places, top: float, length: float) -> Places:
    """Return how far below its bend a place lies, in mm: what a leg comes forward there for a flexion of 45 degrees.

    Slices of a bent leg are moved, not tilted; a tilt by 16 degrees would make a section 4% longer.
    """
    bend = np.float32(SHARE_OF_FEMUR * length)
    below = np.maximum(np.float32(top) - z, 0)
    return np.asarray(np.where(below < bend, below**2 / (2 * bend), below - bend / 2), dtype=np.float32)


def _shrunk(radius: Places, girth: Places) -> Places:
    """Return by which factor places this far from the femur's axis, in mm, lie nearer to it in the anatomy as it is."""
    core = np.float32(CORE_MM)
    outside = np.maximum(radius - core, 0)
    return np.asarray((radius - outside + outside / girth) / np.maximum(radius, np.float32(1e-3)), dtype=np.float32)


def of_own_leg(labels: NDArray[np.uint8], legs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the labels without those that a turned leg took from the other one."""
    foreign = ((legs == 1) & (labels > LEFT_OFFSET)) | ((legs == 2) & (labels < LEFT_OFFSET))  # noqa: PLR2004
    return np.where(foreign, np.uint8(0), labels)


@dataclass(frozen=True, slots=True)
class _Axis:
    """A straight line through a femur, x and y linear in z, in mm."""

    across: tuple[float, float]
    along: tuple[float, float]
    top: float
    bottom: float

    def x(self, z: Places) -> Places:
        return np.float32(self.across[0]) * z + np.float32(self.across[1])

    def y(self, z: Places) -> Places:
        return np.float32(self.along[0]) * z + np.float32(self.along[1])


def _axes(labels: NDArray[np.uint8], grid: Grid) -> tuple[_Axis, _Axis] | None:
    right, left = (_axis(labels == value, grid) for value in (FEMUR_ID, FEMUR_ID + LEFT_OFFSET))
    return None if right is None or left is None else (right, left)


def _span(axes: tuple[_Axis, _Axis]) -> tuple[float, float]:
    """Return top and bottom of what both femora share."""
    return min(axis.top for axis in axes), max(axis.bottom for axis in axes)


def _axis(femur: NDArray[np.bool_], grid: Grid) -> _Axis | None:
    """Return the line through the centers of a femur's sections; None where there are fewer than two."""
    counts = femur.sum(axis=(1, 2))
    there = np.flatnonzero(counts)
    if there.size < 2:  # noqa: PLR2004
        return None
    x, y, z = (o + s * np.arange(n) for n, s, o in zip(grid.size, grid.spacing_mm, grid.origin, strict=True))
    inside = femur[there]
    across = np.polyfit(z[there], inside.sum(axis=1) @ x / counts[there], 1)
    along = np.polyfit(z[there], inside.sum(axis=2) @ y / counts[there], 1)
    first, second = (tuple(float(v) for v in line) for line in (across, along))
    return _Axis((first[0], first[1]), (second[0], second[1]), float(z[there[-1]]), float(z[there[0]]))
