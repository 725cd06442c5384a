"""A model package: a folder with `card.json` and `model.safetensors`, nothing pickled."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.errors import ModelError, OutputError
from myoscope.models.card import ModelCard, card_json, read_card

if TYPE_CHECKING:
    import torch

    from myoscope.hookspecs import Modality

CARD, WEIGHTS = "card.json", "model.safetensors"
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A package on disk whose weights match its card.

    Attributes:
        card: Its card.
        folder: Where it lies.
    """

    card: ModelCard
    folder: Path


def read_package(folder: Path) -> ModelPackage:
    """Return the package in `folder`.

    Raises:
        ModelError: The card or the weights are missing, or the weights, or an nnU-Net's plans, do not match the card's
            hash.
    """
    card = read_card(folder / CARD)
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise ModelError(f"The model {card.id} has no {WEIGHTS} in {folder}.", "Import the whole package again.")
    found = sha256_of(weights)
    if found != card.sha256:
        raise ModelError(
            f"The weights of {card.id} do not match its card: sha256 {found[:12]} instead of {card.sha256[:12]}.",
            "The package is damaged or was changed; import it again from its source.",
        )
    if card.backend == "nnunet":
        from myoscope.nnunet.blueprint import blueprint_of

        blueprint_of(card)
    return ModelPackage(card, folder)


def write_package(card: ModelCard, state: Mapping[str, torch.Tensor], folder: Path) -> ModelPackage:
    """Write a package at once and return it; the card gets the hash of the weights, floats are stored as float16.

    Raises:
        OutputError: The folder exists and is not a package, or cannot be written.
    """
    import torch
    from safetensors.torch import save_file

    if folder.exists() and not (folder / CARD).is_file():
        raise OutputError(f"{folder} exists and is not a model package.", "Choose another folder.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}.") from error
    half = {k: (v.half() if v.dtype is torch.float32 else v).contiguous().cpu() for k, v in state.items()}
    try:
        save_file(half, beside / WEIGHTS)
        (beside / WEIGHTS).chmod(0o644)
        (beside / CARD).write_text(card_json(replace(card, sha256=sha256_of(beside / WEIGHTS))), encoding="utf-8")
        beside.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return read_package(folder)


def load_network(package: ModelPackage, modality: Modality, device: str) -> torch.nn.Module:
    """Return the package's network in evaluation mode on a torch device, in float32.

    Raises:
        ModelError: The weights do not fit the network of the recipe.
    """
    from safetensors.torch import load_file

    network = modality.build_network(package.card.recipe)
    try:
        network.load_state_dict(load_file(package.folder / WEIGHTS))  # which copies halves into the network's floats
    except RuntimeError as error:
        raise ModelError(f"The weights of {package.card.id} do not fit the network of its recipe.") from error
    return network.to(device).eval()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
