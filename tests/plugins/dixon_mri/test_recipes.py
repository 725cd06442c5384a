"""The numbers of the Dixon paper, Methods, and what the small recipes must keep."""

from __future__ import annotations

import pytest

from myoscope import Recipe
from myoscope_dixon_mri.plugin import DixonMRI
from myoscope_dixon_mri.recipes import RECIPES, SYNTHETIC, UNETR
from myoscope_dixon_mri.structures import STRUCTURES


def test_preprocessing_is_that_of_the_paper() -> None:
    assert UNETR.preprocessing == {"low": 80.0, "high": 450.0}
    assert UNETR.spacing_mm == (1.5, 1.5, 2.0)
    assert UNETR.window == (96, 96, 96)


def test_channels_follow_the_structures_and_not_the_papers_29() -> None:
    assert len(UNETR.structures) + 1 == 28


def test_training_is_that_of_the_paper() -> None:
    plan = UNETR.training
    assert (plan.loss, plan.optimizer, plan.learning_rate, plan.weight_decay) == ("dice_ce", "adamw", 2e-5, 1e-5)
    assert (plan.batch_size, plan.crops_per_case, plan.max_epochs) == (2, 4, 12000)
    assert (plan.labelled_share, plan.validate_every, plan.precision) == (0.5, 2, "16-mixed")


def test_the_paper_stops_early_and_accumulates_gradients_without_a_number() -> None:
    """Ours: a step of the four windows of each of two volumes."""
    plan = UNETR.training
    assert plan.accumulate * plan.batch_size == 2 * plan.crops_per_case
    assert 0 < plan.patience * plan.validate_every < plan.max_epochs


def test_the_default_finds_what_synthesis_draws() -> None:
    assert RECIPES[DixonMRI().describe().default_model].structures == SYNTHETIC
    assert set(STRUCTURES.names) - set(SYNTHETIC) == {"abdominal_oblique", "rectus_abdominis", "multifidus"}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_every_recipe_can_be_built_and_tiled(recipe: Recipe) -> None:
    assert recipe.name.startswith("dixon_mri/")
    assert len(recipe.channels) == 1
    assert set(recipe.structures) <= set(STRUCTURES.names)
    assert all(n % 16 == 0 for n in recipe.window)
    assert 0.0 <= recipe.overlap < 1.0
