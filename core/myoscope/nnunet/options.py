"""What a recipe may say to nnU-Net, and what nnU-Net decides by itself."""

from __future__ import annotations

from dataclasses import dataclass, fields

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.recipe import Recipe, TrainingPlan
from myoscope.errors import UsageError

#: How nnU-Net trains. A recipe may change the numbers, not the kinds.
TRAINING = TrainingPlan(
    loss="dice_ce",
    learning_rate=1e-2,
    weight_decay=3e-5,
    batch_size=12,
    crops_per_case=10,
    max_epochs=1000,
    schedule="poly",
    precision="16-mixed",
    optimizer="sgd",
)
FIXED = (
    "loss", "schedule", "ema_decay", "precision", "optimizer", "patience", "validate_every", "accumulate",
    "labelled_share",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """The `network_options` of an nnU-Net recipe; what is not said is nnU-Net's own.

    Attributes:
        base_features: Features of the first stage; every stage doubles them.
        max_features: No stage has more.
        upright: True for pictures with a top: mirrored left to right alone and turned by 15 degrees at most.
        workers: Processes that augment while the network trains; with 0 a run can be repeated exactly.
    """

    base_features: int = 32
    max_features: int = 512
    upright: bool = False
    workers: int = 0


def options_of(recipe: Recipe) -> Options:
    """Return the options of a recipe for pictures.

    Raises:
        UsageError: The recipe asks for what nnU-Net does not do here.
    """
    if len(recipe.window) != PICTURE_AXES or len(recipe.channels) != 1:
        raise UsageError(
            f"{recipe.name} is not a recipe for pictures with one channel: nnU-Net trains only those here."
        )
    known = {field.name for field in fields(Options)}
    if unknown := sorted(set(recipe.network_options) - known):
        raise UsageError(
            f"{recipe.name} has the network option {unknown[0]!r}; nnU-Net knows {', '.join(sorted(known))}."
        )
    for name in FIXED:
        asked, done = getattr(recipe.training, name), getattr(TRAINING, name)
        if asked != done:
            raise UsageError(f"{recipe.name} asks for {name} {asked!r}; nnU-Net trains with {done!r}.")
    return Options(**recipe.network_options)
