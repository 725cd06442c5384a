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
from myoscope.settings import train_among
from myoscope.training.cases import PreparedCase, narrowed, prepare_folder, read_folder_facts, split
from myoscope.training.checking import LabelFacts, labelled, summary
from myoscope.training.dataset import DatasetFacts, read_facts
from myoscope.training.folders import unfinished_images
from myoscope.training.memory import keep_freed_memory
from myoscope.training.scoring import score_cases
from myoscope.training.start import SETTLED, descended, find_start, take_over

if TYPE_CHECKING:
    import torch

    from myoscope.models import ModelCard, ModelPackage, StructureScore

DEFAULT_SEED = 0
#: Validations in a run.
VALIDATIONS = 8
#: Lightning's name of a training in float32 alone.
SINGLE = "32-true"


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
        devices: How many of the kind train together, each with batches of the recipe's size.
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
    devices: int = 1


def train(run: TrainingRun, *, progress: Progress | None = None) -> ModelPackage:
    """Train, keep the weights of the best validation Dice and return the written package.

    Args:
        run: What to train on what.
        progress: Called with stage, steps done and steps in all; what the check found comes as stages of `check: ...`.
            With several devices it goes to another process, so it has to be one that can be pickled.

    Raises:
        UsageError: The recipe is unknown, `resume` finds no checkpoint, the model to start from has another network,
            or there are fewer devices than asked for.
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
    hardware = _hardware(run)
    if recipe.network == "nnunet":
        from myoscope.nnunet import train as train_nnunet

        if run.devices != 1:
            raise UsageError(f"{run.recipe} is trained by nnU-Net, here on one device.", "Leave out --devices.")
        seen = read_folder_facts(run.data, recipe, modality, tell)
        return train_nnunet(run, _checked(run, recipe, seen, seen, tell), progress=progress)
    precision = precision_on(hardware["accelerator"], recipe.training)
    recipe = replace(recipe, training=replace(recipe.training, precision=precision))
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
    network = _fit(_Work(run, recipe, start, kept, held_out, hardware), progress)
    network = network.half().float()  # as the package stores it: the figures are of that
    hours = (time.monotonic() - started) / 3600
    found = score_cases([case.files for case in held_out], network, recipe, modality, "cpu")
    card = card_of(run, recipe, facts=facts, scores=found.scores, hours=hours, cases=(len(kept), len(held_out)))
    card = replace(card, usual_certainty=found.usual_certainty, calibration=found.calibration)
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


@dataclass(frozen=True, slots=True)
class _Work:
    """What each device is given.

    Attributes:
        run: As asked for.
        recipe: As it is trained.
        start: The model to start from; None for random weights.
        kept: Cases to train on.
        held_out: Cases that give the validation Dice.
        hardware: Lightning's names for the devices.
    """

    run: TrainingRun
    recipe: Recipe
    start: ModelPackage | None
    kept: tuple[PreparedCase, ...]
    held_out: tuple[PreparedCase, ...]
    hardware: dict[str, Any]

    def network(self) -> torch.nn.Module:
        """Return the recipe's network with the weights that training starts from."""
        network = open_modality(self.recipe.name.split("/")[0]).build_network(self.recipe)
        return network if self.start is None else take_over(network, self.recipe, self.start)


def _fit(work: _Work, progress: Progress | None) -> torch.nn.Module:
    """Train on one device here, on several in a process each, and return the best network on the CPU."""
    import torch

    if work.run.devices == 1:
        _fit_on(0, work, progress)
    else:
        from lightning.fabric.plugins.environments.lightning import find_free_network_port
        from torch.multiprocessing.spawn import spawn

        given = (work, progress, find_free_network_port())
        spawn(_fit_among, given, nprocs=work.run.devices)  # type: ignore[no-untyped-call]
    network = work.network()
    best = torch.load(work.run.out / "checkpoints" / "best.ckpt", map_location="cpu", weights_only=True)
    network.load_state_dict({name.removeprefix("network."): w for name, w in best["state_dict"].items()})
    return network.float().eval()


def _fit_among(rank: int, work: _Work, progress: Progress | None, port: int) -> None:
    """Train on one of several devices."""
    train_among(rank, port)
    _fit_on(rank, work, progress)


