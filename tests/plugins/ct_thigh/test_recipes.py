"""The numbers of Kim 2024, Methods, and what the small recipe must keep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from myoscope import Recipe, TrainingPlan
from myoscope_ct_thigh.plugin import CTThigh
from myoscope_ct_thigh.recipes import RECIPES, UNET3D, UNET_SLICES, UNETR, UNETR_SMALL
from myoscope_ct_thigh.structures import STRUCTURES


def test_preprocessing_is_that_of_the_paper() -> None:
    assert UNETR.preprocessing == {"hu_low": -57.0, "hu_high": 164.0, "gamma": 2.0}
    assert UNETR.spacing_mm == (1.5, 1.5, 2.0)
    assert UNETR.window == (96, 96, 96)


def test_the_network_is_that_of_the_paper() -> None:
    options = UNETR.network_options
    assert UNETR.network == "unetr"
    assert (options["hidden_size"], options["num_heads"], options["mlp_dim"]) == (768, 12, 4 * 768)
    assert len(UNETR.structures) + 1 == 30


def test_training_is_that_of_the_paper() -> None:
    assert UNETR.training == TrainingPlan(
        loss="dice", learning_rate=8e-5, weight_decay=1e-5, batch_size=2, crops_per_case=4, max_epochs=5000
    )
    assert UNETR.training.schedule == "constant"
    assert UNETR.training.ema_decay == 0.0


def test_the_baseline_differs_in_its_network_alone() -> None:
    same = replace(UNET3D, name=UNETR.name, network=UNETR.network, network_options=UNETR.network_options)
    assert same == UNETR


def test_the_embedded_ones_find_what_synthesis_draws_and_that_over_slices_is_the_default() -> None:
    assert CTThigh().describe().default_model == UNET_SLICES.name
    assert UNET_SLICES.structures == UNETR_SMALL.structures
    missing = set(STRUCTURES.names) - set(UNETR_SMALL.structures)
    assert missing == {"iliopsoas", "abdominal_oblique", "rectus_abdominis", "multifidus"}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_every_recipe_can_be_built_and_tiled(recipe: Recipe) -> None:
    assert recipe.name.startswith("ct_thigh/")
    assert recipe.channels == ("ct",)
    assert set(recipe.structures) <= set(STRUCTURES.names)
    assert len(set(recipe.structures)) == len(recipe.structures)
    assert all(n % 16 == 0 for n in recipe.window)
    assert 0.0 <= recipe.overlap < 1.0
    assert recipe.preprocessing["hu_low"] < recipe.preprocessing["hu_high"]


def test_recipes_go_by_their_names() -> None:
    assert all(name == recipe.name for name, recipe in RECIPES.items())
