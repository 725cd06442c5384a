"""Run a model over a scan: preprocess, windows, labels on the scan's own grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.errors import UsageError
from myoscope.inference.restore import restore_labels
from myoscope.inference.windows import blended_slabs, plan_windows

if TYPE_CHECKING:
    import torch

    from myoscope.anatomy import StructureSet

#: Called with windows done and windows in all.
WindowProgress = Callable[[int, int], None]


def choose_device(name: str) -> str:
    """Return the torch device for `auto`, `cpu`, `gpu`, `gpu:N` or `mps`.

    Raises:
        UsageError: The device is unknown or not in this machine.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = name.partition(":")
    if name == "cpu":
        return "cpu"
    if kind == "gpu" and (number.isdecimal() or not number):
        if int(number or 0) >= torch.cuda.device_count():
            raise UsageError(f"Device {name!r} asked for, but this machine has {torch.cuda.device_count()} GPUs.")
        return f"cuda:{number or 0}"
    if name == "mps" and torch.backends.mps.is_available():
        return "mps"
    raise UsageError(f"Device {name!r} is not available.", "Choose auto, cpu, gpu, gpu:N or mps.")


def segment(
    scan: Scan,
    prepared: Scan,
    network: torch.nn.Module,
    recipe: Recipe,
    structures: StructureSet,
    *,
    device: str,
    progress: WindowProgress | None = None,
) -> NDArray[np.uint8]:
    """Return unsplit labels (structure ids) on the scan's own grid.

    Args:
        scan: The scan as loaded.
        prepared: The same on the recipe's grid.
        network: In evaluation mode, on `device`.
        recipe: Gives window, overlap and the structure of each channel.
        structures: Gives the ids.
        device: A torch device.
        progress: Called with windows done and windows in all.
    """
    values = np.array([0, *(structures[name].id for name in recipe.structures)], dtype=np.uint8)
    volume = np.stack([np.asarray(a, dtype=np.float32) for a in prepared.channels.values()])
    return label_volume(
        volume, prepared.grid, network, recipe, values=values, scan_grid=scan.grid, device=device, progress=progress
    )


def label_volume(
    volume: NDArray[np.float32],
    grid: Grid,
    network: torch.nn.Module,
    recipe: Recipe,
    *,
    values: NDArray[np.uint8],
    scan_grid: Grid,
    device: str,
    progress: WindowProgress | None = None,
) -> NDArray[np.uint8]:
    """Return labels on `scan_grid` of a preprocessed volume (channels, z, y, x) on `grid`."""
    import torch

    plan = plan_windows(volume.shape[1:], recipe.window[::-1], recipe.overlap)
    done = 0

    def on_window() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, plan.count)

    def predict(window: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = network(window)
        return logits

    with torch.inference_mode():
        slabs = blended_slabs(volume, predict, plan, classes=len(values), device=device, on_window=on_window)
        return restore_labels(slabs, grid, scan_grid, values)
