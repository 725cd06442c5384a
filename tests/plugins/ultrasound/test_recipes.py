"""The parameters that the paper fixes (PAPERS: Zhang)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import myoscope_ultrasound
from myoscope import UsageError
from myoscope.models import read_package
from myoscope_ultrasound.network import build
from myoscope_ultrasound.recipes import MODELS, RECIPES, UNET_SITES
from myoscope_ultrasound.structures import SITES, STRUCTURES

WEIGHTS = Path(myoscope_ultrasound.__file__).parent / "weights"


@pytest.mark.parametrize("site", UNET_SITES)
def test_the_papers_training_is_as_printed(site: str) -> None:
    plan = RECIPES[f"ultrasound/{site}"].training
    assert (plan.loss, plan.optimizer, plan.learning_rate, plan.batch_size, plan.patience) == (
        "dice_ce", "adam", 1e-4, 8, 20,
    )  # fmt: skip


@pytest.mark.parametrize("card", sorted(WEIGHTS.glob("*/card.json")), ids=lambda card: card.parent.name)
def test_an_embedded_model_was_trained_as_its_recipe_says_but_for_the_epochs(card: Path) -> None:
    recipe = read_package(card.parent).card.recipe
    assert replace(RECIPES[recipe.name].training, max_epochs=recipe.training.max_epochs) == recipe.training


def test_every_site_has_a_model_that_finds_its_structures() -> None:
    assert set(MODELS) == set(SITES)
    for site, model in MODELS.items():
        assert RECIPES[model].structures == SITES[site]
        assert set(SITES[site]) <= set(STRUCTURES.names)


@pytest.mark.parametrize("name", sorted(name for name, recipe in RECIPES.items() if recipe.network == "unet"))
def test_the_network_gives_a_channel_a_structure_and_one_for_the_rest(name: str) -> None:
    recipe = RECIPES[name]
    with torch.inference_mode():
        logits = build(recipe).eval()(torch.rand(1, 1, 64, 96))
    assert logits.shape == (1, 1 + len(recipe.structures), 64, 96)


def test_gain_and_brightness_do_not_change_what_the_network_sees() -> None:
    network = build(RECIPES["ultrasound/longitudinal"]).eval()
    frame = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(network(frame), network(0.5 * frame + 0.3), atol=2e-2)


def test_a_network_that_the_plugin_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="asks for the network 'transformer'"):
        build(replace(RECIPES["ultrasound/longitudinal"], network="transformer"))
