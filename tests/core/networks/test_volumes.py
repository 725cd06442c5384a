from __future__ import annotations

from dataclasses import replace

import pytest

from myoscope import Recipe, UsageError
from myoscope_ct_thigh.network import build
from myoscope_ct_thigh.recipes import RECIPES, UNET3D, UNETR, UNETR_SMALL

torch = pytest.importorskip("torch")

#: Embedded weights stay below this; they are stored in half precision.
EMBEDDED_BYTES = 25e6


def on_paper(recipe: Recipe) -> object:
    """Return the network with shapes but without memory."""
    with torch.device("meta"):
        return build(recipe)


def parameters(network: object) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_unetr_is_that_of_the_paper() -> None:
    """12 layers of hidden size 768, 12 heads, patch 16; Hatamizadeh et al. count 92.58 M parameters for 14 channels."""
    network = on_paper(UNETR)
    assert len(network.vit.blocks) == 12
    assert network.vit.blocks[0].attn.num_heads == 12
    assert network.hidden_size == 768
    assert tuple(network.vit.patch_embedding.patch_embeddings.weight.shape) == (768, 1, 16, 16, 16)
    assert 92e6 < parameters(network) < 93e6


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_every_recipe_maps_a_window_to_a_channel_a_structure_and_background(recipe: Recipe) -> None:
    window = recipe.window[::-1]
    logits = on_paper(recipe)(torch.empty(1, 1, *window, device="meta"))
    assert tuple(logits.shape) == (1, 1 + len(recipe.structures), *window)


def test_the_small_network_fits_into_the_package() -> None:
    assert 2 * parameters(on_paper(UNETR_SMALL)) < EMBEDDED_BYTES


def test_the_baseline_is_a_plain_u_net_of_five_levels() -> None:
    network = on_paper(UNET3D)
    assert type(network).__name__ == "UNet"
    assert network.channels == (16, 32, 64, 128, 256)
    assert not [m for m in network.modules() if "Attention" in type(m).__name__ or "SABlock" in type(m).__name__]


def test_every_part_of_the_small_network_learns(tiny_recipe: Recipe) -> None:
    """A window that is no cube: every parameter gets a gradient, and each output voxel depends on its input."""
    torch.manual_seed(0)
    network = build(replace(tiny_recipe, window=(16, 8, 24)))
    image = torch.rand(2, 1, 24, 8, 16, requires_grad=True)
    logits = network(image)
    assert tuple(logits.shape) == (2, 3, 24, 8, 16)
    (logits * torch.rand_like(logits)).sum().backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None]
    assert not [name for name in idle if "cls_token" not in name and "cross_attn" not in name]
    assert image.grad is not None
    assert float(image.grad.abs().min(dim=0).values.max()) > 0


def test_equal_seeds_give_equal_weights(tiny_recipe: Recipe) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(build(tiny_recipe).state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(UsageError, match="asks for the network 'segformer'"):
        build(replace(UNETR, network="segformer"))
