"""Promises about `preprocess`, `build_network` and `refine`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.recipe import Recipe
from myoscope.data.segmentation import Segmentation
from myoscope.ops.orient import lps_grid
from myoscope.testing.trial import Trial, as_predicted, fingerprint, unknown_values

#: Networks that a backend builds from its own plans, not the plugin.
OTHERS_BUILD = ("nnunet",)
#: Axes of the model's grid follow the scan's to within this.
AXIS_TOLERANCE = 1e-4


def preprocess_gives_the_recipes_grid(trial: Trial) -> Iterator[str]:
    """Hook `preprocess` gives the recipe's grid and channels as float32, and leaves the scan untouched."""
    scan = trial.case.scan
    before = fingerprint(scan)
    for recipe in trial.info.recipes.values():
        prepared = trial.plugin.preprocess(scan, recipe)
        if fingerprint(scan) != before:
            yield f"`preprocess` changed the scan that it was given (recipe {recipe.name})."
            return
        if scan.grid.ndim == PICTURE_AXES:
            if prepared.grid.size != recipe.window:
                yield f"`preprocess` gave {prepared.grid.size} pixels, {recipe.name} asks for {recipe.window}."
        elif not np.allclose(prepared.grid.spacing_mm, recipe.spacing_mm):
            yield f"`preprocess` gave {prepared.grid.spacing_mm} mm, {recipe.name} asks for {recipe.spacing_mm} mm."
        known = {*recipe.channels, *scan.channels}
        if not known >= set(prepared.channels):
            yield f"`preprocess` gave the channels {tuple(prepared.channels)}, {recipe.name} names {recipe.channels}."
        kinds = {array.dtype.name for array in prepared.channels.values()} - {"float32"}
        if kinds:
            yield f"`preprocess` gave {', '.join(sorted(kinds))} for {recipe.name}, expected float32."
        axes = scan.grid.matrix if scan.grid.ndim == PICTURE_AXES else lps_grid(scan.grid).matrix
        if not np.allclose(prepared.grid.matrix, axes, atol=AXIS_TOLERANCE):
            yield f"`preprocess` gave other axes than `to_lps` gives the scan (recipe {recipe.name})."


def the_network_fits_the_recipe(trial: Trial) -> Iterator[str]:
    """Hook `build_network` gives a network from the recipe's channels and window to 1 + structures channels."""
    recipes = trial.info.recipes
    smallest = min(recipes.values(), key=lambda recipe: np.prod(recipe.window))
    default = recipes.get(trial.info.default_model, smallest)
    for recipe in recipes.values() if trial.every_network else (default,):
        if recipe.network not in OTHERS_BUILD:
            yield from _network(trial, recipe)


def refine_keeps_grid_and_structures(trial: Trial) -> Iterator[str]:
    """Hook `refine` keeps grid, structures and what was looked for, gives known labels, and changes no input."""
    predicted = as_predicted(trial.case.segmentation)
    empty = replace(predicted, labels=np.zeros_like(predicted.labels))
    for given, words in ((predicted, "the truth"), (empty, "an empty segmentation")):
        before = given.labels.copy()
        refined = trial.plugin.refine(trial.case.scan, given)
        if not np.array_equal(given.labels, before):
            yield f"`refine` changed the labels that it was given ({words})."
        yield from _refined(given, refined, words)
    if trial.plugin.refine(trial.case.scan, empty).labels.any():
        yield "`refine` added labels to an empty segmentation."


def _network(trial: Trial, recipe: Recipe) -> Iterator[str]:
    import torch

    network = trial.plugin.build_network(recipe).eval()
    window = recipe.window[::-1]
    with torch.inference_mode():
        logits = network(torch.zeros(1, len(recipe.channels), *window))
    expected = (1, 1 + len(recipe.structures), *window)
    if tuple(logits.shape) != expected:
        yield f"The network of {recipe.name} gave the shape {tuple(logits.shape)}, expected {expected}."
    elif not bool(torch.isfinite(logits).all()):
        yield f"The network of {recipe.name} gave values that are not finite for an empty window."


def _refined(given: Segmentation, refined: Segmentation, words: str) -> Iterator[str]:
    if not refined.grid.is_same(given.grid):
        yield f"`refine` moved {words} to another grid."
    if refined.structures != given.structures or refined.predicted != given.predicted:
        yield f"`refine` changed the structures of {words}, or which of them were looked for."
    if unknown := unknown_values(refined):
        yield f"`refine` gave label values that name no structure: {unknown} ({words})."
