from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from myoscope import Recipe, UsageError
from myoscope.nnunet.options import Options, options_of


def test_what_a_recipe_does_not_say_is_nnunets_own(recipe: Recipe) -> None:
    assert options_of(replace(recipe, network_options={})) == Options(32, 512, upright=False, workers=0)
    assert options_of(recipe) == Options(4, 8, upright=True, workers=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("optimizer", "adam"), ("loss", "dice"), ("schedule", "constant"), ("patience", 20), ("ema_decay", 0.9)],
)
def test_a_recipe_that_wants_another_training_is_refused(recipe: Recipe, name: str, value: Any) -> None:
    other = replace(recipe, training=replace(recipe.training, **{name: value}))
    with pytest.raises(UsageError, match=f"asks for {name} {value!r}; nnU-Net trains with"):
        options_of(other)


def test_an_unknown_option_is_refused_with_those_there_are(recipe: Recipe) -> None:
    with pytest.raises(UsageError, match=r"option 'features'; nnU-Net knows base_features, max_features"):
        options_of(replace(recipe, network_options={"features": 3}))


@pytest.mark.parametrize("facts", [{"window": (64, 64, 64)}, {"channels": ("water", "fat")}])
def test_a_recipe_that_is_not_for_pictures_is_refused(recipe: Recipe, facts: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="not a recipe for pictures with one channel"):
        options_of(replace(recipe, **facts))
