"""What fixes a model besides its weights: preprocessing, network and training, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How a recipe is trained.

    Attributes:
        loss: `dice`, `dice_ce` or `ce`.
        learning_rate: Of the optimizer.
        weight_decay: Of the optimizer.
        batch_size: Windows a step.
        crops_per_case: Random windows taken from one case.
        max_epochs: An epoch passes every training case once.
        schedule: `constant`, or `one_cycle` for a warm-up and a cosine decay over the run; nnU-Net's is `poly`.
        ema_decay: Exponential moving average of the weights that are saved, warmed up; 0 for none.
        precision: Lightning's precision, such as `bf16-mixed`.
        optimizer: `adamw`, `adam` or `muon`; nnU-Net's is `sgd`.
        crop: Input size of the network in training, (x, y, z), where it is not the recipe's window.
        patience: Validations without a better Dice after which training stops; 0 to train all epochs.
        validate_every: Epochs from one validation to the next; 0 for every epoch where there is patience to lose, else
            for a few in a run.
        accumulate: Batches whose gradients are added up before the optimizer takes a step.
        labelled_share: Share of the windows of a volume whose middle lies on a labelled voxel, that of all others lying
            on background; 0 to take them from anywhere.
    """

    loss: str
    learning_rate: float
    weight_decay: float
    batch_size: int
    crops_per_case: int
    max_epochs: int
    schedule: str = "constant"
    ema_decay: float = 0.0
    precision: str = "32-true"
    optimizer: str = "adamw"
    patience: int = 0
    crop: tuple[int, ...] = ()
    validate_every: int = 0
    accumulate: int = 1
    labelled_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model but for its weights; a model card holds one whole, so a package needs nothing else.

    Attributes:
        name: `modality/network`, also the id of the embedded model.
        structures: Names in the order of output channels 1, 2, ...; channel 0 is background.
        spacing_mm: The model's grid, (x, y, z); empty for pictures, whose view fills the window or, for nnU-Net, is
            taken pixel by pixel.
        window: Input size of the network in voxels, (x, y, z), or pixels, (x, y).
        overlap: Share of a window that neighbours overlap by at inference.
        preprocessing: Numbers that the plugin's `preprocess` reads.
        network: Which network the plugin builds.
        network_options: Arguments of that network.
        training: How it is trained.
        channels: What the network sees; a plugin that chooses among a scan's channels gives one of those the place.
    """

    name: str
    structures: tuple[str, ...]
    spacing_mm: tuple[float, ...]
    window: tuple[int, ...]
    overlap: float
    preprocessing: Mapping[str, float]
    network: str
    network_options: Mapping[str, Any]
    training: TrainingPlan
    channels: tuple[str, ...] = field(default=("image",))
