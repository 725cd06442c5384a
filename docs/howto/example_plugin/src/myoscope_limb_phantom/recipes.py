"""The phantom's one recipe, as data."""

from __future__ import annotations

from myoscope import Recipe, TrainingPlan
from myoscope_limb_phantom.structures import STRUCTURES

THRESHOLDS = Recipe(
    name="limb_phantom/thresholds",
    structures=STRUCTURES.names,
    spacing_mm=(2.0, 2.0, 3.0),
    window=(32, 32, 32),
    overlap=0.25,
    preprocessing={"full_scale": 1000.0},
    network="thresholds",
    network_options={},
    training=TrainingPlan(
        loss="dice_ce", learning_rate=1e-2, weight_decay=0.0, batch_size=1, crops_per_case=1, max_epochs=10
    ),
    channels=("image",),
)
