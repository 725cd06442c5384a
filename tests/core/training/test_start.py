"""Which weights go where when a training starts from a model of other structures or another modality."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from myoscope import Recipe, UsageError
from myoscope.models import ModelPackage, load_network
from myoscope.plugins import open_modality
from myoscope.training.start import find_start, take_over


def _logits(network: torch.nn.Module, recipe: Recipe) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = network.eval()(torch.linspace(0, 1, 32 * 24 * 24).reshape(1, 1, *recipe.window[::-1]))
    return logits


def test_structures_keep_their_weights_by_name_and_new_ones_stay_as_they_were(
    tiny_package: ModelPackage, tiny_recipe: Recipe
) -> None:
    thigh = open_modality("ct_thigh")
    before = _logits(load_network(tiny_package, thigh, "cpu"), tiny_recipe)  # background, vastus lateralis, femur
    recipe = replace(tiny_recipe, structures=("femur", "gracilis", "vastus_lateralis"))
    network = thigh.build_network(recipe)
    own = network.state_dict()["out.conv.conv.weight"][2].clone()
    after = _logits(take_over(network, recipe, tiny_package), recipe)
    torch.testing.assert_close(after[:, [0, 3, 1]], before)
    assert torch.equal(network.state_dict()["out.conv.conv.weight"][2], own)


def test_as_many_other_structures_are_not_taken_for_the_same(tiny_package: ModelPackage, tiny_recipe: Recipe) -> None:
    before = _logits(load_network(tiny_package, open_modality("ct_thigh"), "cpu"), tiny_recipe)
    recipe = replace(tiny_recipe, structures=("gracilis", "femur"))
    network = open_modality("ct_thigh").build_network(recipe)
    own = network.state_dict()["out.conv.conv.weight"][1].clone()
    after = _logits(take_over(network, recipe, tiny_package), recipe)
    torch.testing.assert_close(after[:, [0, 2]], before[:, [0, 2]])
    assert torch.equal(network.state_dict()["out.conv.conv.weight"][1], own)


def test_a_model_of_another_modality_with_the_same_network_is_a_start(tiny_package: ModelPackage) -> None:
    options = tiny_package.card.recipe.network_options
    recipe = replace(
        open_modality("dixon_mri").describe().recipes["dixon_mri/unetr_small"],
        window=tiny_package.card.recipe.window, network_options=options,
    )  # fmt: skip
    network = open_modality("dixon_mri").build_network(recipe)
    start = find_start(str(tiny_package.folder), recipe)
    femur = 1 + recipe.structures.index("femur")
    before = _logits(load_network(start, open_modality("ct_thigh"), "cpu"), recipe)
    after = _logits(take_over(network, recipe, start), recipe)
    torch.testing.assert_close(after[:, [0, femur]], before[:, [0, 2]])


def test_weights_of_another_window_are_refused(tiny_package: ModelPackage, tiny_recipe: Recipe) -> None:
    recipe = replace(tiny_recipe, window=(48, 24, 24))
    network = open_modality("ct_thigh").build_network(recipe)
    with pytest.raises(UsageError, match="its weights have other shapes"):
        take_over(network, recipe, tiny_package)


def test_another_network_or_an_nnunet_is_no_start(tiny_package: ModelPackage, tiny_recipe: Recipe) -> None:
    for name in ("unet3d", "nnunet"):
        recipe = replace(tiny_recipe, network=name)
        with pytest.raises(UsageError, match="cannot start from ct_thigh/tiny: they differ in network"):
            find_start(str(tiny_package.folder), recipe)
