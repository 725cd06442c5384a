"""Train what was planned."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.data.recipe import Recipe
from myoscope.nnunet.options import options_of
from myoscope.nnunet.workspace import CONFIGURATION, FOLD, PLANS, Workspace, nnunet_in

if TYPE_CHECKING:
    from myoscope.nnunet.trainer import Trainer

#: After the last epoch, and after any other.
FINAL, LATEST = "checkpoint_final.pth", "checkpoint_latest.pth"
#: A row an epoch, beside the checkpoints.
EPOCHS = "epochs.csv"


def last_checkpoint(workspace: Workspace) -> Path | None:
    """Return the checkpoint from which a run continues; None when it has none."""
    return next((path for name in (FINAL, LATEST) if (path := workspace.fold / name).is_file()), None)


def fit(
    recipe: Recipe,
    workspace: Workspace,
    *,
    seed: int = 0,
    device: str = "cpu",
    resume: bool = False,
    on_epoch: Callable[[int], None] | None = None,
) -> Path:
    """Train the planned network and return its results folder, as nnU-Net lays it out.

    An epoch passes every training case `crops_per_case` times. A checkpoint is written after each.

    Args:
        recipe: Gives the numbers.
        workspace: Holds a planned data set.
        seed: Of weights and augmentation.
        device: A torch device.
        resume: Continue from the last checkpoint.
        on_epoch: Called with the epochs done.

    Raises:
        UsageError: The recipe asks for what nnU-Net does not do here.
        ModelError: The checkpoint cannot be read.
    """
    console, listener = sys.stdout, on_epoch or _ignore
    with nnunet_in(workspace, workers=options_of(recipe).workers):
        trainer = _trainer(recipe, workspace, seed, device)
        last = last_checkpoint(workspace) if resume else None
        if last is not None:
            trainer.resume_from(last)
        log = workspace.fold / EPOCHS

        def told(row: dict[str, float]) -> None:
            _append({"epoch": trainer.current_epoch, **row}, log)
            with redirect_stdout(console):
                listener(trainer.current_epoch)

        trainer.on_epoch = told
        trainer.run_training()
    return workspace.results


def _trainer(recipe: Recipe, workspace: Workspace, seed: int, device: str) -> Trainer:
    """Return the trainer with its network, ready to run."""
    import torch

    from myoscope.nnunet.trainer import Trainer

    plans = json.loads((workspace.preprocessed / f"{PLANS}.json").read_text(encoding="utf-8"))
    dataset = json.loads((workspace.preprocessed / "dataset.json").read_text(encoding="utf-8"))
    split = json.loads((workspace.preprocessed / "splits_final.json").read_text(encoding="utf-8"))[FOLD]
    trainer = Trainer(plans | {"continue_training": False}, CONFIGURATION, FOLD, dataset, torch.device(device))
    # nnU-Net takes the first GPU, whichever it is told.
    trainer.device = torch.device(device)
    trainer.seed, trainer.upright = seed, options_of(recipe).upright
    training = recipe.training
    trainer.num_epochs, trainer.save_every = training.max_epochs, 1
    trainer.initial_lr, trainer.weight_decay = training.learning_rate, training.weight_decay
    trainer.num_iterations_per_epoch = _steps(len(split["train"]) * training.crops_per_case, training.batch_size)
    trainer.num_val_iterations_per_epoch = _steps(len(split["val"]), training.batch_size)
    # Its picture takes longer than a small epoch, and sets seaborn's style for the whole process.
    trainer.logger.plot_progress_png = _ignore
    trainer.seed_all(0)
    trainer.initialize()
    return trainer


def _steps(windows: int, batch_size: int) -> int:
    return max(1, math.ceil(windows / batch_size))


def _ignore(_what: object) -> None:
    """Stand where nnU-Net plots and where nobody listens."""


def _append(row: dict[str, float], path: Path) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
