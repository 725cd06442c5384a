"""CT of an anatomy: tissue in Hounsfield units, septa, skin, cortex and marrow, blur, noise and table.

A wide case shows people and scans beyond the usual, as training should have seen: see `beyond_the_usual`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET, THIGH_STRUCTURES, StructureSet
from myoscope.data.grid import Grid
from myoscope.data.modality import LabelledCase, SynthesisOptions
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.ops.resample import resample
from myoscope.synthesis.anatomy import Anatomy, deformed_onto, draw_deformation, enclosing_grid
from myoscope.synthesis.beside import add_metal, draw_arms
from myoscope.synthesis.body import PELVIS_ID, body_mask, depth_inside, rich_slices
from myoscope.synthesis.build import built
from myoscope.synthesis.fields import smooth_field
from myoscope.synthesis.septa import Parts, parts, septa
from myoscope.synthesis.views import TRAINING_LENGTH_MM, centered, cut, final_grid, slab

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]

AIR_HU, FAT_HU, TABLE_HU = -1000.0, -105.0, 120.0
HU_RANGE = (-1024, 3071)
#: Spacings that a scan is drawn from when none is asked for, (in-plane, slice) mm.
SPACING_RANGE_MM = ((1.6, 2.2), (2.5, 5.0))
#: Anatomy is rendered no finer than this and then interpolated: the maps themselves are no finer.
FINEST_RENDER_MM = 1.5
#: How often a wide scan shows metal in a femur.
METAL_CHANCE = 0.08
BONE_IDS = tuple(s.id for s in THIGH_STRUCTURES if s.kind == "bone")


@dataclass(frozen=True, slots=True)
class Tissue:
    """What one person's tissues look like, drawn once a case.

    Attributes:
        muscle_hu: Mean of lean muscle.
        spread_hu: Difference between muscles.
        infiltration: Share of fat that marbling reaches, 0 to 1.
        septum_mm: Thickness of the fat between muscles.
        fat_mm: Mean depth of subcutaneous fat.
        cortex_mm: Thickness of cortical bone.
        cortex_hu: Cortical bone.
        marrow_hu: Marrow.
        noise_hu: Standard deviation of noise.
        blur_mm: Standard deviation of the point spread.
        round_mm: As for `body_mask`.
        apart_mm: As for `body_mask`.
        blood_hu: Vessels, with contrast agent or without.
    """

    muscle_hu: float
    spread_hu: float
    infiltration: float
    septum_mm: float
    fat_mm: float
    cortex_mm: float
    cortex_hu: float
    marrow_hu: float
    noise_hu: float
    blur_mm: float
    round_mm: float = 0.0
    apart_mm: float = 0.0
    blood_hu: float = 45.0


def ct_case(anatomy: Anatomy, structures: StructureSet, seed: int, options: SynthesisOptions) -> LabelledCase:
    """Return a labelled CT of a random deformation of `anatomy`; the same seed gives the same bytes.

    The scan's channel is `ct` in HU, int16; its grid is axis-aligned.
    """
    rng = np.random.default_rng([seed, 1])
    spacing = options.spacing_mm or _draw_spacing(rng)
    deformation = draw_deformation(rng, wide=options.wide)
    whole = enclosing_grid(anatomy, deformation, tuple(max(s, FINEST_RENDER_MM) for s in spacing))
    view = whole if options.size is None else centered(whole, options.size, spacing)
    if options.wide:
        view = slab(view, TRAINING_LENGTH_MM, rng)
    elif not options.complete:
        view = cut(view, rng)
    labels = deformed_onto(anatomy, view, deformation, whole)
    labels = built(labels, view, rng) if options.wide else labels
    tissue = draw_tissue(rng)
    tissue = beyond_the_usual(tissue, rng) if options.wide else tissue
    hu = render_ct(labels, view, tissue, rng, wide=options.wide)
    grid = final_grid(view, spacing, options.size)
    if not view.is_same(grid):
        hu, labels = resample(hu, view, grid, fill=AIR_HU), resample(labels, view, grid, fill=0, labels=True)
    hu += rng.standard_normal(hu.shape, dtype=np.float32) * np.float32(tissue.noise_hu)
    image = np.clip(np.rint(hu), *HU_RANGE).astype(np.int16)
    name = f"ct_thigh_{seed:05d}"
    shown = set((np.unique(anatomy.labels) % LEFT_OFFSET).tolist())
    present = frozenset(s.name for s in structures if s.id in shown)
    scan = Scan("ct_thigh", {"ct": image}, grid, name, source=f"synthesized from {anatomy.name}, seed {seed}")
    truth = Segmentation(labels, grid, structures, present, sides_split=True)
    return LabelledCase(scan, truth, {"seed": seed, "anatomy": anatomy.name, "spacing_mm": list(grid.spacing_mm)})


def draw_tissue(rng: np.random.Generator) -> Tissue:
    """Return the tissues of a person from lean and young to frail and obese."""
    return Tissue(
        muscle_hu=rng.uniform(35.0, 65.0),
        spread_hu=rng.uniform(1.0, 6.0),
        infiltration=float(rng.beta(1.2, 4.0)) * 0.7,
        septum_mm=rng.uniform(0.3, 1.8),
        fat_mm=float(np.exp(rng.uniform(np.log(4.0), np.log(35.0)))),
        cortex_mm=rng.uniform(2.0, 5.5),
        cortex_hu=rng.uniform(700.0, 1500.0),
        marrow_hu=rng.uniform(-70.0, 250.0),
        noise_hu=rng.uniform(4.0, 25.0),
        blur_mm=rng.uniform(0.3, 0.9),
    )


def beyond_the_usual(tissue: Tissue, rng: np.random.Generator) -> Tissue:
    """Return tissues from wasted to athletic, as any scanner shows them, with contrast agent or without."""
    return replace(
        tissue,
        muscle_hu=rng.uniform(20.0, 85.0),
        infiltration=0.75 * float(rng.beta(0.9, 4.0)),
        septum_mm=rng.uniform(0.2, 2.2),
        fat_mm=float(np.exp(rng.uniform(np.log(2.0), np.log(40.0)))),
        noise_hu=float(np.exp(rng.uniform(np.log(3.0), np.log(40.0)))),
        blur_mm=rng.uniform(0.3, 1.6),
        round_mm=rng.uniform(4.0, 22.0),
        apart_mm=float(rng.choice([0.0, rng.uniform(3.0, 9.0)])),
        blood_hu=float(rng.choice([rng.uniform(30.0, 60.0), rng.uniform(90.0, 350.0)])),
    )


def render_ct(labels: Labels, grid: Grid, tissue: Tissue, rng: np.random.Generator, *, wide: bool = False) -> Floats:
    """Return the noiseless CT in HU of a label map, with fat, organs, skin, table and air around the labels.

    A wide one also has vessels, bones that no structure names (sacrum, spine, tibia), gas in the bowel, arms, and metal
    with streaks.
    """
    from scipy.ndimage import gaussian_filter

    spacing = grid.spacing_mm
    body = body_mask(labels, grid, tissue.fat_mm, rng, round_mm=tissue.round_mm, apart_mm=tissue.apart_mm)
    depth = depth_inside(body, grid)
    texture = smooth_field(rng, grid.shape, spacing, 9.0)
    hu = np.where(body, FAT_HU + 6.0 * texture, AIR_HU).astype(np.float32)
    if wide:
        _add_unnamed(hu, labels, depth, grid, tissue=tissue, rng=rng)
    else:
        _add_soft_tissue(hu, labels, depth, grid, rng)
    _add_muscles(hu, labels, parts(labels, grid, rng) if wide else labels, grid, tissue=tissue, rng=rng)
    _add_bones(hu, labels, grid, tissue, texture)
    skin = (depth > 0) & (depth <= rng.uniform(1.5, 3.0))
    hu[skin] = rng.uniform(-20.0, 40.0)
    if wide:
        _add_arms(hu, body, grid, tissue, rng)
    _add_table(hu, body, grid, rng)
    sigma = tuple(tissue.blur_mm / s for s in reversed(spacing))
    seen = np.asarray(gaussian_filter(hu, sigma), dtype=np.float32)
    if wide and rng.random() < METAL_CHANCE:
        add_metal(seen, labels, grid, rng)
    return seen


def _add_soft_tissue(hu: Floats, labels: Labels, depth: Floats, grid: Grid, rng: np.random.Generator) -> None:
    """Fill part of what no structure names: organs in the pelvis, vessels and nerves in the thigh."""
    free = (labels == 0) & (depth > rng.uniform(12.0, 25.0))
    blobs = smooth_field(rng, grid.shape, grid.spacing_mm, (14.0, 14.0, 30.0))
    pelvis = np.asarray(labels % LEFT_OFFSET == PELVIS_ID).any(axis=(1, 2))
    threshold = np.where(pelvis, -0.2, 0.75)
    organs = free & (blobs > threshold[:, None, None])
    hu[organs] = rng.uniform(10.0, 70.0) + 15.0 * blobs[organs]


def _add_unnamed(
    hu: Floats, labels: Labels, depth: Floats, grid: Grid, *, tissue: Tissue, rng: np.random.Generator
) -> None:
    """Fill what no structure names: organs, gas and bones in the trunk and at the knee, vessels anywhere."""
    free = (labels == 0) & (depth > rng.uniform(6.0, 25.0))
    rich = rich_slices(labels)[:, None, None]
    blobs = smooth_field(rng, grid.shape, grid.spacing_mm, (13.0, 13.0, 35.0))
    organs = free & (blobs > np.where(rich, rng.uniform(-0.5, 0.2), rng.uniform(0.5, 1.3)))
    hu[organs] = rng.uniform(0.0, 70.0) + 15.0 * blobs[organs]
    gas = free & rich & (smooth_field(rng, grid.shape, grid.spacing_mm, (30.0, 30.0, 40.0)) > rng.uniform(0.6, 2.0))
    hu[gas] = rng.uniform(-950.0, -300.0)
    bones = smooth_field(rng, grid.shape, grid.spacing_mm, (35.0, 35.0, 60.0)) > rng.uniform(0.4, 2.0)
    bones &= free & rich
    cortex = bones & (depth_inside(bones, grid) <= max(tissue.cortex_mm, *grid.spacing_mm[:2]))
    hu[bones] = rng.uniform(-20.0, 300.0) + 30.0 * blobs[bones]
    hu[cortex] = rng.uniform(0.4, 1.0) * tissue.cortex_hu
    tubes = smooth_field(rng, grid.shape, grid.spacing_mm, (9.0, 9.0, 90.0)) > rng.uniform(1.0, 1.6)
    hu[free & tubes] = tissue.blood_hu


def _add_muscles(
    hu: Floats, labels: Labels, seen: Labels | Parts, grid: Grid, *, tissue: Tissue, rng: np.random.Generator
) -> None:
    """Fill every muscle with lean tissue and its own share of fat; sheets lie about its parts, as they are `seen`."""
    muscle = (labels > 0) & ~np.isin(labels % LEFT_OFFSET, BONE_IDS)
    means = (tissue.muscle_hu + rng.normal(0.0, tissue.spread_hu, size=256)).astype(np.float32)
    marbling = (0.6 + 0.8 * rng.random(256)).astype(np.float32) * np.float32(tissue.infiltration)
    streaks = smooth_field(rng, grid.shape, grid.spacing_mm, (5.0, 5.0, 18.0))
    streaks += 0.7 * smooth_field(rng, grid.shape, grid.spacing_mm, (28.0, 28.0, 70.0))
    fat = np.clip(streaks * 0.5 + 2.2 * marbling[labels] - 0.55, 0.0, 1.0) * np.float32(0.9)
    strength = 1.0 + 0.6 * smooth_field(rng, grid.shape, grid.spacing_mm, 40.0)
    fat = np.maximum(fat, septa(seen, grid, tissue.septum_mm) * np.clip(strength, 0.0, 1.6))
    fat = np.clip(fat, 0.0, 1.0)
    lean = means[labels] + 4.0 * smooth_field(rng, grid.shape, grid.spacing_mm, 12.0)
    hu[muscle] = (lean * (1.0 - fat) + FAT_HU * fat)[muscle]


def _add_bones(hu: Floats, labels: Labels, grid: Grid, tissue: Tissue, texture: Floats) -> None:
    bone = np.isin(labels % LEFT_OFFSET, BONE_IDS)
    inside = depth_inside(bone, grid)
    # Where voxels are coarser than the cortex, the outermost ones hold it.
    cortex = bone & (inside <= max(tissue.cortex_mm, *grid.spacing_mm[:2]))
    hu[bone] = (tissue.marrow_hu + 40.0 * texture)[bone]
    hu[cortex] = tissue.cortex_hu


def _add_arms(hu: Floats, body: NDArray[np.bool_], grid: Grid, tissue: Tissue, rng: np.random.Generator) -> None:
    """Put arms beside the body where the scan shows any."""
    arms = draw_arms(body, grid, rng)
    if arms is not None:
        for mask, value in ((arms.fat, FAT_HU), (arms.muscle, tissue.muscle_hu), (arms.bone, tissue.cortex_hu)):
            hu[mask] = value


def _add_table(hu: Floats, body: NDArray[np.bool_], grid: Grid, rng: np.random.Generator) -> None:
    """Put a thin curved table behind the lowest point of the body, when the field of view reaches there."""
    if rng.random() < 0.3 or not body.any():  # noqa: PLR2004
        return
    behind = int(np.flatnonzero(body.any(axis=(0, 2)))[-1]) + 2
    x = (np.arange(grid.size[0]) - grid.size[0] / 2) / (grid.size[0] / 2)
    rise = rng.uniform(0.0, 30.0) * x**2 / grid.spacing_mm[1]
    rows = np.rint(behind - rise).astype(int)
    for offset in range(max(1, round(3.0 / grid.spacing_mm[1]))):
        for column, row in enumerate(rows + offset):
            if 0 <= row < grid.size[1]:
                line = hu[:, row, column]
                line[~body[:, row, column]] = TABLE_HU


def _draw_spacing(rng: np.random.Generator) -> tuple[float, ...]:
    plane = round(rng.uniform(*SPACING_RANGE_MM[0]), 2)
    return (plane, plane, round(rng.uniform(*SPACING_RANGE_MM[1]), 1))
