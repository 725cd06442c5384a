"""Ways to label a volume with one and the same network: MONAI's, nnU-Net's and myoscope's, step by step."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
from engine_model import Case
from numpy.typing import NDArray

from myoscope.data.inference import InferenceOptions
from myoscope.inference import label_volume
from myoscope.inference.windows import plan_windows, windows_of_air
from myoscope.models import ModelPackage, load_network
from myoscope.models.backends import open_runner
from myoscope.peak_memory import peak_memory_mb, resident_memory_mb
from myoscope.plugins import open_modality

if TYPE_CHECKING:
    from myoscope.inference.running import Network


@dataclass(frozen=True, slots=True)
class Way:
    """A way to label a volume.

    Attributes:
        name: For the table.
        tool: `monai`, `monai probabilities`, `nnunet` or `myoscope`.
        backend: `plain torch` as PyTorch makes the network, `torch` with its channels last, `openvino`, or `auto`.
        precision: `float32` or `bfloat16`; left to myoscope with `auto`.
        overlap: Share of a window.
        blending: `gaussian` or `constant`.
        batch: Windows at a time.
        skips: Whether windows of nothing but air are left out.
        wide: Of one window of air more on the volume's left and right.
        mirror: Whether it also looks left for right.
        unseen: Whether it also labels cases that the network was not trained on, to compare accuracy.
        quick: Whether it is among the few that a short run measures.
    """

    name: str
    tool: str = "myoscope"
    backend: str = "openvino"
    precision: str = "bfloat16"
    overlap: float = 0.5
    blending: str = "gaussian"
    batch: int = 1
    skips: bool = True
    wide: bool = False
    mirror: bool = False
    unseen: bool = False
    quick: bool = False


PLAIN = Way("MONAI sliding_window_inference", "monai", "plain torch", "float32", skips=False, unseen=True, quick=True)
#: What the engine blends; MONAI is handed logits, as everyone hands it.
PROBABILITIES = replace(
    PLAIN, name="MONAI, blending probabilities", tool="monai probabilities", unseen=False, quick=False
)
#: The engine's own choice of backend and precision.
AUTO = Way("myoscope by itself", backend="auto", precision="", quick=True)
_TORCH = Way("torch float32, plain", "myoscope", "plain torch", "float32", skips=False, quick=True)
_FAST = Way("OpenVINO bfloat16", unseen=True, quick=True)
WAYS = (
    PLAIN,
    PROBABILITIES,
    replace(PLAIN, name="nnUNetPredictor", tool="nnunet", unseen=False, quick=False),
    _TORCH,
    replace(_TORCH, name="torch float32, channels last", backend="torch"),
    replace(_TORCH, name="torch bfloat16, channels last", backend="torch", precision="bfloat16"),
    replace(_TORCH, name="the same, batch 4", backend="torch", precision="bfloat16", batch=4, quick=False),
    replace(_TORCH, name="OpenVINO float32", backend="openvino"),
    _FAST,
    AUTO,
    replace(_FAST, name="air beside, nothing skipped", wide=True, skips=False, unseen=False, quick=False),
    replace(_FAST, name="air beside, air skipped", wide=True, unseen=False, quick=False),
    replace(_FAST, name="constant blending", blending="constant", quick=False),
    replace(_FAST, name="overlap 0.25", overlap=0.25, quick=False),
    replace(_FAST, name="overlap 0.25, constant", overlap=0.25, blending="constant", quick=False),
    replace(_FAST, name="overlap 0", overlap=0.0),
    replace(_FAST, name="overlap 0, constant", overlap=0.0, blending="constant", quick=False),
    replace(_FAST, name="overlap 0, mirrored", overlap=0.0, mirror=True, quick=False),
)


class Networks:
    """One network, opened in each way once."""

    def __init__(self, package: ModelPackage) -> None:
        self.package, self.modality = package, open_modality(package.card.modality)
        self.open = cache(self._open)
        self._tuned = cache(self._channels_last)

    def _open(self, backend: str, precision: str) -> Network:
        """Return what gives logits of windows."""
        from myoscope.models.backends.cache import cache_of
        from myoscope.models.backends.openvino_runner import OpenVINORunner, converted

        package, modality = self.package, self.modality
        if backend == "auto":
            return open_runner(package, modality, backend="auto", device="cpu")
        if backend == "plain torch":
            return load_network(package, modality, "cpu")
        if backend == "torch":
            return replace(self._tuned(), precision=precision)
        shape = package.card.recipe.window[::-1]

        def graph(channels: int) -> object:
            made = lambda: converted(load_network(package, modality, "cpu"), (channels, *shape))  # noqa: E731
            return cache_of(package).graph(channels, made)

        return OpenVINORunner(graph, precision)

    def _channels_last(self) -> object:
        from myoscope.models.backends.torch_runner import torch_runner

        return torch_runner(load_network(self.package, self.modality, "cpu"), device="cpu", precision="float32")


@dataclass(frozen=True, slots=True)
class Run:
    """What running a way once gave."""

    classes: NDArray[np.uint8]
    seconds: float
    cpu_seconds: float


def run(way: Way, case: Case, networks: Networks) -> Run:
    """Return the classes of a case on its own grid, and what finding them took; networks are warm."""
    import torch

    network = networks.open(way.backend, way.precision)
    import_for(way.tool)
    label = {"myoscope": _by_myoscope, "nnunet": _by_nnunet}.get(way.tool, _by_monai)
    with torch.inference_mode():
        started, worked = time.perf_counter(), time.process_time()
        classes = label(way, case, network, networks.package)
        return Run(classes, time.perf_counter() - started, time.process_time() - worked)


def import_for(tool: str) -> None:
    """Import what a tool imports when it is first used, so that what it takes is not counted as the tool's work."""
    peers = {"nnunet": "nnunetv2.inference.predict_from_raw_data", "myoscope": "scipy.ndimage"}
    with contextlib.redirect_stdout(io.StringIO()):
        import_module(peers.get(tool, "monai.inferers.utils"))


