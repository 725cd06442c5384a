"""What a scan shows besides the thighs: arms at the sides, and metal in a femur with its streaks or its void."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.grid import Grid
from myoscope.synthesis.body import FEMUR_ID
from myoscope.synthesis.fields import interpolate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float32]
    Distances = NDArray[np.float64]
    Labels = NDArray[np.uint8]

#: How often a scan shows arms, and how often then each of them.
ARMS_CHANCE, ARM_CHANCE = 0.25, 0.75
#: Radius of an arm, depth of its fat, radius of its two bones, gap to the body, mm.
ARM_MM, ARM_FAT_MM, ARM_BONE_MM, GAP_MM = (24.0, 45.0), (2.0, 9.0), (5.0, 8.5), (1.0, 25.0)
#: Where an arm's middle lies behind that of the body, mm, and how far it leans, mm a mm.
BEHIND_MM, LEAN = (-60.0, 40.0), 0.15
#: Metal: its radius, length, HU, and the strength of streaks beside it in HU; they reach this far.
METAL_MM, METAL_LENGTH_MM, METAL_HU, STREAK_HU, STREAK_MM = (4.0, 9.0), (30.0, 180.0), 3071.0, (40.0, 300.0), 60.0
#: What metal takes from an MRI: radius and stretch of the void, width of its rim, by how much signal piles up there.
VOID_MM, VOID_STRETCH, RIM_MM, PILE = (10.0, 35.0), (0.75, 1.35), (2.0, 6.0), (0.2, 2.0)
#: Directions in which streaks differ.
STREAKS = (30, 120)


@dataclass(frozen=True, slots=True)
class Arms:
    """Where the tissues of arms lie, shape of the scan; nowhere in the body.

    Attributes:
        fat: Under the skin.
        muscle: Inside of it.
        bone: Inside of that.
    """

    fat: Mask
    muscle: Mask
    bone: Mask


def draw_arms(body: Mask, grid: Grid, rng: np.random.Generator) -> Arms | None:
    """Return arms beside the body, which may lie partly out of view; None for a scan without.

    Args:
        body: Shape `grid.shape`.
        grid: Axis-aligned.
        rng: Source of randomness.
    """
    if rng.random() >= ARMS_CHANCE or not body.any():
        return None
    z, y, x = (
        (o + s * np.arange(n, dtype=np.float32)).reshape([-1 if d == axis else 1 for d in range(3)])
        for axis, (o, s, n) in enumerate(zip(grid.origin[::-1], grid.spacing_mm[::-1], grid.size[::-1], strict=True))
    )
    columns = np.flatnonzero(body.any(axis=(0, 1)))
    rows = np.flatnonzero(body.any(axis=(0, 2)))
    middle = float(y.ravel()[rows].mean())
    fat, muscle, bone = (np.zeros(body.shape, dtype=bool) for _ in range(3))
    for edge, outward in ((columns[0], -1.0), (columns[-1], 1.0)):
        if rng.random() >= ARM_CHANCE:
            continue
        radius, inner, hard = rng.uniform(*ARM_MM), rng.uniform(*ARM_FAT_MM), rng.uniform(*ARM_BONE_MM)
        height = z - float(z.mean())
        gap, lean_x, behind, lean_y = (rng.uniform(*r) for r in (GAP_MM, (-LEAN, LEAN), BEHIND_MM, (-LEAN, LEAN)))
        center_x = np.float32(lean_x) * height + np.float32(x.ravel()[edge] + outward * (radius + gap))
        center_y = np.float32(lean_y) * height + np.float32(middle + behind)
        flat = rng.uniform(0.75, 1.3)
        there = z >= float(z.ravel()[int(rng.integers(0, grid.size[2]))])
        far = np.hypot((x - center_x) * flat, (y - center_y) / flat)
        fat |= (far <= radius) & there
        muscle |= (far <= radius - inner) & there
        angle, apart = rng.uniform(0.0, np.pi), 0.35 * radius
        for sign in (-1.0, 1.0):
            at_x, at_y = center_x + sign * apart * np.cos(angle), center_y + sign * apart * np.sin(angle)
            bone |= (np.hypot(x - at_x, y - at_y) <= hard) & there
    free = ~body
    return Arms(fat & ~muscle & free, muscle & ~bone & free, bone & muscle & free)


def add_metal(hu: Floats, labels: Labels, grid: Grid, rng: np.random.Generator) -> None:
    """Put a rod into one femur, in place, with bright and dark streaks around it that fade with the distance."""
    rod = _draw_rod(labels, grid, rng)
    radius, strength = rng.uniform(*METAL_MM), np.float32(rng.uniform(*STREAK_HU))
    for k, dy, dx in rod:
        far = np.hypot(dy, dx)
        knots = rng.standard_normal(int(rng.integers(*STREAKS))).astype(np.float32)
        around = interpolate(np.append(knots, knots[0]), (720,))
        turn = ((np.arctan2(dy, dx) / (2 * np.pi) % 1.0) * (around.size - 1)).astype(int)
        hu[k] += strength * around[turn] * np.exp(-far / STREAK_MM).astype(np.float32)
        hu[k][far <= radius] = METAL_HU


def add_void(signal: Floats, labels: Labels, grid: Grid, rng: np.random.Generator) -> None:
    """Take the signal of an MRI away around metal in one femur, in place; at the void's rim it piles up."""
    rod = _draw_rod(labels, grid, rng)
    radius, long = rng.uniform(*VOID_MM), rng.uniform(*VOID_STRETCH)
    rim, pile = np.float32(rng.uniform(*RIM_MM)), np.float32(rng.uniform(*PILE))
    for k, dy, dx in rod:
        far = (np.hypot(dy * long, dx / long) - radius * rng.uniform(0.85, 1.15)).astype(np.float32)
        signal[k] *= np.where(far > 0, 1 + pile * np.exp(-far / rim), np.float32(0))


def _draw_rod(labels: Labels, grid: Grid, rng: np.random.Generator) -> list[tuple[int, Distances, Distances]]:
    """Return some slices of one femur, if there is one, each with the distance along y and x to its center in mm."""
    side = FEMUR_ID + LEFT_OFFSET * int(rng.integers(0, 2))
    slices = np.flatnonzero((labels == side).any(axis=(1, 2)))
    if not slices.size:
        return []
    count = min(slices.size, max(1, round(rng.uniform(*METAL_LENGTH_MM) / grid.spacing_mm[2])))
    first = int(rng.integers(0, slices.size - count + 1))
    y, x = np.ogrid[: grid.size[1], : grid.size[0]]
    y, x = y * grid.spacing_mm[1], x * grid.spacing_mm[0]
    rod = []
    for k in slices[first : first + count].tolist():
        rows, columns = np.nonzero(labels[k] == side)
        rod.append((k, y - rows.mean() * grid.spacing_mm[1], x - columns.mean() * grid.spacing_mm[0]))
    return rod
