"""Whether a runner gives the labels that PyTorch gives in float32, tried on one window of a synthetic scan.

Two limits, because most of a window is background, which is easy: 99.9% of all voxels, and 99.5% of those that are not
background for either. Voxels that change lie on borders between structures, where the network is of two minds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.modality import SynthesisOptions

if TYPE_CHECKING:
    import torch

    from myoscope.hookspecs import Modality
    from myoscope.models.package import ModelPackage

EVERYWHERE, INSIDE = 0.999, 0.995
#: With fewer voxels that are not background, a lower precision has shown nothing.
LEAST_INSIDE = 500
#: Of the synthetic scan.
SEED = 1


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the labels of a runner compare with PyTorch's in float32.

    Attributes:
        everywhere: Share of voxels with the same label.
        inside: The same of the voxels that are not background for either; 1 where there are none.
        count: Number of these.
        problem: Why there are no labels to compare; empty when there are.
    """

    everywhere: float
    inside: float
    count: int
    problem: str = ""

    def suffices(self, precision: str) -> bool:
        """Tell whether a runner with this agreement may stand in for PyTorch."""
        shown = precision == "float32" or self.count >= LEAST_INSIDE
        return shown and not self.problem and self.everywhere >= EVERYWHERE and self.inside >= INSIDE


def agreement_of(found: torch.Tensor, wanted: torch.Tensor) -> Agreement:
    """Return how the labels of two logits (N, classes, *window) compare."""
    if found.shape != wanted.shape:
        return Agreement(0.0, 0.0, 0, f"Logits have the shape {tuple(found.shape)}, expected {tuple(wanted.shape)}.")
    labels, expected = found.argmax(dim=1), wanted.argmax(dim=1)
    same, inside = labels == expected, (labels > 0) | (expected > 0)
    count = int(inside.sum())
    return Agreement(float(same.double().mean()), float(same[inside].double().mean()) if count else 1.0, count)


def trial_window(package: ModelPackage, modality: Modality) -> torch.Tensor:
    """Return the middle of a synthetic scan as the network sees it, (1, channels, *window); always the same."""
    import torch

    recipe, sites = package.card.recipe, modality.describe().sites
    site = next((name for name, model in sites.items() if model == package.card.id), "")
    # Of a volume no more is made than the network sees: a whole one takes more memory than the network.
    size = None if len(recipe.window) == PICTURE_AXES else recipe.window
    options = SynthesisOptions(spacing_mm=recipe.spacing_mm or None, size=size, site=site)
    prepared = modality.preprocess(modality.synthesize(SEED, options).scan, recipe)
    volume = np.stack([np.asarray(a, dtype=np.float32) for a in prepared.channels.values()])
    window = np.zeros((len(volume), *recipe.window[::-1]), dtype=np.float32)
    sizes = list(zip(volume.shape[1:], window.shape[1:], strict=True))
    taken = tuple(slice(max(0, n - w) // 2, max(0, n - w) // 2 + w) for n, w in sizes)
    window[(slice(None), *(slice(0, min(n, w)) for n, w in sizes))] = volume[(slice(None), *taken)]
    return torch.from_numpy(window[None])
