"""The CT recipes as data: the paper's, its baseline, and a small one for CPUs (PAPERS: Kim 2024, Methods)."""

from __future__ import annotations

from dataclasses import replace

from myoscope import Recipe, TrainingPlan
from myoscope.networks import SLICES_OPTIONS, SMALL_UNETR_OPTIONS, UNETR_OPTIONS
from myoscope_ct_thigh.structures import STRUCTURES

#: What the two anatomical maps and the parametric thigh hold; the small default model is trained to find these.
SYNTHETIC = tuple(
    name
    for name in STRUCTURES.names
    if name not in {"iliopsoas", "abdominal_oblique", "rectus_abdominis", "multifidus"}
)

UNETR = Recipe(
    name="ct_thigh/unetr",
    structures=STRUCTURES.names,
    spacing_mm=(1.5, 1.5, 2.0),
    window=(96, 96, 96),
    overlap=0.5,
    preprocessing={"hu_low": -57.0, "hu_high": 164.0, "gamma": 2.0},
    network="unetr",
    network_options=UNETR_OPTIONS,
    training=TrainingPlan(
        loss="dice", learning_rate=8e-5, weight_decay=1e-5, batch_size=2, crops_per_case=4, max_epochs=5000
    ),
    channels=("ct",),
)

UNET3D = replace(
    UNETR,
    name="ct_thigh/unet3d",
    network="unet3d",
    network_options={"channels": (16, 32, 64, 128, 256), "strides": (2, 2, 2, 2), "num_res_units": 2},
)

UNETR_SMALL = Recipe(
    name="ct_thigh/unetr_small",
    structures=SYNTHETIC,
    spacing_mm=(5.0, 5.0, 6.0),
    window=(80, 48, 80),
    overlap=0.5,
    preprocessing={"hu_low": -160.0, "hu_high": 240.0, "gamma": 1.0},
    network="unetr_small",
    network_options=SMALL_UNETR_OPTIONS,
    training=TrainingPlan(
        loss="dice_ce",
        learning_rate=1e-3,
        weight_decay=1e-5,
        batch_size=1,
        crops_per_case=1,
        max_epochs=60,
        schedule="one_cycle",
        ema_decay=0.995,
        precision="bf16-mixed",
    ),
    channels=("ct",),
)

UNET_SLICES = replace(
    UNETR_SMALL,
    name="ct_thigh/unet_slices",
    spacing_mm=(2.6, 2.6, 6.0),
    window=(176, 112, 16),
    overlap=0.25,
    network="unet_slices",
    network_options=SLICES_OPTIONS,
    # Muon: docs/explanation/held_out_anatomy.md compares it with AdamW.
    training=replace(
        UNETR_SMALL.training,
        loss="ce",
        optimizer="muon",
        learning_rate=5e-3,
        batch_size=16,
        crops_per_case=16,
        crop=(176, 112, 5),
        max_epochs=4,
    ),
)

#: For those in a hurry: a little more than half the voxels.
UNET_SLICES_FAST = replace(
    UNET_SLICES,
    name="ct_thigh/unet_slices_fast",
    spacing_mm=(3.0, 3.0, 8.0),
    window=(160, 96, 16),
    training=replace(UNET_SLICES.training, crop=(160, 96, 5)),
)

DEFAULT_MODEL, FAST_MODEL = UNET_SLICES.name, UNET_SLICES_FAST.name

RECIPES = {recipe.name: recipe for recipe in (UNETR, UNETR_SMALL, UNET_SLICES, UNET_SLICES_FAST, UNET3D)}
