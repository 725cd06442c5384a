"""Water and fat of a body: how many protons of each a voxel holds, from a label map and one person's tissues."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET, THIGH_STRUCTURES
from myoscope.data.grid import Grid
from myoscope.synthesis.body import body_mask, depth_inside, rich_slices
from myoscope.synthesis.fields import smooth_field
from myoscope.synthesis.septa import Parts, septa

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BONE_IDS = tuple(s.id for s in THIGH_STRUCTURES if s.kind == "bone")
#: Fat cells hold a little water.
FAT_WATER = 0.06
#: From this share of fat on, muscle looks like fat.
MOST_FAT = 0.9


@dataclass(frozen=True, slots=True)
class Person:
    """One person's tissues as protons see them; densities are relative to lean muscle.

    Attributes:
        fat_mm: Mean depth of subcutaneous fat.
        round_mm: Furrows between muscles narrower than a disc of this radius do not show at the skin.
        apart_mm: Air between the thighs; 0 where they touch.
        muscle_fat: Mean share of fat in muscle, 0 to 1.
        muscle_spread: Difference of brightness between muscles, as a share.
        fat_spread: Spread of the logarithm of fat between muscles.
        septum_mm: Thickness of the sheets between muscles.
        septum_fat: Share of those sheets that is fat; the rest gives no signal.
        cortex_mm: Thickness of cortical bone.
        marrow_fat: Share of fat in marrow.
        marrow: Density of marrow.
        skin_mm: Thickness of skin.
        skin: Density of skin.
        organs: Density of what no structure names.
        vessels: Density of blood; flow may void or brighten it.
    """

    fat_mm: float
    round_mm: float
    apart_mm: float
    muscle_fat: float
    muscle_spread: float
    fat_spread: float
    septum_mm: float
    septum_fat: float
    cortex_mm: float
    marrow_fat: float
    marrow: float
    skin_mm: float
    skin: float
    organs: float
    vessels: float


@dataclass(frozen=True, slots=True)
class Protons:
    """What a scanner can see, shape of the labels, float32.

    Attributes:
        water: Density of water protons, lean muscle about 1.
        fat: Density of fat protons, pure fat about 1.
        body: Where the body is.
    """

    water: Floats
    fat: Floats
    body: Mask


def draw_person(rng: np.random.Generator) -> Person:
    """Return a person from lean and young to frail and obese."""
    return Person(
        fat_mm=float(np.exp(rng.uniform(np.log(2.0), np.log(35.0)))),
        round_mm=rng.uniform(4.0, 22.0),
        apart_mm=float(rng.choice([0.0, rng.uniform(3.0, 9.0)])),
        muscle_fat=0.02 + 0.55 * float(rng.beta(0.9, 5.0)),
        muscle_spread=rng.uniform(0.01, 0.06),
        fat_spread=rng.uniform(0.1, 0.6),
        septum_mm=rng.uniform(0.2, 2.2),
        septum_fat=rng.uniform(0.2, 1.0),
        cortex_mm=rng.uniform(2.0, 5.5),
        marrow_fat=rng.uniform(0.6, 0.95),
        marrow=rng.uniform(0.5, 1.0),
        skin_mm=rng.uniform(0.8, 2.5),
        skin=rng.uniform(0.3, 0.9),
        organs=rng.uniform(0.5, 1.2),
        vessels=float(rng.choice([rng.uniform(0.0, 0.3), rng.uniform(0.7, 1.8)])),
    )


def protons(labels: Labels, parts: Labels | Parts, grid: Grid, person: Person, rng: np.random.Generator) -> Protons:
    """Return water and fat of a label map, with fat, vessels, organs and skin around the labels.

    Args:
        labels: Left and right split, shape `grid.shape`.
        parts: The same with muscles in parts (`myoscope.synthesis.septa.parts`), or the labels where they are whole.
        grid: Axis-aligned.
        person: Whose.
        rng: Source of randomness.
    """
    body = body_mask(labels, grid, person.fat_mm, rng, round_mm=person.round_mm, apart_mm=person.apart_mm)
    depth = depth_inside(body, grid)
    texture = smooth_field(rng, grid.shape, grid.spacing_mm, 9.0)
    fat = np.where(body, np.float32(1.0) + np.float32(0.04) * texture, np.float32(0.0)).astype(np.float32)
    water = np.where(body, np.float32(FAT_WATER), np.float32(0.0)).astype(np.float32)
    _fill_unnamed(water, fat, labels, depth, grid, person=person, rng=rng)
    _fill_muscles(water, fat, labels, parts, grid, person=person, rng=rng)
    along = smooth_field(rng, grid.shape, grid.spacing_mm, (400.0, 400.0, 60.0))
    _fill_bones(water, fat, labels, grid, person=person, texture=texture, along=along)
    skin = (depth > 0) & (depth <= person.skin_mm)
    water[skin], fat[skin] = person.skin, np.float32(0.15)
    return Protons(water, fat, body)


def _fill_unnamed(
    water: Floats,
    fat: Floats,
    labels: Labels,
    depth: Floats,
    grid: Grid,
    *,
    person: Person,
    rng: np.random.Generator,
) -> None:
    """Put organs and trunk muscles into the pelvis, and vessels, nerves and strands into the thigh."""
    free = (labels == 0) & (depth > rng.uniform(6.0, 25.0))
    blobs = smooth_field(rng, grid.shape, grid.spacing_mm, (13.0, 13.0, 35.0))
    threshold = np.where(rich_slices(labels), rng.uniform(-0.5, 0.2), rng.uniform(0.5, 1.3)).astype(np.float32)
    organs = free & (blobs > threshold[:, None, None])
    water[organs] = np.float32(person.organs) * (1.0 + 0.15 * blobs[organs])
    fat[organs] = np.float32(rng.uniform(0.0, 0.3))
    tubes = smooth_field(rng, grid.shape, grid.spacing_mm, (9.0, 9.0, 90.0))
    vessels = free & (tubes > rng.uniform(1.0, 1.6))
    water[vessels], fat[vessels] = np.float32(person.vessels), np.float32(0.05)


def _fill_muscles(
    water: Floats,
    fat: Floats,
    labels: Labels,
    parts: Labels | Parts,
    grid: Grid,
    *,
    person: Person,
    rng: np.random.Generator,
) -> None:
    """Fill every muscle with lean tissue, its own share of fat in streaks and patches, and sheets about its parts."""
    muscle = (labels > 0) & ~np.isin(labels % LEFT_OFFSET, BONE_IDS)
    lean = (1.0 + rng.normal(0.0, person.muscle_spread, size=256)).astype(np.float32)
    share = person.muscle_fat * np.exp(rng.normal(0.0, person.fat_spread, size=256))
    mean = np.clip(share, 0.0, MOST_FAT).astype(np.float32)[labels]
    streaks = smooth_field(rng, grid.shape, grid.spacing_mm, (5.0, 5.0, 20.0))
    streaks += smooth_field(rng, grid.shape, grid.spacing_mm, (28.0, 28.0, 70.0))
    infiltrated = np.clip(mean * np.exp(np.float32(0.5) * streaks), 0.0, MOST_FAT)
    strength = np.clip(1.0 + 0.6 * smooth_field(rng, grid.shape, grid.spacing_mm, 40.0), 0.0, 1.6)
    sheet = np.clip(septa(parts, grid, person.septum_mm) * strength, 0.0, 1.0).astype(np.float32)
    inside = 1.0 - sheet
    grain = 1.0 + np.float32(0.03) * smooth_field(rng, grid.shape, grid.spacing_mm, 12.0)
    np.copyto(water, lean[labels] * grain * (1.0 - infiltrated) * inside, where=muscle)
    np.copyto(fat, infiltrated * inside + np.float32(person.septum_fat) * sheet, where=muscle)


def _fill_bones(
    water: Floats, fat: Floats, labels: Labels, grid: Grid, *, person: Person, texture: Floats, along: Floats
) -> None:
    bone = np.isin(labels % LEFT_OFFSET, BONE_IDS)
    inside = depth_inside(bone, grid)
    marrow = np.float32(person.marrow) * (1.0 + np.float32(0.08) * texture)
    # Cortex is thick in the shaft and thin at the joints; a voxel wider than it holds marrow too.
    thickness = person.cortex_mm * np.clip(1.0 + 0.7 * along, 0.15, 1.6).astype(np.float32)
    pixel = np.float32(max(grid.spacing_mm[:2]))
    cortex = np.clip((thickness - inside) / pixel + 1.0, 0.0, 1.0)
    np.copyto(fat, marrow * np.float32(person.marrow_fat) * (1.0 - cortex) + np.float32(0.03) * cortex, where=bone)
    np.copyto(
        water, marrow * np.float32(1.0 - person.marrow_fat) * (1.0 - cortex) + np.float32(0.04) * cortex, where=bone
    )
