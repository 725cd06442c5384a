"""The Lightning module: loss, optimizer, schedule and validation Dice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import Dataset

from myoscope.data.grid import PICTURE_AXES, Grid
from myoscope.data.progress import Progress
from myoscope.data.recipe import Recipe
from myoscope.inference import label_volume
from myoscope.metrics import dice, overlap_counts
from myoscope.networks.libraries import muon
from myoscope.training.augmentation import random_window
from myoscope.training.cases import PreparedCase
from myoscope.training.frame_augmentation import random_frame

#: Share of the steps in which the learning rate rises.
WARM_UP = 0.05
#: Axes of the weight of a 3D convolution; a network for volumes may convolve slice by slice.
SOLID_KERNEL = 5
Pair = tuple[torch.Tensor, torch.Tensor]


def loss_of(name: str) -> torch.nn.Module:
    """Return the loss of logits (n, channels, *window) against labels (n, 1, *window) by its name in a recipe.

    Dice, of each structure over the batch with background left out, fills what is muscle with a chance above half the
    Dice reached: volumes come out too large where borders are unsure, most so in small structures. Cross-entropy leaves
    chances as they are (Bertels et al., Medical Image Analysis 2021, doi 10.1016/j.media.2020.101833).
    """
    from monai.losses.dice import DiceCELoss, DiceLoss

    if name == "ce":
        return _CrossEntropy()
    make = {"dice": DiceLoss, "dice_ce": DiceCELoss}[name]
    loss: torch.nn.Module = make(to_onehot_y=True, softmax=True, include_background=False, batch=True)
    return loss


def optimizer_of(name: str) -> Callable[..., torch.optim.Optimizer]:
    """Return what makes the optimizer called `name` in a recipe, of parameters, `lr` and `weight_decay`.

    Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) evens out the directions of a step of every
    weight matrix, a kernel's taken as one with a row for each of its output channels; biases and scales are left to
    NAdamW. Steps are as large as AdamW's at the same rate (Liu et al. 2025, arXiv 2502.16982).
    """
    if name != "muon":
        return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]

    class OneRateMuon(muon().Muon):  # type: ignore[misc]  # timm is not typed
        """What NAdamW moves follows the schedule too; timm's keeps the rate that it was made with."""

        def step(self, closure: Callable[[], float] | None = None) -> float | None:
            for group in self.param_groups:
                group["adamw_lr"] = group["lr"]
            loss: float | None = super().step(closure)
            return loss

    return partial(OneRateMuon, nesterov=True)


class _CrossEntropy(torch.nn.CrossEntropyLoss):
    """Against labels with an axis for their one channel, as MONAI's losses take them."""

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return super().forward(logits, labels.squeeze(1).long())


class Windows(Dataset[Pair]):
    """Random windows in random order, fixed by seed and epoch: a resumed run sees what an unbroken one sees."""

    def __init__(self, cases: tuple[PreparedCase, ...], recipe: Recipe, seed: int) -> None:
        self.cases, self.recipe, self.seed, self.epoch = cases, recipe, seed, 0

    def __len__(self) -> int:
        return len(self.cases) * self.recipe.training.crops_per_case

    def __getitem__(self, index: int) -> Pair:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self))
        rng = np.random.default_rng([self.seed, self.epoch, index])
        case = self.cases[order[index] % len(self.cases)]
        if case.label.ndim == PICTURE_AXES:
            return random_frame(case, rng)
        plan = self.recipe.training
        window = plan.crop or self.recipe.window
        return random_window(
            case, window[::-1], rng, spacing_mm=self.recipe.spacing_mm, labelled_share=plan.labelled_share
        )


