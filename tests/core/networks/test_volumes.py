from __future__ import annotations

from dataclasses import replace

import pytest

from myoscope import Recipe, UsageError
from myoscope.networks import build_volume_network as build
from myoscope_ct_thigh.recipes import RECIPES as CT_RECIPES
from myoscope_ct_thigh.recipes import UNET3D, UNETR, UNETR_SMALL
from myoscope_dixon_mri.recipes import RECIPES as DIXON_RECIPES
from myoscope_dixon_mri.recipes import UNET_SLICES

torch = pytest.importorskip("torch")

#: Embedded weights stay below this; they are stored in half precision.
EMBEDDED_BYTES = 25e6
RECIPES = {**CT_RECIPES, **DIXON_RECIPES}


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
    logits = on_paper(recipe).eval()(torch.empty(1, 1, *window, device="meta"))
    assert tuple(logits.shape) == (1, 1 + len(recipe.structures), *window)


@pytest.mark.parametrize("recipe", [UNETR_SMALL, UNET_SLICES], ids=lambda recipe: recipe.name)
def test_the_small_networks_fit_into_the_package(recipe: Recipe) -> None:
    assert 2 * parameters(on_paper(recipe)) < EMBEDDED_BYTES


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


def tiny_slices(neighbors: int) -> object:
    options = {
        "neighbors": neighbors, "groups": 2, "encoder_name": "resnet18", "encoder_depth": 4,
        "decoder_channels": (16, 8, 8, 8),
    }  # fmt: skip
    torch.manual_seed(0)
    return build(replace(UNET_SLICES, window=(32, 32, 6), network_options=options)).eval()


@pytest.mark.parametrize("neighbors", [0, 1, 2])
def test_a_slice_is_told_from_itself_and_its_neighbors_alone(neighbors: int) -> None:
    """Changing slice 3 changes the logits of the slices that have it as a neighbor, and of no other."""
    network = tiny_slices(neighbors)
    image = torch.rand(1, 1, 6, 32, 32)
    other = image.clone()
    other[0, 0, 3] += 0.5
    with torch.inference_mode():
        changed = (network(image) - network(other)).abs().amax(dim=(0, 1, 3, 4)) > 1e-4
    assert changed.tolist() == [abs(k - 3) <= neighbors for k in range(6)]


def test_the_slices_beyond_a_window_repeat_its_last_ones() -> None:
    network = tiny_slices(1)
    image = torch.rand(1, 1, 3, 32, 32)
    longer = torch.cat([image[:, :, :1], image, image[:, :, 2:]], dim=2)
    with torch.inference_mode():
        assert torch.allclose(network(image), network(longer)[:, :, 1:4], atol=1e-4)


def test_scans_of_a_batch_do_not_see_each_other() -> None:
    network = tiny_slices(1).train()
    first, second = torch.rand(2, 1, 1, 3, 32, 32)
    with torch.inference_mode():
        both = network(torch.cat([first, 5 * second]))
        assert torch.allclose(both[:1], network(first), atol=1e-3)


def test_no_part_of_the_network_over_slices_is_idle() -> None:
    network = tiny_slices(1)
    network(torch.rand(1, 1, 3, 32, 32)).square().sum().backward()
    assert not [name for name, p in network.named_parameters() if p.grad is None]


def test_while_it_learns_it_gives_only_slices_with_all_their_neighbors() -> None:
    network = tiny_slices(2)
    image = torch.rand(2, 1, 6, 32, 32)
    with torch.inference_mode():
        everywhere, inner = network(image), network.train()(image)
    assert inner.shape[2] == 2
    assert torch.allclose(inner, everywhere[:, :, 2:4], atol=1e-4)


def test_of_several_contrasts_it_gives_the_mean_of_what_it_says_of_each() -> None:
    network = tiny_slices(1)
    water, fat = torch.rand(2, 1, 1, 3, 32, 32)
    with torch.inference_mode():
        both = network(torch.cat([water, fat], dim=1))
        each = [network(one).log_softmax(dim=1) for one in (water, fat)]
    assert torch.allclose(both, (each[0] + each[1]) / 2, atol=1e-4)
