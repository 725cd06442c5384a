"""What a benchmark is to run: every modality, each of its models, on each data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from myoscope.benchmarking.sources import NO_IMAGE, FileSource, SeedSource, Source, user_cases
from myoscope.benchmarking.values import FIRST_SEED, SYNTHETIC
from myoscope.data.modality import ModalityInfo, SynthesisOptions
from myoscope.data.recipe import Recipe
from myoscope.errors import InputError, ModelError, PluginError, UsageError
from myoscope.models import ModelPackage, model_folders, read_package
from myoscope.pipeline import recognize
from myoscope.plugins import describe, modalities

CASES, QUICK_CASES = 5, 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One model on one data set, or why there is none.

    Attributes:
        modality: Name; empty for cases that no modality recognizes.
        model: Model id; the folder's name when its card cannot be read, empty when there is none.
        data: `synthetic`, or the name of the user's folder.
        package: The model, or None.
        cases: What to run it on.
        reason: Why nothing can run; empty otherwise.
    """

    modality: str
    model: str
    data: str
    package: ModelPackage | None
    cases: tuple[Source, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose.

    Attributes:
        names: Modalities; every installed one when empty.
        quick: True for few and coarse synthetic cases.
        seed: Of the first synthetic case.
        data: Folder of labelled cases, or None.
    """

    names: tuple[str, ...] = ()
    quick: bool = False
    seed: int = FIRST_SEED
    data: Path | None = None


def plan(choice: Choice) -> tuple[Entry, ...]:
    """Return everything to run, modality by modality, model by model, synthetic cases before the user's.

    Raises:
        UsageError: A name that no installed modality has.
        InputError: The folder of the user's cases is none.
    """
    installed = modalities()
    for name in choice.names:
        if name not in installed:
            raise UsageError(f"No modality is called {name!r}.", f"Installed modalities: {', '.join(installed)}.")
    names = tuple(dict.fromkeys(choice.names)) or installed
    files = () if choice.data is None else user_cases(choice.data)
    owned: dict[str, list[FileSource]] = {name: [] for name in names}
    orphans = []
    for file in files:
        owner, reason = _owner(file, names)
        if reason:
            orphans.append(Entry("", "", _title(choice), None, (file,), reason))
        else:
            owned[owner].append(file)
    return (*(entry for name in names for entry in _entries(name, choice, tuple(owned[name]))), *orphans)


def _owner(file: FileSource, names: Sequence[str]) -> tuple[str, str]:
    """Return the modality whose case it is, or why there is none."""
    if len(names) == 1:
        return names[0], ""
    if file.image is None:
        return "", NO_IMAGE
    try:
        found = recognize(file.image)
    except InputError as error:
        return "", str(error)
    return found, "" if found in names else f"It is {found}, which was not asked for."


def _title(choice: Choice) -> str:
    return "" if choice.data is None else choice.data.resolve().name


def _entries(name: str, choice: Choice, files: tuple[FileSource, ...]) -> Iterator[Entry]:
    try:
        info = describe(name)
    except PluginError as error:
        yield Entry(name, "", "", None, (), str(error))
        return
    folders = model_folders(name)
    if not folders:
        yield Entry(name, "", "", None, (), "No model is installed.")
    seen = set()
    for folder in folders:
        try:
            package = read_package(folder)
        except ModelError as error:
            yield Entry(name, f"{name}/{folder.name}", "", None, (), str(error))
            continue
        if package.card.id in seen:  # `analyze` takes the first of two with one id, too
            continue
        seen.add(package.card.id)
        yield Entry(name, package.card.id, SYNTHETIC, package, seeds(info, package.card.recipe, choice))
        if files:
            yield Entry(name, package.card.id, _title(choice), package, files)


def seeds(info: ModalityInfo, recipe: Recipe, choice: Choice) -> tuple[SeedSource, ...]:
    """Return the synthetic cases of a model with this recipe: of the sites that it was trained for, in turn."""
    known = set(recipe.structures)
    sites = [site for site, model in info.sites.items() if known >= set(info.recipes[model].structures)] or [""]
    spacing = (recipe.spacing_mm or None) if choice.quick else None
    return tuple(
        SeedSource(choice.seed + number, SynthesisOptions(spacing_mm=spacing, site=sites[number % len(sites)]))
        for number in range(max(QUICK_CASES if choice.quick else CASES, len(sites)))
    )
