"""Run a network over a scan: windows of a volume or frames of a picture, labels on the scan's own grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding
from myoscope.data.grid import PICTURE_AXES, Grid, LengthUnit
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.errors import UsageError
from myoscope.inference.frames import label_frames
from myoscope.inference.fusing import fused
from myoscope.inference.restore import restore_labels
from myoscope.inference.turning import Network, Turn, best_turn, turned
from myoscope.inference.windows import blended_slabs, plan_windows

if TYPE_CHECKING:
    from myoscope.anatomy import StructureSet
    from myoscope.hookspecs import Modality
    from myoscope.models import ModelPackage

#: Called with windows done and windows in all.
WindowProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What a model found in a scan.

    Attributes:
        labels: Structure ids, sides not split, on the scan's own grid.
        confidence: The model's own for each frame; empty for a volume.
        seen: Names of the channels that the model saw.
        findings: What running it noticed.
    """

    labels: NDArray[np.uint8]
    confidence: tuple[float, ...]
    seen: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


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


def run_model(
    scan: Scan, modality: Modality, package: ModelPackage, *, device: str, progress: WindowProgress | None = None
) -> Found:
    """Return what a model finds in a scan, by the package's own backend.

    Where nothing but a nominal matrix says how a volume lies in the patient, the model looks which way is up first.

    Args:
        scan: The scan as loaded.
        modality: That prepares the scan and builds the network.
        package: The model.
        device: A torch device.
        progress: Called with windows or frames done and in all.

    Raises:
        ModelError: The weights do not fit.
    """
    from myoscope.models import load_network

    recipe, structures = package.card.recipe, modality.describe().structures
    if package.card.backend == "nnunet":
        return Found(*_by_nnunet(scan, package, structures, device, progress), tuple(scan.channels))
    network = load_network(package, modality, device)
    if scan.grid.ndim == PICTURE_AXES:
        network = fused(network)
    prepared = modality.preprocess(scan, recipe)
    turn = Turn()
    if not scan.oriented and scan.grid.ndim != PICTURE_AXES:
        turn = best_turn(_stacked(prepared), network, recipe, device=device)
    labels, confidence = segment(
        scan, prepared, turned(network, turn), recipe, structures, device=device, progress=progress
    )
    return Found(labels, confidence, tuple(prepared.channels), turn.findings())


def segment(
    scan: Scan,
    prepared: Scan,
    network: Network,
    recipe: Recipe,
    structures: StructureSet,
    *,
    device: str,
    progress: WindowProgress | None = None,
) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """Return unsplit labels (structure ids) on the scan's own grid, and the network's confidence in each frame.

    A volume has no frames, so its confidence is empty.

    Args:
        scan: The scan as loaded.
        prepared: The same on the recipe's grid.
        network: In evaluation mode, on `device`.
        recipe: Gives window, overlap and the structure of each channel.
        structures: Gives the ids.
        device: A torch device.
        progress: Called with windows or frames done and in all.
    """
    values = _values(recipe, structures)
    channels = list(prepared.channels.values())
    if scan.grid.ndim == PICTURE_AXES:
        frames = np.stack(channels, axis=-3)
        frames = frames if scan.times_s else frames[None]
        labels, confidence = label_frames(
            frames, prepared.grid, network, values=values, scan_grid=scan.grid, device=device,
            on_frame=_counter(len(frames), progress),
        )  # fmt: skip
        return (labels if scan.times_s else labels[0]), confidence
    labels = label_volume(
        _stacked(prepared), prepared.grid, network, recipe,
        values=values, scan_grid=scan.grid, device=device, progress=progress,
    )  # fmt: skip
    return labels, ()


def _stacked(prepared: Scan) -> NDArray[np.float32]:
    """Return the channels of a prepared volume, (channels, z, y, x)."""
    return np.stack([np.asarray(a, dtype=np.float32) for a in prepared.channels.values()])


def _by_nnunet(
    scan: Scan, package: ModelPackage, structures: StructureSet, device: str, progress: WindowProgress | None
) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """Return labels on the scan's own grid and the confidence in each frame, by nnU-Net."""
    from myoscope.nnunet import label_frames as label_by_nnunet

    view = scan.view.slices
    frames = scan.image if scan.times_s else scan.image[None]
    spacing = (scan.grid.spacing_mm[0], scan.grid.spacing_mm[1]) if scan.grid.unit is LengthUnit.MM else None
    found, confidence = label_by_nnunet(
        frames[(..., *view)], spacing, package, device=device, on_frame=_counter(len(frames), progress)
    )
    labels = np.zeros(frames.shape, dtype=np.uint8)
    labels[(..., *view)] = _values(package.card.recipe, structures)[found]
    return (labels if scan.times_s else labels[0]), tuple(float(c) for c in confidence)


def _values(recipe: Recipe, structures: StructureSet) -> NDArray[np.uint8]:
    """Return the label value of each output channel."""
    return np.array([0, *(structures[name].id for name in recipe.structures)], dtype=np.uint8)


def label_volume(
    volume: NDArray[np.float32],
    grid: Grid,
    network: Network,
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
    on_window = _counter(plan.count, progress)
    with torch.inference_mode():
        slabs = blended_slabs(volume, network, plan, classes=len(values), device=device, on_window=on_window)
        return restore_labels(slabs, grid, scan_grid, values)


def _counter(total: int, progress: WindowProgress | None) -> Callable[[], None]:
    """Return a function that reports one more of `total` done each time it is called."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    return count
