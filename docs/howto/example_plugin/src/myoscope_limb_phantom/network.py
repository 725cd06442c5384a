"""The phantom's network: thresholds, as the smallest network that the engine can run."""

from __future__ import annotations

import torch

from myoscope import Recipe, UsageError


class ThresholdNetwork(torch.nn.Module):
    """One 1x1x1 convolution: each class scores a line in intensity, and lines cross at the thresholds."""

    def __init__(self, *, classes: int) -> None:
        super().__init__()
        self.layer = torch.nn.Conv3d(1, classes, kernel_size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, classes, z, y, x) logits of an (N, 1, z, y, x) image."""
        logits: torch.Tensor = self.layer(x)
        return logits


def build(recipe: Recipe) -> torch.nn.Module:
    """Return the recipe's network with fresh weights.

    Raises:
        UsageError: The recipe names a network that this plugin does not have.
    """
    if recipe.network != "thresholds":
        raise UsageError(f"Recipe {recipe.name!r} asks for the network {recipe.network!r}.")
    return ThresholdNetwork(classes=len(recipe.structures) + 1)
