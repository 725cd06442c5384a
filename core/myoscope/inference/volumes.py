"""A prepared volume through a network, to labels on the scan's own grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.data.inference import InferenceOptions
from myoscope.data.recipe import Recipe
from myoscope.data.segmentation import Certainty
from myoscope.inference.blending import blended
from myoscope.inference.certainty import Tally
from myoscope.inference.restore import restore_labels
from myoscope.inference.running import Network, WindowProgress, logits_of_windows, mirrored
from myoscope.inference.windows import Plan, Volume, plan_windows, windows_of_air


@dataclass(frozen=True, slots=True)
class LabelledVolume:
    """What a network says of a volume.

    Attributes:
        labels: On the scan's own grid, 0 outside the model's.
        confidence: Probability of each voxel's label times 255, 0 outside the model's grid; None unless asked for.
        certainty: Of the network in what it found.
    """

    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8] | None
    certainty: Certainty


def label_volume(  # noqa: PLR0913  # two grids, and who runs what how
    volume: Volume,
    grid: Grid,
    network: Network,
    recipe: Recipe,
    *,
    values: NDArray[np.uint8],
    scan_grid: Grid,
    device: str,
    options: InferenceOptions | None = None,
    batch: Callable[[Plan, int], int] | None = None,
    progress: WindowProgress | None = None,
) -> LabelledVolume:
    """Return labels on `scan_grid` of a preprocessed volume.

    Windows that show nothing but air are background without a look at them.

    Args:
        volume: An array (z, y, x) on `grid` for each channel.
        grid: The model's.
        network: In evaluation mode, on `device`.
        recipe: Gives window and overlap.
        values: Label value of each class.
        scan_grid: The scan's own grid.
        device: A torch device.
        options: The recipe's overlap and Gaussian blending when None.
        batch: Given the plan and the number of windows that are not air, returns how many go through the network
            together, which is halved when memory runs out; one when None.
        progress: Called with windows done and windows in all, those of air left out.
    """
    import torch

    chosen = options or InferenceOptions()
    overlap = recipe.overlap if chosen.overlap is None else chosen.overlap
    plan = plan_windows(volume[0].shape, recipe.window[::-1], overlap)
    air = windows_of_air(volume, plan)
    together = 1 if batch is None else batch(plan, plan.count - len(air))
    tally = Tally(len(values), plan.shape)
    with torch.inference_mode():
        windows = logits_of_windows(
            volume,
            mirrored(network) if chosen.mirror else network,
            plan,
            skipped=air,
            batch=together,
            device=device,
            progress=progress,
        )
        pieces = blended(windows, plan, blending=chosen.blending, device=device)
        restored = restore_labels(tally.counting(pieces), grid, scan_grid, values, confidence=chosen.confidence)
    return LabelledVolume(restored.labels, restored.confidence, tally.certainty(recipe.structures))
