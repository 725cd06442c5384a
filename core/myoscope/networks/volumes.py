"""Networks for volumes: the UNETR of two papers, a small one for CPUs, a plain 3D U-Net, and one over slices.

All take (N, channels, z, y, x) and give (N, 1 + structures, z, y, x) logits. Sources: Kim 2024, Methods, 'Deep learning
method'; the Dixon paper, Methods, 'UNETR architecture'; Hatamizadeh et al., UNETR, WACV 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from myoscope.data.recipe import Recipe
from myoscope.errors import UsageError
from myoscope.networks.libraries import segmentation_models

if TYPE_CHECKING:
    from torch import nn


#: The UNETR of both papers: patch 16, hidden size 768, 12 layers, 12 heads (Kim 2024 and the Dixon paper, Methods).
UNETR_OPTIONS: Mapping[str, object] = {
    "feature_size": 16,
    "hidden_size": 768,
    "mlp_dim": 3072,
    "num_heads": 12,
    "proj_type": "conv",
    "norm_name": "instance",
    "res_block": True,
}

#: Small networks for CPUs, ours: a UNETR, and a U-Net over slices.
SMALL_UNETR_OPTIONS: Mapping[str, object] = {"hidden_size": 192, "layers": 6, "heads": 6, "feature_size": 16}
SLICES_OPTIONS: Mapping[str, object] = {
    "neighbors": 2,
    "groups": 8,
    "encoder_name": "resnet18",
    "encoder_depth": 4,
    "decoder_channels": (160, 96, 64, 48),
}


def build_volume_network(recipe: Recipe) -> nn.Module:
    """Return the recipe's network with fresh weights.

    Raises:
        UsageError: The recipe names a network that is not here.
    """
    builders = {"unetr": unetr, "unetr_small": unetr_small, "unet3d": unet3d, "unet_slices": unet_slices}
    if recipe.network not in builders:
        raise UsageError(f"Recipe {recipe.name!r} asks for the network {recipe.network!r}.")
    return builders[recipe.network](recipe)


def unetr(recipe: Recipe) -> nn.Module:
    """The papers' UNETR: patch 16, hidden 768, 12 layers, 12 heads, skips at layers 3, 6, 9 and 12.

    MONAI counts layers from 0, so its skips come after the 4th, 7th, 10th and 12th block.
    """
    from monai.networks.nets.unetr import UNETR

    network: nn.Module = UNETR(
        in_channels=len(recipe.channels),
        out_channels=len(recipe.structures) + 1,
        img_size=recipe.window[::-1],
        spatial_dims=3,
        **recipe.network_options,
    )
    return network


def unet3d(recipe: Recipe) -> nn.Module:
    """The paper's baseline: a plain 3D U-Net."""
    from monai.networks.nets.unet import UNet

    network: nn.Module = UNet(
        spatial_dims=3,
        in_channels=len(recipe.channels),
        out_channels=len(recipe.structures) + 1,
        norm="INSTANCE",
        **recipe.network_options,
    )
    return network


