"""nnU-Net's trainer: repeatable, resumable without opening a pickle, and without what it does beside training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from myoscope.nnunet.checkpoints import read_checkpoint

#: Mirrored along x alone.
LEFT_RIGHT = (1,)
#: nnU-Net's own limit for pictures that are much wider than high.
UPRIGHT_RAD = (-np.pi / 12, np.pi / 12)


class Trainer(nnUNetTrainer):  # type: ignore[misc]
    """Trains nnU-Net's network by nnU-Net's rules; see `fit` for what is set on it.

    nnU-Net keeps the arguments of `__init__` in its checkpoints, so what else fixes a run is set afterwards.
    """

    seed = 0
    upright = False
    on_epoch: Callable[[dict[str, float]], None]

    def resume_from(self, path: Path) -> None:
        """Take up a checkpoint of this run.

        Raises:
            ModelError: It cannot be read.
        """
        checkpoint = read_checkpoint(path)
        self.network.load_state_dict(checkpoint["network_weights"])
        self.optimizer.load_state_dict(checkpoint["optimizer_state"])
        if self.grad_scaler is not None and checkpoint["grad_scaler_state"] is not None:
            self.grad_scaler.load_state_dict(checkpoint["grad_scaler_state"])
        self.current_epoch = checkpoint["current_epoch"]
        self._best_ema = checkpoint["_best_ema"]
        self.logger.load_checkpoint(checkpoint["logging"])

    def save_checkpoint(self, filename: str) -> None:
        """Write a checkpoint, beside and then in place."""
        super().save_checkpoint(f"{filename}.part")
        Path(f"{filename}.part").replace(filename)

    def on_train_epoch_start(self) -> None:
        """Begin an epoch with its own random numbers, so that a resumed run draws what an unbroken one does."""
        self.seed_all(self.current_epoch + 1)
        super().on_train_epoch_start()

    def seed_all(self, stage: int) -> None:
        """Seed what nnU-Net draws from: 0 for the weights, then one an epoch."""
        state = np.random.SeedSequence([self.seed, stage]).generate_state(2)
        np.random.seed(state[0])  # noqa: NPY002
        torch.manual_seed(int(state[1]))

    def on_epoch_end(self) -> None:
        """End an epoch and tell how it went."""
        epoch = self.current_epoch
        super().on_epoch_end()
        logged = {"train_loss": "train_losses", "val_loss": "val_losses", "val_dice": "mean_fg_dice"}
        self.on_epoch({name: float(self.logger.get_value(key, epoch)) for name, key in logged.items()})

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(self) -> tuple[Any, ...]:  # noqa: N802
        """Return rotation, dummy 2D augmentation, initial patch size and mirrored axes."""
        rotation, dummy, size, axes = super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
        if not self.upright:
            return rotation, dummy, size, axes
        self.inference_allowed_mirroring_axes = LEFT_RIGHT
        return UPRIGHT_RAD, dummy, size, LEFT_RIGHT

    @staticmethod
    def get_training_transforms(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Return nnU-Net's augmentation, but never choose how to blur by a race of two ways: it ends as it likes."""
        transforms = nnUNetTrainer.get_training_transforms(*args, **kwargs)
        for transform in transforms.transforms:
            inner = getattr(transform, "transform", None)
            if isinstance(inner, GaussianBlurTransform):
                inner.benchmark = False
        return transforms

    def _do_i_compile(self) -> bool:
        """Tell that the network is not compiled: that needs a C compiler, which few machines have."""
        return False

    def plot_network_architecture(self) -> None:
        """Draw nothing."""

    def _save_debug_information(self) -> None:
        """Write nothing: it would be the name of the machine."""


# A checkpoint names its trainer; the network is nnU-Net's own, so stock nnU-Net should open it.
Trainer.__name__ = nnUNetTrainer.__name__
