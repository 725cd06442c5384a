"""The 2D U-Nets of segmentation-models-pytorch (Zhang, Methods; Ronneberger et al., MICCAI 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope import Recipe, UsageError
from myoscope.networks import segmentation_models

if TYPE_CHECKING:
    import torch
    from torch import nn

#: Keeps the standard deviation of a flat picture from being zero.
LEAST_VARIANCE = 1e-4


def build(recipe: Recipe) -> nn.Module:
    """Return the recipe's network with fresh weights: (N, 1, y, x) to (N, 1 + structures, y, x) logits.

    Raises:
        UsageError: The recipe names a network that this plugin does not build.
    """
    if recipe.network != "unet":
        raise UsageError(f"Recipe {recipe.name!r} asks for the network {recipe.network!r}.")
    import torch

    unet = segmentation_models().Unet

    class GainFreeUNet(torch.nn.Module):
        """A U-Net behind a standardization of each picture, so that overall gain and brightness do not matter."""

        def __init__(self) -> None:
            super().__init__()
            self.unet = unet(
                encoder_weights=None, in_channels=1, classes=len(recipe.structures) + 1, **recipe.network_options
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            variance, mean = torch.var_mean(x, dim=(2, 3), keepdim=True)
            logits: torch.Tensor = self.unet((x - mean) * torch.rsqrt(variance + LEAST_VARIANCE))
            return logits

    return GainFreeUNet()
