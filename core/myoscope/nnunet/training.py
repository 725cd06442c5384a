"""Train an nnU-Net recipe on a folder of labelled pictures and write a model package: all steps in their order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.progress import Progress, say_nothing
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.errors import OutputError, UsageError
from myoscope.nnunet.convert import LabelledFrame, convert, frame_of
from myoscope.nnunet.exporting import export
from myoscope.nnunet.fitting import fit, last_checkpoint
from myoscope.nnunet.options import options_of
from myoscope.nnunet.planning import plan
from myoscope.nnunet.workspace import FOLD, Workspace
from myoscope.plugins import open_modality
from myoscope.training.cases import read_labelled
from myoscope.training.dataset import read_facts
from myoscope.training.folders import labelled_files
from myoscope.training.scoring import score_labels
from myoscope.training.subjects import held_out, read_memberships

if TYPE_CHECKING:
    from myoscope.hookspecs import Modality
    from myoscope.models import ModelPackage
    from myoscope.training import TrainingRun

Files = dict[str, tuple[Path, Path]]


def train(run: TrainingRun, recipe: Recipe, *, progress: Progress | None = None) -> ModelPackage:
    """Convert, plan, train, export and score; return the written package.

    nnU-Net works in `nnunet/` of the run folder. Which pictures are held out follows from their subjects, as for every
    other recipe.

    Args:
        run: What to train on what.
        recipe: Its recipe, with the epochs of this run.
        progress: Called with stage, steps done and steps in all.

    Raises:
        UsageError: The recipe asks for what nnU-Net does not do here, or `resume` finds no checkpoint or another split.
        InputError: The data folder cannot be trained on.
        OutputError: The run folder holds another run.
    """
    from myoscope.inference import choose_device
    from myoscope.training.fit import card_of

    options_of(recipe)
    tell = progress or say_nothing
    workspace = Workspace(run.out / "nnunet")
    last = last_checkpoint(workspace)
    if run.resume and last is None:
        raise UsageError(f"{run.out} holds no checkpoint to resume from.", "Start without --resume.")
    if not run.resume and last is not None:
        raise OutputError(f"{run.out} holds a run already.", "Give --resume to continue it, or another folder.")
    modality, facts, device = open_modality(recipe.name.split("/")[0]), read_facts(run.data), choose_device(run.device)
    files, aside = _split(run)
    if run.resume:
        _refuse_another_split(workspace, aside, run)
    else:
        convert(_frames(files, recipe, modality, tell), recipe, workspace, held_out=aside)
        tell("plan", 0, 1)
        plan(recipe, workspace)
    started, epochs = time.monotonic(), recipe.training.max_epochs
    fit(
        recipe, workspace,
        seed=run.seed, device=device, resume=run.resume, on_epoch=lambda done: tell("train", done, epochs),
    )  # fmt: skip
    hours = (time.monotonic() - started) / 3600
    card = card_of(run, recipe, facts=facts, scores=(), hours=hours, cases=(len(files) - len(aside), len(aside)))
    package = export(workspace.results, card, run.out / "model")
    pairs = [files[name] for name in sorted(aside)]
    scores = score_labels(pairs, _by(package, modality, device), recipe, modality)
    return export(workspace.results, replace(card, scores=scores), run.out / "model")


def _split(run: TrainingRun) -> tuple[Files, set[str]]:
    """Return the files of every case by the name that nnU-Net gets, and the names that are held out."""
    pairs = labelled_files(run.data)
    members = read_memberships(run.data, [image.name for image, _ in pairs], required=True)
    # Numbers, because nnU-Net reads names of files as patterns.
    files = {f"case_{number:05d}": pair for number, pair in enumerate(pairs)}
    chosen = held_out(members, run.fold)
    return files, {name for name, (image, _) in files.items() if image.name in chosen}


def _refuse_another_split(workspace: Workspace, aside: set[str], run: TrainingRun) -> None:
    split = json.loads((workspace.raw / "splits_final.json").read_text(encoding="utf-8"))[FOLD]
    if set(split["val"]) != aside:
        raise UsageError(
            f"The run in {run.out} holds out {len(split['val'])} other cases than fold {run.fold} of {run.data}.",
            "Resume with the data and the fold that it was started with.",
        )


def _frames(files: Files, recipe: Recipe, modality: Modality, tell: Progress) -> Iterator[LabelledFrame]:
    """Yield every labelled picture."""
    for done, (name, (image, label)) in enumerate(files.items(), 1):
        scan, truth = read_labelled(image, label, recipe, modality)
        yield frame_of(name, scan, truth, recipe)
        tell("convert", done, len(files))


def _by(package: ModelPackage, modality: Modality, device: str) -> Callable[[Scan], NDArray[np.uint8]]:
    from myoscope.inference import run_model

    return lambda scan: run_model(scan, modality, package, device=device).labels
