"""The Dixon recipes as data: the paper's, and small ones for CPUs (PAPERS: Dixon MRI)."""

from __future__ import annotations

from dataclasses import replace

from myoscope import Recipe, TrainingPlan
from myoscope.networks import SLICES_OPTIONS, SMALL_UNETR_OPTIONS, UNETR_OPTIONS
from myoscope_dixon_mri.structures import STRUCTURES

#: What the two anatomical maps and the parametric thigh hold; the embedded models are trained to find these.
SYNTHETIC = tuple(
    name for name in STRUCTURES.names if name not in {"abdominal_oblique", "rectus_abdominis", "multifidus"}
)

#: The paper says 29 channels for 27 structures and background, which are 28: the count follows the structures.
UNETR = Recipe(
    name="dixon_mri/unetr",
    structures=STRUCTURES.names,
    spacing_mm=(1.5, 1.5, 2.0),
    window=(96, 96, 96),
    overlap=0.5,
    preprocessing={"low": 80.0, "high": 450.0},
    network="unetr",
    network_options=UNETR_OPTIONS,
    training=TrainingPlan(
        loss="dice_ce",
        learning_rate=2e-5,
        weight_decay=1e-5,
        batch_size=2,
        crops_per_case=4,
        max_epochs=12000,
        precision="16-mixed",
        validate_every=2,
        labelled_share=0.5,
        # The paper accumulates gradients and stops early; it says neither over how many batches nor after how long.
        # Ours: four batches, so that a step sees the four windows of two volumes, and 500 epochs without a better Dice.
        accumulate=4,
        patience=250,
    ),
    channels=("mr",),
)

SMALL_PLAN = TrainingPlan(
    loss="dice_ce",
    learning_rate=1e-3,
    weight_decay=1e-5,
    batch_size=2,
    crops_per_case=2,
    max_epochs=4,
    schedule="one_cycle",
    ema_decay=0.995,
    precision="bf16-mixed",
)

UNETR_SMALL = Recipe(
    name="dixon_mri/unetr_small",
    structures=SYNTHETIC,
    spacing_mm=(5.0, 5.0, 6.0),
    window=(80, 48, 80),
    overlap=0.5,
    preprocessing={"high_percentile": 98.0},
    network="unetr_small",
    network_options=SMALL_UNETR_OPTIONS,
    training=SMALL_PLAN,
    channels=("mr",),
)

UNET_SLICES = replace(
    UNETR_SMALL,
    name="dixon_mri/unet_slices",
    spacing_mm=(2.6, 2.6, 6.0),
    window=(176, 112, 16),
    network="unet_slices",
    network_options=SLICES_OPTIONS,
    overlap=0.25,
    preprocessing={"high_percentile": 98.0, "contrasts": 2},
    # Cross-entropy alone: with Dice in the loss every small muscle came out too large.
    # Muon: docs/explanation/held_out_anatomy.md compares it with AdamW.
    training=replace(
        SMALL_PLAN,
        loss="ce",
        optimizer="muon",
        learning_rate=5e-3,
        batch_size=16,
        crops_per_case=16,
        crop=(176, 112, 5),
    ),
)

#: For those in a hurry: a little more than half the voxels.
UNET_SLICES_FAST = replace(
    UNET_SLICES,
    name="dixon_mri/unet_slices_fast",
    spacing_mm=(3.0, 3.0, 8.0),
    window=(160, 96, 16),
    training=replace(UNET_SLICES.training, crop=(160, 96, 5)),
)

RECIPES = {recipe.name: recipe for recipe in (UNETR, UNETR_SMALL, UNET_SLICES, UNET_SLICES_FAST)}
DEFAULT_MODEL, FAST_MODEL = UNET_SLICES.name, UNET_SLICES_FAST.name
