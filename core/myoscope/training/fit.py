"""Train a recipe on a folder of labelled cases and write a model package."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from myoscope.data.progress import Progress, say_nothing
from myoscope.data.recipe import Recipe, TrainingPlan
from myoscope.errors import OutputError, UsageError
from myoscope.plugins import describe, open_modality
from myoscope.training.cases import PreparedCase, narrowed, prepare_folder, read_folder_facts, split
from myoscope.training.checking import LabelFacts, labelled, summary
from myoscope.training.dataset import DatasetFacts, read_facts
from myoscope.training.folders import unfinished_images
from myoscope.training.scoring import score_cases
from myoscope.training.start import SETTLED, descended, find_start, take_over

if TYPE_CHECKING:
    import torch

    from myoscope.models import ModelCard, ModelPackage, StructureScore

DEFAULT_SEED = 0
#: Validations in a run.
VALIDATIONS = 8


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One run of `train`.

    Attributes:
        recipe: Recipe name, `modality/network`.
        data: Folder with `images/` and `labels/`.
        out: Run folder: `cache/`, `logs/`, `checkpoints/` and the finished `model/`.
        fold: Which fifth of the cases is held out.
        max_epochs: Instead of the recipe's.
        resume: Continue from the run folder's last checkpoint.
        device: `auto`, `cpu`, `gpu`, `gpu:N` or `mps`.
        seed: Of weights and windows.
        init: Model, by id or path, whose weights training starts from; random ones when None.
    """

    recipe: str
    data: Path
    out: Path
    fold: int = 0
    max_epochs: int | None = None
    resume: bool = False
    device: str = "auto"
    seed: int = DEFAULT_SEED
    init: str | None = None


def train(run: TrainingRun, *, progress: Progress | None = None) -> ModelPackage:
    """Train, keep the weights of the best validation Dice and return the written package.

    Args:
        run: What to train on what.
        progress: Called with stage, steps done and steps in all; what the check found comes as stages of `check: ...`.

    Raises:
        UsageError: The recipe is unknown, `resume` finds no checkpoint, or the model to start from has another
            network.
        InputError: The data folder holds no labelled cases, or some that cannot be trained on, all of them named.
        OutputError: The run folder holds another run.
        KeyboardInterrupt: The run was told to stop, by SIGTERM too; `resume` continues from its last whole epoch.
    """
    from myoscope.models import write_package

    recipe = find_recipe(run.recipe)
    if run.max_epochs is not None:
        recipe = replace(recipe, training=replace(recipe.training, max_epochs=run.max_epochs))
    start = find_start(run.init, recipe) if run.init is not None else None
    if start is not None:
        rate = SETTLED * recipe.training.learning_rate
        recipe = replace(recipe, training=replace(recipe.training, learning_rate=rate))
    modality, tell = open_modality(recipe.name.split("/")[0]), progress or say_nothing
    if recipe.network == "nnunet":
        from myoscope.nnunet import train as train_nnunet

        seen = read_folder_facts(run.data, recipe, modality, tell)
        return train_nnunet(run, _checked(run, recipe, seen, seen, tell), progress=progress)
    last = run.out / "checkpoints" / "last.ckpt"
    if run.resume and not last.is_file():
        raise UsageError(f"{run.out} holds no checkpoint to resume from.", "Start without --resume.")
    if not run.resume and last.is_file():
        raise OutputError(f"{run.out} holds a run already.", "Give --resume to continue it, or another folder.")
    facts = read_facts(run.data)
    cases = prepare_folder(run.data, run.out / "cache", recipe, modality, progress=tell)
    kept, held_out = split(cases, run.fold)
    asked = recipe
    recipe = _checked(run, asked, [case.facts for case in cases], [case.facts for case in kept], tell)
    kept, held_out = (narrowed(part, asked, recipe.structures) for part in (kept, held_out))
    started = time.monotonic()
    network = _fit(run, recipe, start, (kept, held_out), progress)
    hours = (time.monotonic() - started) / 3600
    found = score_cases([case.files for case in held_out], network, recipe, modality, "cpu")
    card = card_of(run, recipe, facts=facts, scores=found.scores, hours=hours, cases=(len(kept), len(held_out)))
    card = replace(card, least_certainty=found.least_certainty, calibration=found.calibration)
    if start is not None:
        card = descended(card, start.card)
    return write_package(card, network.state_dict(), run.out / "model")