class SegmentationModule(pl.LightningModule):  # type: ignore[misc]  # Lightning is not typed
    """Trains one recipe's network.

    Args:
        network: From the modality's `build_network`.
        recipe: Gives loss, optimizer and window.
        held_out: Cases that give the validation Dice.
        steps: Optimizer steps of the whole run, for the schedule.
    """

    def __init__(
        self, network: torch.nn.Module, recipe: Recipe, held_out: tuple[PreparedCase, ...], steps: int
    ) -> None:
        super().__init__()
        solid = any(weight.ndim == SOLID_KERNEL for weight in network.parameters())
        self.network = network.to(memory_format=torch.channels_last_3d if solid else torch.channels_last)
        self.recipe, self.held_out, self.steps = recipe, held_out, steps
        self.loss = loss_of(recipe.training.loss)

    def training_step(self, batch: Pair, _index: int) -> torch.Tensor:
        """Return the loss of a batch of windows; a network may give the middle of a window alone."""
        image, label = batch
        logits = self.network(image).float()
        margin = (label.shape[2] - logits.shape[2]) // 2
        loss: torch.Tensor = self.loss(logits, label[:, :, margin : margin + logits.shape[2]])
        self.log("train_loss", loss, prog_bar=True, on_step=True, on_epoch=False)
        return loss

    def validation_step(self, batch: list[torch.Tensor], _index: int) -> None:
        """Log the mean Dice of a held-out case over the structures in its reference."""
        case = self.held_out[int(batch[0])]
        counts = overlap_counts(self._labels(case), case.label)
        scores = [dice(c) for c in counts.values() if c.reference]
        if scores:
            self.log("val_dice", float(np.mean(scores)), prog_bar=True, on_epoch=True, batch_size=1, sync_dist=True)

    def _labels(self, case: PreparedCase) -> NDArray[np.uint8]:
        """Return the winning channel at every sample of a case."""
        if case.label.ndim == PICTURE_AXES:
            image = torch.from_numpy(case.image.astype(np.float32))[None].to(self.device)
            return self.network(image)[0].argmax(dim=0).cpu().numpy().astype(np.uint8)  # type: ignore[no-any-return]
        grid = Grid.identity(case.label.shape[::-1], self.recipe.spacing_mm, (0.0, 0.0, 0.0))
        values = np.arange(len(self.recipe.structures) + 1, dtype=np.uint8)
        # The trainer's precision is for the network; the engine's sums are float32.
        with torch.autocast(self.device.type, enabled=False):
            return label_volume(
                list(case.image), grid, self._logits, self.recipe,
                values=values, scan_grid=grid, device=str(self.device),
            ).labels  # fmt: skip

    def _logits(self, windows: torch.Tensor) -> torch.Tensor:
        """Return float32 logits of windows, the network run in the trainer's precision."""
        with self.trainer.precision_plugin.forward_context():
            logits: torch.Tensor = self.network(windows)
        return logits.float()

    def configure_optimizers(self) -> Any:  # noqa: ANN401
        """Return the optimizer, with a short warm-up and a cosine decay over the whole run if the plan has one."""
        plan = self.recipe.training
        optimizer = optimizer_of(plan.optimizer)(
            self.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay
        )
        if plan.schedule == "constant":
            return optimizer
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=plan.learning_rate, total_steps=self.steps, pct_start=WARM_UP
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def running_average(decay: float) -> pl.Callback:
    """Return what keeps an exponential moving average of the weights, validates it and stores it.

    After n steps it forgets with (1 + n) / (10 + n) as long as that is faster, as TensorFlow's does: else a run of 100
    steps with a decay of 0.995 would give the weights that it began with by three fifths.
    """

    def update(averages: list[torch.Tensor], now: list[torch.Tensor], steps: torch.Tensor) -> None:
        share = min(decay, (1 + int(steps)) / (10 + int(steps)))
        get_ema_multi_avg_fn(share)(averages, now, steps)  # type: ignore[no-untyped-call]

    return pl.callbacks.WeightAveraging(multi_avg_fn=update)


class Epochs(pl.Callback):  # type: ignore[misc]
    """Tells the windows which epoch it is, and the caller how many are done.

    Args:
        progress: Called with stage, epochs done and epochs in all.
    """

    def __init__(self, progress: Progress | None) -> None:
        super().__init__()
        self.progress = progress

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Set the epoch that fixes this epoch's windows."""
        trainer.train_dataloader.dataset.epoch = trainer.current_epoch

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Report an epoch."""
        if self.progress is not None:
            self.progress("train", trainer.current_epoch + 1, trainer.max_epochs)
