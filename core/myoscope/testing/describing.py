"""Promises about `describe`."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from collections.abc import Iterator

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.recipe import Recipe
from myoscope.models import load_network, read_package
from myoscope.testing.trial import Trial

#: An embedded model is smaller than this, in MB of 10^6 bytes.
MAX_EMBEDDED_MB = 25
KINDS = ("muscle", "bone", "fascia")
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def describe_is_data(trial: Trial) -> Iterator[str]:
    """Hook `describe` returns data: the same each time, whole after pickle, with a title and inputs."""
    info = trial.info
    if trial.plugin.describe() != info:
        yield "`describe` returned something else the second time; it must be data only."
    if pickle.loads(pickle.dumps(info)) != info:  # noqa: S301 - our own bytes
        yield "What `describe` returned changed in pickle."
    if not SNAKE_CASE.fullmatch(info.name):
        yield f"The name {info.name!r} is not snake_case."
    if not info.title or not info.inputs:
        yield "`describe` needs a title and at least one kind of input, for people."


def structures_are_consistent(trial: Trial) -> Iterator[str]:
    """The structures have snake_case names, known kinds and colors, and groups of members that exist."""
    structures = trial.info.structures
    for name, count in Counter(structures.names).items():
        if count > 1:
            yield f"{count} structures are called {name!r}."
    for structure in structures:
        if not SNAKE_CASE.fullmatch(structure.name):
            yield f"The structure name {structure.name!r} is not snake_case."
        if structure.kind not in KINDS:
            yield f"The structure {structure.name} has the kind {structure.kind!r}, expected one of {KINDS}."
        if not all(0 <= part <= 255 for part in structure.color):  # noqa: PLR2004
            yield f"The structure {structure.name} has the color {structure.color}, expected 0 to 255."
    for scheme, grouping in structures.groupings.items():
        for group, members in grouping.items():
            unknown = [name for name in members if name not in structures]
            if unknown:
                yield f"The group {scheme}:{group} names structures that do not exist: {', '.join(unknown)}."


def recipes_are_consistent(trial: Trial) -> Iterator[str]:
    """Each recipe is called `modality/network` and names known structures, a spacing, a window and channels."""
    info = trial.info
    if not info.recipes:
        yield "`describe` offers no recipe."
    for key, recipe in info.recipes.items():
        if key != recipe.name or not recipe.name.startswith(f"{info.name}/"):
            yield f"The recipe {recipe.name!r} is listed as {key!r}; both must be '{info.name}/NETWORK'."
        unknown = [name for name in recipe.structures if name not in info.structures]
        if unknown:
            yield f"The recipe {recipe.name} names structures that do not exist: {', '.join(unknown)}."
        yield from _recipe_numbers(recipe)


def embedded_models_are_whole(trial: Trial) -> Iterator[str]:
    """The embedded models are below 25 MB in all, match their cards and fit their networks; defaults have recipes."""
    info = trial.info
    cards = sorted(info.weights_dir.glob("*/card.json")) if info.weights_dir.is_dir() else []
    ids = set(info.recipes)
    megabytes = sum(path.stat().st_size for path in info.weights_dir.rglob("*") if path.is_file()) / 1e6
    if megabytes >= MAX_EMBEDDED_MB:
        yield f"The embedded models have {megabytes:.1f} MB in all, expected less than {MAX_EMBEDDED_MB}."
    for card in cards:
        package = read_package(card.parent)
        ids.add(package.card.id)
        if package.card.modality != info.name:
            yield f"The embedded model {package.card.id} is for {package.card.modality}, not {info.name}."
        if package.card.backend == "torch":
            load_network(package, trial.plugin, "cpu")
    if info.fast_model and info.fast_model not in ids:
        yield f"The fast model {info.fast_model!r} is neither a recipe nor an embedded model."
    for model in info.sites.values() or (info.default_model,):
        if model not in ids:
            yield f"The default model {model!r} is neither a recipe nor an embedded model."


def _recipe_numbers(recipe: Recipe) -> Iterator[str]:
    if not recipe.structures or len(set(recipe.structures)) != len(recipe.structures):
        yield f"The recipe {recipe.name} needs structures, each named once."
    if not recipe.channels or len(set(recipe.channels)) != len(recipe.channels):
        yield f"The recipe {recipe.name} needs channels, each named once."
    needed = () if len(recipe.window) == PICTURE_AXES else recipe.window
    if len(recipe.spacing_mm) != len(needed) or min((*recipe.spacing_mm, *recipe.window)) <= 0:
        yield (
            f"The recipe {recipe.name} has the spacing {recipe.spacing_mm} and the window {recipe.window}, expected a "
            "positive number an axis in both; a picture's recipe has no spacing."
        )
    if not 0 <= recipe.overlap < 1:
        yield f"The recipe {recipe.name} has the overlap {recipe.overlap}, expected 0 or more and less than 1."