def find_recipe(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises:
        UsageError: No modality has it.
    """
    recipes = describe(name.split("/", maxsplit=1)[0]).recipes
    if name not in recipes:
        raise UsageError(f"No recipe is called {name!r}.", f"Recipes: {', '.join(sorted(recipes))}.")
    return recipes[name]


def _checked(
    run: TrainingRun, recipe: Recipe, facts: Sequence[LabelFacts], trained: Sequence[LabelFacts], tell: Progress
) -> Recipe:
    """Return the recipe with the structures that the training cases label, and say what the cases hold.

    A model that never saw a structure must not look for it: it would find none, and say that there is none.

    Raises:
        InputError: No training case labels any structure.
    """
    names = labelled(trained, recipe)
    for line in summary(facts, recipe, names, len(unfinished_images(run.data))):
        tell(f"check: {line}", 0, 1)
    return replace(recipe, structures=names)


def _fit(
    run: TrainingRun,
    recipe: Recipe,
    start: ModelPackage | None,
    cases: tuple[tuple[PreparedCase, ...], tuple[PreparedCase, ...]],
    progress: Progress | None,
) -> torch.nn.Module:
    import lightning.pytorch as pl
    import torch
    from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
    from torch.utils.data import DataLoader, TensorDataset

    from myoscope.inference import choose_device
    from myoscope.training.module import Epochs, SegmentationModule, Windows

    pl.seed_everything(run.seed, verbose=False)
    plan, (kept, held_out) = recipe.training, cases
    windows = Windows(kept, recipe, run.seed)
    loader = DataLoader(windows, batch_size=plan.batch_size, drop_last=len(windows) > plan.batch_size)
    modality = open_modality(recipe.name.split("/")[0])
    network = modality.build_network(recipe)
    if start is not None:
        network = take_over(network, recipe, start)
    steps = max(1, math.ceil(len(loader) / plan.accumulate)) * plan.max_epochs
    module = SegmentationModule(network, recipe, held_out, steps)
    folder = run.out / "checkpoints"
    checkpoint = ModelCheckpoint(folder, filename="best", monitor="val_dice", mode="max", enable_version_counter=False)
    # A checkpoint of its own: `save_last` would write one only when the best changes.
    latest = ModelCheckpoint(folder, filename="last", save_on_train_epoch_end=True, enable_version_counter=False)
    logs = run.out / "logs"
    attempt = len(list(logs.glob("csv-*")))
    average = [EMAWeightAveraging(decay=plan.ema_decay)] if plan.ema_decay else []
    stop = [EarlyStopping("val_dice", mode="max", patience=plan.patience)] if plan.patience else []
    trainer = pl.Trainer(
        **_hardware(choose_device(run.device)),
        max_epochs=plan.max_epochs,
        precision=plan.precision,
        callbacks=[checkpoint, latest, Epochs(progress), *average, *stop],
        logger=[
            CSVLogger(logs, name="", version=f"csv-{attempt}", flush_logs_every_n_steps=10),
            TensorBoardLogger(logs, name="", version="tensorboard"),
        ],
        accumulate_grad_batches=plan.accumulate,
        check_val_every_n_epoch=validation_interval(plan),
        num_sanity_val_steps=0,
        log_every_n_steps=min(10, len(loader)),
        enable_model_summary=False,
        enable_progress_bar=False,
    )
    check = DataLoader(TensorDataset(torch.arange(len(held_out))))
    _run(trainer, module, (loader, check), folder / "last.ckpt" if run.resume else None)
    best = torch.load(checkpoint.best_model_path, map_location="cpu", weights_only=True)
    module.load_state_dict(best["state_dict"])
    return module.network.float().cpu().eval()


def _run(trainer: Any, module: Any, loaders: tuple[Any, Any], last: Path | None) -> None:  # noqa: ANN401
    """Train a Lightning module, from a checkpoint if there is one, without the warnings that nobody can act on."""
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty")
        warnings.filterwarnings("ignore", ".*is deprecated.*", category=FutureWarning, module="lightning")
        try:
            trainer.fit(module, *loaders, ckpt_path=last, weights_only=True)
        except SIGTERMException as error:  # it would end the program as if all were done
            raise KeyboardInterrupt from error


def validation_interval(plan: TrainingPlan) -> int:
    """Return the epochs from one validation to the next; every run has one, however short it is."""
    if plan.validate_every:
        return min(plan.validate_every, plan.max_epochs)
    return 1 if plan.patience else max(1, plan.max_epochs // VALIDATIONS)


def _hardware(device: str) -> dict[str, Any]:
    """Return Lightning's names for a torch device."""
    if device.startswith("cuda"):
        return {"accelerator": "gpu", "devices": [int(device.partition(":")[2] or 0)]}
    return {"accelerator": device, "devices": 1}


def card_of(
    run: TrainingRun,
    recipe: Recipe,
    *,
    facts: DatasetFacts,
    scores: tuple[StructureScore, ...],
    hours: float,
    cases: tuple[int, int],
) -> ModelCard:
    """Return the card of a trained recipe.

    Args:
        run: That trained it.
        recipe: As it was trained.
        facts: What the data set says of itself.
        scores: Held-out figures.
        hours: Wall time of training.
        cases: How many were trained on and held out.
    """
    from importlib.metadata import version

    from myoscope.inference import choose_device
    from myoscope.models import ModelCard

    return ModelCard(
        id=recipe.name,
        modality=recipe.name.split("/")[0],
        recipe=recipe,
        backend="torch",
        sha256="",
        trained_on=f"{cases[0]} labelled cases: {facts.description or f'the folder {run.data.name!r}'}",
        licenses=facts.licenses,
        command=command_line(run),
        seed=run.seed,
        hours=round(hours, 2),
        device=choose_device(run.device).partition(":")[0],
        held_out=f"{cases[1]} cases of the same folder (fold {run.fold}) kept out of training, on their own grids",
        scores=scores,
        limitations=facts.limitations,
        myoscope_version=version("myoscope"),
    )


def command_line(run: TrainingRun) -> str:
    """Return the command that repeats a run."""
    epochs = f" --max-epochs {run.max_epochs}" if run.max_epochs is not None else ""
    seed = f" --seed {run.seed}" if run.seed != DEFAULT_SEED else ""
    init = f" --init {run.init}" if run.init is not None else ""
    return f"myoscope train {run.recipe} --data {run.data.name} -o {run.out.name} --fold {run.fold}{epochs}{seed}{init}"
