"""From an nnU-Net results folder, ours or anyone's, to a model package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from myoscope.data.recipe import Recipe
from myoscope.errors import ModelError, UsageError
from myoscope.models.card import ID
from myoscope.nnunet.blueprint import Blueprint, blueprint_from
from myoscope.nnunet.checkpoints import read_checkpoint
from myoscope.nnunet.fitting import FINAL
from myoscope.nnunet.options import TRAINING
from myoscope.nnunet.predicting import unique_names
from myoscope.nnunet.workspace import CONFIGURATION, FOLD

if TYPE_CHECKING:
    from myoscope.models import ModelCard, ModelPackage

BACKEND = "nnunet"
#: nnU-Net's windows overlap by half.
OVERLAP = 0.5


def export(results: Path, card: ModelCard, folder: Path, *, fold: str = str(FOLD)) -> ModelPackage:
    """Write the package of a trained fold and return it.

    Args:
        results: With `plans.json`, `dataset.json` and `fold_*/checkpoint_final.pth`.
        card: What is known of the model; window, spacing, plans and backend are filled in.
        folder: Of the package.
        fold: Number of the fold, or `all`.

    Raises:
        ModelError: The results cannot be read, or hold a model that cannot be run here.
        OutputError: The folder cannot be written.
    """
    blueprint, checkpoint = _read(results, fold)
    return _write(blueprint, checkpoint, card, folder)


def import_results(
    results: Path, folder: Path, *, model_id: str, structures: Mapping[str, str] | None = None, fold: str = str(FOLD)
) -> ModelPackage:
    """Write the package of a model that someone trained with nnU-Net itself and return it.

    Args:
        results: A folder such as `nnUNetTrainer__nnUNetPlans__2d`.
        folder: Of the package.
        model_id: `modality/name`.
        structures: Label name of the data set -> structure of the modality; labels with a structure's name need none.
        fold: Number of the fold, or `all`.

    Raises:
        UsageError: An id that is none, or a label that is no structure of the modality.
        ModelError: The results cannot be read, or hold a model that cannot be run here.
        OutputError: The folder cannot be written.
    """
    from importlib.metadata import version

    from myoscope.models import ModelCard

    if not ID.fullmatch(model_id):
        raise UsageError(f"{model_id!r} is no id of a model.", "An id is modality/name in small letters.")
    blueprint, checkpoint = _read(results, fold)
    modality = model_id.split("/", maxsplit=1)[0]
    recipe = Recipe(
        name=model_id,
        structures=_known(blueprint.structures, structures or {}, modality),
        spacing_mm=(),
        window=(),
        overlap=OVERLAP,
        preprocessing={},
        network=BACKEND,
        network_options={},
        training=replace(
            TRAINING,
            batch_size=int(blueprint.configuration["batch_size"]),
            max_epochs=int(checkpoint["current_epoch"]),
        ),
        channels=tuple(blueprint.dataset["channel_names"].values()),
    )
    card = ModelCard(
        id=model_id,
        modality=modality,
        recipe=recipe,
        backend=BACKEND,
        sha256="",
        trained_on=f"the nnU-Net data set {blueprint.plans.get('dataset_name', 'of unknown name')!r}; imported",
        licenses=(),
        command="none: trained with nnU-Net itself",
        seed=0,
        hours=0.0,
        device=str(checkpoint["init_args"].get("device", "unknown")),
        held_out="nothing that myoscope knows of",
        scores=(),
        limitations=("imported from nnU-Net: who trained it knows its data and its failures",),
        myoscope_version=version("myoscope"),
    )
    return _write(blueprint, checkpoint, card, folder)


def _read(results: Path, fold: str) -> tuple[Blueprint, Mapping[str, Any]]:
    """Return blueprint and checkpoint of a fold."""
    plans, dataset = (_read_json(results / name) for name in ("plans.json", "dataset.json"))
    checkpoint = read_checkpoint(results / f"fold_{fold}" / FINAL)
    configuration = checkpoint["init_args"].get("configuration")
    if configuration != CONFIGURATION:
        raise ModelError(f"{results} has the configuration {configuration!r}; myoscope runs {CONFIGURATION!r}.")
    axes = checkpoint.get("inference_allowed_mirroring_axes")
    return blueprint_from(plans, dataset, axes, results.name), checkpoint


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", "Give an nnU-Net results folder.") from error
    except ValueError as error:
        raise ModelError(f"{path} is not JSON.") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path} does not hold what nnU-Net writes there.")
    return found


def _known(labels: tuple[str, ...], structures: Mapping[str, str], modality: str) -> tuple[str, ...]:
    """Return the modality's structure of every label."""
    from myoscope.plugins import describe

    names = tuple(structures.get(label, label) for label in labels)
    there = {structure.name for structure in describe(modality).structures}
    if unknown := [label for label, name in zip(labels, names, strict=True) if name not in there]:
        raise UsageError(
            f"The label {unknown[0]!r} is no structure of {modality}.", f"Name one for it: {', '.join(sorted(there))}."
        )
    return names


def _write(blueprint: Blueprint, checkpoint: Mapping[str, Any], card: ModelCard, folder: Path) -> ModelPackage:
    from myoscope.models import write_package

    recipe = replace(
        card.recipe,
        spacing_mm=blueprint.spacing_mm,
        window=blueprint.patch,
        overlap=OVERLAP,
        network_options={**card.recipe.network_options, **blueprint.options()},
    )
    weights = checkpoint["network_weights"]
    names = unique_names(blueprint.network())
    if missing := names - set(weights):
        raise ModelError(f"The checkpoint of {card.id} lacks {len(missing)} weights of the network of its plans.")
    state = {name: weights[name] for name in sorted(names)}
    return write_package(replace(card, recipe=recipe, backend=BACKEND), state, folder)
