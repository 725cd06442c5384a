"""The model that a training starts from: its weights, as far as both networks look for the same, and its history."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.data.recipe import Recipe
from myoscope.errors import UsageError
from myoscope.plugins import open_modality

if TYPE_CHECKING:
    import torch

    from myoscope.models import ModelCard, ModelPackage

#: Share of a recipe's learning rate for weights that have learned before.
SETTLED = 0.5


def find_start(init: str, recipe: Recipe) -> ModelPackage:
    """Return the model to start from, of any modality, by id or path.

    Raises:
        UsageError: Its network is not the recipe's, so that the weights mean something else.
        ModelError: There is no such model, or it is broken.
    """
    from myoscope.models import find_model, read_package

    own = recipe.name.split("/")[0]
    modality = init.split("/", maxsplit=1)[0] if "/" in init else own
    package = read_package(Path(init)) if init and Path(init).is_dir() else find_model(init, modality)
    theirs = package.card.recipe
    names = [name for name in ("network", "network_options") if _on_a_card(theirs, name) != _on_a_card(recipe, name)]
    if len(theirs.channels) != len(recipe.channels):
        names.append("channels")
    if names or recipe.network == "nnunet":
        why = f"differ in {', '.join(names)}" if names else "are of nnU-Net, which starts from random weights here"
        raise UsageError(
            f"Training {recipe.name} cannot start from {package.card.id}: they {why}.",
            "Give a model with the same network, or leave out --init.",
        )
    return package


def take_over(network: torch.nn.Module, recipe: Recipe, start: ModelPackage) -> torch.nn.Module:
    """Return a recipe's network with the weights of a model; its training mode is left as it is.

    What belongs to a structure goes by the structure's name, and stays as it is where the model does not know it.

    Raises:
        UsageError: The weights have other shapes, as a transformer's have with another window.
    """
    from myoscope.models import load_network

    given = load_network(start, open_modality(start.card.modality), "cpu").state_dict()
    own, known = network.state_dict(), start.card.recipe.structures
    channels = {0: 0} | {1 + i: 1 + known.index(n) for i, n in enumerate(recipe.structures) if n in known}
    for name in _of_structures(recipe, own):
        if given[name].shape[0] != len(known) + 1:
            continue
        rows = own[name].clone()
        rows[list(channels)] = given[name][list(channels.values())]
        given[name] = rows
    try:
        network.load_state_dict(given)
    except RuntimeError as error:
        raise UsageError(
            f"Training {recipe.name} cannot start from {start.card.id}: its weights have other shapes.",
            "Give a model of the same recipe, or leave out --init.",
        ) from error
    return network


def descended(card: ModelCard, parent: ModelCard) -> ModelCard:
    """Return the card of a model whose training started from another: that one's data and licenses are in it too."""
    before = f"{card.trained_on}; started from {parent.id} (sha256 {parent.sha256[:12]}): {parent.trained_on}"
    return replace(card, trained_on=before, licenses=tuple(dict.fromkeys((*card.licenses, *parent.licenses))))


def _of_structures(recipe: Recipe, own: dict[str, torch.Tensor]) -> list[str]:
    """Return the weights that have a row a channel: those of another shape when there is a structure more."""
    more = replace(recipe, structures=(*recipe.structures, recipe.structures[0]))
    wider = open_modality(recipe.name.split("/")[0]).build_network(more).state_dict()
    return [name for name, weights in own.items() if weights.shape != wider[name].shape]


def _on_a_card(recipe: Recipe, name: str) -> object:
    """Return a part of a recipe as a card keeps it, where tuples are lists."""
    return json.loads(json.dumps(getattr(recipe, name)))