def unetr_small(recipe: Recipe) -> nn.Module:
    """A UNETR of patch 8: one decoder level less than the paper's, and a token every 8 voxels.

    With few anatomies and a CPU, smaller patches leave less for the decoder to invent between tokens.
    """
    import torch
    from monai.networks.blocks.dynunet_block import UnetOutBlock
    from monai.networks.blocks.unetr_block import UnetrBasicBlock, UnetrPrUpBlock, UnetrUpBlock
    from monai.networks.nets.vit import ViT

    class SmallUNETR(torch.nn.Module):
        def __init__(self, *, hidden_size: int, layers: int, heads: int, feature_size: int) -> None:
            super().__init__()
            block = {"spatial_dims": 3, "kernel_size": 3, "norm_name": "instance"}
            up = block | {"upsample_kernel_size": 2, "res_block": True}
            size = tuple(recipe.window[::-1])
            channels = len(recipe.channels)
            self.tokens = tuple(n // 8 for n in size)
            self.skips = (layers // 3, 2 * layers // 3)
            self.vit = ViT(
                channels, size, (8, 8, 8), hidden_size=hidden_size, mlp_dim=4 * hidden_size, num_layers=layers,
                num_heads=heads, proj_type="conv", spatial_dims=3,
            )  # fmt: skip
            f = feature_size
            self.encoder1 = UnetrBasicBlock(in_channels=channels, out_channels=f, stride=1, res_block=True, **block)
            rise = {"stride": 1, "conv_block": True}
            self.encoder2 = UnetrPrUpBlock(in_channels=hidden_size, out_channels=2 * f, num_layer=1, **rise, **up)
            self.encoder3 = UnetrPrUpBlock(in_channels=hidden_size, out_channels=4 * f, num_layer=0, **rise, **up)
            self.decoder3 = UnetrUpBlock(in_channels=hidden_size, out_channels=4 * f, **up)
            self.decoder2 = UnetrUpBlock(in_channels=4 * f, out_channels=2 * f, **up)
            self.decoder1 = UnetrUpBlock(in_channels=2 * f, out_channels=f, **up)
            self.out = UnetOutBlock(spatial_dims=3, in_channels=f, out_channels=len(recipe.structures) + 1)

        def _volume(self, tokens: torch.Tensor) -> torch.Tensor:
            return tokens.transpose(1, 2).reshape(tokens.shape[0], -1, *self.tokens)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            last, hidden = self.vit(x)
            low, high = (self._volume(hidden[s - 1]) for s in self.skips)
            y = self.decoder3(self._volume(last), self.encoder3(high))
            y = self.decoder2(y, self.encoder2(low))
            logits: torch.Tensor = self.out(self.decoder1(y, self.encoder1(x)))
            return logits

    return SmallUNETR(**recipe.network_options)


def unet_slices(recipe: Recipe) -> nn.Module:
    """A 2D U-Net over each slice and its neighbors: learns several times faster than a 3D one on a CPU.

    It sees one channel at a time; of a scan with several contrasts it gives the mean of the log-probabilities.

    While it learns it gives only the slices whose neighbors are all in the window, so a window of 2 `neighbors` + 1
    slices gives one; else all, the slices beyond the window repeating its last ones. Groups of channels are normalized
    instead of batches: a window's slices are of one scan, whose own statistics a batch would learn. Options:
    `neighbors` on either side, `groups` of channels, and those of `segmentation_models_pytorch.Unet`.
    """
    import torch

    unet = segmentation_models().Unet

    class SliceUNet(torch.nn.Module):
        def __init__(self, *, neighbors: int, groups: int, **options: object) -> None:
            super().__init__()
            self.neighbors = neighbors
            options = {"encoder_weights": None, "in_channels": 2 * neighbors + 1} | options
            self.unet = unet(classes=len(recipe.structures) + 1, **options)
            if options.get("encoder_depth") == 4:  # noqa: PLR2004
                del self.unet.encoder.layer4  # the library makes it and never calls it
            _normalize_groups(self.unet, groups)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            each: list[torch.Tensor] = [self.of_one(x[:, channel]) for channel in range(x.shape[1])]
            if len(each) == 1:
                return each[0]
            return torch.stack([logits.float().log_softmax(dim=1) for logits in each]).mean(dim=0)

        def of_one(self, volumes: torch.Tensor) -> torch.Tensor:
            """Return the logits (N, classes, z, y, x) of volumes of one channel, (N, z, y, x)."""
            count, n = volumes.shape[1], self.neighbors
            centers = torch.arange(n, count - n) if self.training else torch.arange(count)
            places = centers[:, None] + torch.arange(-n, n + 1)
            # (N, z, neighbors, y, x) -> (N * z, neighbors, y, x)
            stacks = volumes[:, places.clamp(0, count - 1)].flatten(0, 1)
            flat = self.unet(stacks.contiguous(memory_format=torch.channels_last))
            logits: torch.Tensor = flat.reshape(len(volumes), len(centers), *flat.shape[1:]).movedim(1, 2)
            return logits

    return SliceUNet(**recipe.network_options)


def _normalize_groups(module: nn.Module, groups: int) -> None:
    """Put group normalization where a module has batch normalization."""
    from torch import nn

    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.GroupNorm(groups, child.num_features))
        else:
            _normalize_groups(child, groups)
