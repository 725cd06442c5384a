"""The ultrasound recipes as data: the paper's, small ones for CPUs, and the longitudinal one (PAPERS: Zhang)."""

from __future__ import annotations

from dataclasses import replace

from myoscope import Recipe, TrainingPlan
from myoscope.nnunet import TRAINING
from myoscope_ultrasound.structures import LONGITUDINAL, SITES

#: The paper's training; it names no encoder and no number of epochs, so ours is ResNet-34 and early stopping decides.
PAPER = TrainingPlan(
    loss="dice_ce",
    learning_rate=1e-4,
    weight_decay=0.0,
    batch_size=8,
    crops_per_case=1,
    max_epochs=500,
    optimizer="adam",
    patience=20,
)
#: Few epochs at a learning rate that a CPU can afford.
SMALL = replace(
    PAPER,
    learning_rate=2e-3,
    weight_decay=1e-4,
    max_epochs=24,
    schedule="one_cycle",
    precision="bf16-mixed",
    optimizer="adamw",
    patience=0,
)
UNET_SITES = ("rectus_femoris", "rectus_abdominis", "biceps", "triceps")


def _unet(site: str) -> Recipe:
    """Return the paper's U-Net of a site."""
    return Recipe(
        name=f"ultrasound/{site}",
        structures=SITES[site],
        spacing_mm=(),
        window=(384, 384),
        overlap=0.0,
        preprocessing={},
        network="unet",
        network_options={"encoder_name": "resnet34"},
        training=PAPER,
        channels=("bmode",),
    )


def _small(site: str) -> Recipe:
    """Return a U-Net of a site that trains and runs in little time on a CPU."""
    return replace(
        _unet(site),
        name=f"ultrasound/{site}_small",
        window=(256, 256),
        network_options={
            "encoder_name": "tu-tf_mobilenetv3_small_minimal_100",
            "decoder_channels": (128, 64, 32, 16, 8),
        },
        training=SMALL,
    )


LONGITUDINAL_RECIPE = replace(
    _small(LONGITUDINAL),
    name=f"ultrasound/{LONGITUDINAL}",
    network_options={"encoder_name": "mobilenet_v2", "decoder_channels": (128, 64, 32, 16, 8)},
    training=replace(SMALL, max_epochs=32),
)

#: The paper says of its nnU-Net only that it was nnU-Net, so it trains as nnU-Net does.
PERONEUS = replace(
    _unet("peroneus"), overlap=0.5, network="nnunet", network_options={"upright": True, "workers": 2}, training=TRAINING
)
PERONEUS_SMALL = replace(
    PERONEUS,
    name="ultrasound/peroneus_small",
    window=(256, 256),
    network_options={"upright": True, "base_features": 8, "max_features": 64},
    training=replace(TRAINING, batch_size=4, crops_per_case=1, max_epochs=10),
)

#: Site -> model that `analyze` takes.
MODELS = {site: f"ultrasound/{site}_small" for site in UNET_SITES} | {
    "peroneus": PERONEUS_SMALL.name,
    LONGITUDINAL: LONGITUDINAL_RECIPE.name,
}

RECIPES = {
    recipe.name: recipe
    for recipe in (*map(_unet, UNET_SITES), PERONEUS, *map(_small, UNET_SITES), PERONEUS_SMALL, LONGITUDINAL_RECIPE)
}