def warm_up(way: Way, networks: Networks) -> None:
    """Run one window, so that nothing is converted or laid out anew while time is taken."""
    import torch

    recipe = networks.package.card.recipe
    with torch.inference_mode():
        networks.open(way.backend, way.precision)(torch.rand(1, len(recipe.channels), *recipe.window[::-1]))


def windows_of(way: Way, case: Case, package: ModelPackage) -> int:
    """Return how many windows the network sees."""
    plan = plan_windows(case.volume.shape, package.card.recipe.window[::-1], way.overlap)
    return plan.count - (len(windows_of_air([case.volume], plan)) if way.skips else 0)


def widened(case: Case, window: int) -> Case:
    """Return a case with a window of air more on its left and right."""
    beside = ((0, 0), (0, 0), (window, window))
    size = (case.grid.size[0] + 2 * window, *case.grid.size[1:])
    return replace(
        case, volume=np.pad(case.volume, beside), classes=np.pad(case.classes, beside),
        grid=replace(case.grid, size=size),
    )  # fmt: skip


def peaks(way: Way, read: Callable[[], Case], package: ModelPackage) -> dict[str, float]:
    """Return the MiB that this process held before the volume, at most, and added since; for a fresh process.

    OpenVINO takes what its network needs with the first window, PyTorch before: only the peaks of both compare.
    """
    import_module("torch")
    import_for(way.tool)
    networks = Networks(package)
    networks.open(way.backend, way.precision)
    opening, held = peak_memory_mb(), resident_memory_mb()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far; Linux alone
    run(way, read(), networks)
    peak = peak_memory_mb()
    return {"held_mb": held, "peak_mb": max(peak, opening), "added_mb": peak - held}


def _by_myoscope(way: Way, case: Case, network: Network, package: ModelPackage) -> NDArray[np.uint8]:
    recipe = package.card.recipe
    options = InferenceOptions(overlap=way.overlap, blending=way.blending, mirror=way.mirror)
    sees_all: AbstractContextManager[object] = patch(
        "myoscope.inference.volumes.windows_of_air", lambda *_: frozenset()
    )
    with nullcontext() if way.skips else sees_all:
        return label_volume(
            [case.volume], case.grid, network, recipe,
            values=np.arange(len(recipe.structures) + 1, dtype=np.uint8), scan_grid=case.grid, device="cpu",
            options=options, batch=lambda _plan, _windows: way.batch,
        ).labels  # fmt: skip


def _by_monai(way: Way, case: Case, network: Network, package: ModelPackage) -> NDArray[np.uint8]:
    import torch
    from monai.inferers.utils import sliding_window_inference

    predict = network if way.tool == "monai" else lambda windows: network(windows).softmax(dim=1)
    found = sliding_window_inference(
        torch.from_numpy(case.volume)[None, None], package.card.recipe.window[::-1], way.batch, predict,
        overlap=way.overlap, mode=way.blending,
    )  # fmt: skip
    return found.argmax(dim=1)[0].numpy().astype(np.uint8)


def _by_nnunet(way: Way, case: Case, network: Network, package: ModelPackage) -> NDArray[np.uint8]:
    """Run nnU-Net's sliding window, given no more of its plans than it looks at: window and number of classes."""
    import torch

    with contextlib.redirect_stdout(io.StringIO()):
        from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

        predictor = nnUNetPredictor(
            tile_step_size=1 - way.overlap, use_mirroring=False, device=torch.device("cpu"), allow_tqdm=False
        )
    recipe = package.card.recipe
    predictor.network = network
    predictor.configuration_manager = SimpleNamespace(patch_size=recipe.window[::-1])
    predictor.label_manager = SimpleNamespace(num_segmentation_heads=len(recipe.structures) + 1)
    logits = predictor.predict_sliding_window_return_logits(torch.from_numpy(case.volume)[None])
    return logits.argmax(dim=0).numpy().astype(np.uint8)