def _fit_on(rank: int, work: _Work, progress: Progress | None) -> None:
    import lightning.pytorch as pl
    import torch
    from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
    from torch.utils.data import DataLoader, TensorDataset

    from myoscope.training.module import Epochs, SegmentationModule, Windows, running_average

    run, recipe, plan = work.run, work.recipe, work.recipe.training
    keep_freed_memory()
    pl.seed_everything(run.seed, verbose=False)
    windows = Windows(work.kept, recipe, run.seed)
    share = math.ceil(len(windows) / run.devices)  # Lightning deals the windows out
    loader = DataLoader(windows, batch_size=plan.batch_size, drop_last=share > plan.batch_size)
    batches = max(1, share // plan.batch_size)
    steps = math.ceil(batches / plan.accumulate) * plan.max_epochs
    module = SegmentationModule(work.network(), recipe, work.held_out, steps)
    folder = run.out / "checkpoints"
    checkpoint = ModelCheckpoint(folder, filename="best", monitor="val_dice", mode="max", enable_version_counter=False)
    # A checkpoint of its own: `save_last` would write one only when the best changes.
    latest = ModelCheckpoint(folder, filename="last", save_on_train_epoch_end=True, enable_version_counter=False)
    logs = run.out / "logs"
    attempt = len(list(logs.glob("csv-*")))
    average = [running_average(plan.ema_decay)] if plan.ema_decay else []
    stop = [EarlyStopping("val_dice", mode="max", patience=plan.patience)] if plan.patience else []
    trainer = pl.Trainer(
        **work.hardware,
        max_epochs=plan.max_epochs,
        precision=plan.precision,
        callbacks=[checkpoint, latest, Epochs(progress if rank == 0 else None), *average, *stop],
        logger=[
            CSVLogger(logs, name="", version=f"csv-{attempt}", flush_logs_every_n_steps=10),
            TensorBoardLogger(logs, name="", version="tensorboard"),
        ],
        accumulate_grad_batches=plan.accumulate,
        check_val_every_n_epoch=validation_interval(plan),
        num_sanity_val_steps=0,
        log_every_n_steps=min(10, batches),
        enable_model_summary=False,
        enable_progress_bar=False,
    )
    check = DataLoader(TensorDataset(torch.arange(len(work.held_out))))
    _run(trainer, module, (loader, check), folder / "last.ckpt" if run.resume else None)


def _run(trainer: Any, module: Any, loaders: tuple[Any, Any], last: Path | None) -> None:  # noqa: ANN401
    """Train a Lightning module, from a checkpoint if there is one, without the warnings that nobody can act on."""
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
        warnings.filterwarnings("ignore", "find_unused_parameters=True was specified")
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


def _hardware(run: TrainingRun) -> dict[str, Any]:
    """Return Lightning's names for the devices of a run.

    A network may have parameters that its recipe's options leave unused, as MONAI's UNETR has.

    Raises:
        UsageError: There are not as many, or only one can be used.
    """
    from myoscope.inference import choose_device

    kind, _, number = choose_device(run.device).partition(":")
    if run.devices == 1:
        return {"accelerator": _accelerator(kind), "devices": [int(number or 0)] if kind == "cuda" else 1}
    if kind == "mps" or ":" in run.device:
        raise UsageError(f"{run.devices} devices asked for, but {run.device} is one.", "Give --device gpu.")
    if kind == "cuda":
        choose_device(f"gpu:{run.devices - 1}")
    return {
        "accelerator": _accelerator(kind),
        "devices": run.devices,
        "strategy": "ddp_find_unused_parameters_true",
    }


def precision_on(kind: str, plan: TrainingPlan) -> str:
    """Return the precision to train in on devices of a kind: the plan's, or float32 where that is faster.

    Intel's processors without AMX have instructions for bfloat16 that are slower than those for float32 (a step of
    `dixon_mri/unet_slices` takes 1.4 times as long), and older ones only imitate it.
    """
    import torch

    if kind != "cpu":
        return plan.precision
    can = torch.cpu.get_capabilities()
    if can["architecture"] != "x86_64":
        fast = can.get("bf16")
    else:
        fast = can["amx_bf16"] or (can["avx512_bf16"] and not can["cpu_name"].startswith("Intel"))
    return plan.precision if fast else SINGLE


def _accelerator(kind: str) -> str:
    return "gpu" if kind == "cuda" else kind


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
    devices = f" --devices {run.devices}" if run.devices != 1 else ""
    always = f"myoscope train {run.recipe} --data {run.data.name} -o {run.out.name} --fold {run.fold}"
    return f"{always}{epochs}{seed}{init}{devices}"
