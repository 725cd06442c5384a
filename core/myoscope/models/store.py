"""Find models: those that come with a plugin, those that were imported, and those named by path."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path

from myoscope.errors import ModelError, OutputError
from myoscope.io.archives import unpacked
from myoscope.models.package import CARD, ModelPackage, read_package
from myoscope.plugins import describe, modalities
from myoscope.settings import get_settings


def find_model(name: str, modality: str) -> ModelPackage:
    """Return the package called `name`: an id, or the path of a package folder.

    Raises:
        ModelError: No such model, a broken one, or one of another modality.
    """
    if name and Path(name).is_dir():
        package = read_package(Path(name))
    else:
        folders = dict.fromkeys(model_folders(modality))
        package = next((read_package(f) for f in folders if _id(f) == name), None) or _missing(name, modality)
    if package.card.modality != modality:
        raise ModelError(
            f"The model {package.card.id} is for {package.card.modality}, the scan is {modality}.",
            "`myoscope models list` shows which models fit.",
        )
    return package


def installed_models() -> tuple[ModelPackage, ...]:
    """Return every embedded and imported model, verified, by id.

    Raises:
        ModelError: One of them is broken.
    """
    packages = [read_package(folder) for modality in modalities() for folder in model_folders(modality)]
    return tuple(sorted(packages, key=lambda p: p.card.id))


def import_model(source: Path) -> ModelPackage:
    """Copy a package, a folder or a zip, into the models folder and return it.

    Raises:
        ModelError: It is not a whole package, or nothing is there.
        OutputError: The models folder cannot be written.
    """
    if not source.exists():
        raise ModelError(f"There is nothing at {source}.")
    with nullcontext(source) if source.is_dir() else unpacked(source) as folder:
        cards = sorted(folder.rglob(CARD))
        if len(cards) != 1:
            raise ModelError(f"{source} holds {len(cards)} model cards, expected one.")
        package = read_package(cards[0].parent)
        target = get_settings().models_dir / package.card.id
        beside = target.with_name(f".{target.name}-part")
        shutil.rmtree(beside, ignore_errors=True)
        try:
            shutil.copytree(package.folder, beside)
            shutil.rmtree(target, ignore_errors=True)
            beside.rename(target)
        except OSError as error:
            raise OutputError(f"{target} cannot be written: {error.strerror}.") from error
    return read_package(target)


def model_folders(modality: str) -> list[Path]:
    """Return the folders of a modality's embedded and imported models; none is checked."""
    roots = (describe(modality).weights_dir, get_settings().models_dir / modality)
    return [card.parent for root in roots if root.is_dir() for card in sorted(root.glob(f"[!.]*/{CARD}"))]


def _id(folder: Path) -> str:
    from myoscope.models.card import read_card

    return read_card(folder / CARD).id


def _missing(name: str, modality: str) -> ModelPackage:
    known = ", ".join(_id(f) for f in model_folders(modality)) or "none"
    raise ModelError(f"No model is called {name!r}.", f"Models for {modality}: {known}.")
