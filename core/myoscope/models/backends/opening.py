"""The one door to a network that is ready to run, and the rule which backend and precision it gets.

The rule is fixed, so that the same scan gives the same bytes: on a CPU the first of `ON_CPU` that the processor has and
whose labels agree with PyTorch's in float32 (see `agreement`); PyTorch elsewhere. Seconds a window, batch 1, one thread
of a processor with bfloat16, all in turns in one process; the U-Nets are those of Dixon MRI and of ultrasound:

| | UNETR of the papers | unetr_small | unet_slices | 2D U-Net |
|---|---|---|---|---|
| OpenVINO bfloat16 | 1.07 | 0.21 | 1.09 | 0.017 |
| OpenVINO float32 | 2.00 | 0.45 | stops | 0.032 |
| PyTorch bfloat16 | 1.47 | 0.34 | 1.09 | 0.030 |
| PyTorch float32 | 2.68 | 0.73 | 2.23 | 0.045 |
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from myoscope.errors import ModelError, UsageError
from myoscope.free_memory import available_memory_mb, check_room, give_back_memory
from myoscope.models.backends.agreement import Agreement
from myoscope.models.backends.runner import Runner
from myoscope.models.backends.torch_runner import torch_runner
from myoscope.models.package import load_network

if TYPE_CHECKING:
    import torch

    from myoscope.hookspecs import Modality
    from myoscope.models.backends.memory import NetworkMemory
    from myoscope.models.package import ModelPackage

#: (backend, precision), tried in this order.
ON_CPU = (("openvino", "bfloat16"), ("openvino", "float32"), ("torch", "bfloat16"), ("torch", "float32"))
REFERENCE = ("torch", "float32")
NOT_TRIED = Agreement(0.0, 0.0, 0, "Its modality makes no synthetic scan to try it on.")


class _NoTrialError(Exception):
    """A modality gives no synthetic scan on which a runner could be tried."""


def open_runner(package: ModelPackage, modality: Modality, *, backend: str, device: str) -> Runner:
    """Return a package's network, ready to run.

    A model's first time on a CPU takes seconds longer: it is converted and tried, and what comes out is kept.

    Args:
        package: Not one of nnU-Net, which runs its own.
        modality: That builds the network.
        backend: `auto`, `torch` or `openvino`.
        device: A torch device.

    Raises:
        UsageError: OpenVINO is asked for on another device than the CPU.
        ModelError: The weights do not fit the network of the recipe, or OpenVINO is asked for and cannot run it.
        InputError: Making the network ready for the first time needs more memory than there is.
    """
    if device == "cpu":
        return _on_cpu(package, modality, backend)
    if backend == "openvino":
        raise UsageError(
            f"The backend openvino runs on the CPU, the device is {device}.",
            "Choose the device cpu, or the backend torch.",
        )
    precision = "float16" if device.startswith("cuda") else "float32"
    return torch_runner(load_network(package, modality, device), device=device, precision=precision)


def memory_of(package: ModelPackage, modality: Modality, runner: str, *, channels: int) -> NetworkMemory:
    """Return what a package's network takes with its first window, when a runner of this name is open.

    Args:
        package: Of the network.
        modality: That builds it.
        runner: Its name.
        channels: That the network sees.
    """
    from myoscope.models.backends.memory import still_to_take

    return still_to_take(_whole_memory(package, modality, channels=channels), runner)


def _whole_memory(package: ModelPackage, modality: Modality, *, channels: int) -> NetworkMemory:
    from myoscope.models.backends.cache import cache_of
    from myoscope.models.backends.memory import network_memory

    return cache_of(package).network_memory(
        channels, lambda: network_memory(modality.build_network, package.card.recipe, channels=channels)
    )


def _check_room(package: ModelPackage, modality: Modality, *, channels: int) -> None:
    """Refuse to make a network ready where memory does not suffice.

    Raises:
        InputError: It does not.
    """
    from myoscope.models.backends.memory import needed_to_prepare_mb

    needed = needed_to_prepare_mb(_whole_memory(package, modality, channels=channels))
    check_room(f"The first run of {package.card.id} on this machine", needed, available_memory_mb())


def _on_cpu(package: ModelPackage, modality: Modality, backend: str) -> Runner:
    """Return the first runner of `ON_CPU` that is of the backend asked for and may stand in for PyTorch."""
    from myoscope.models.backends.cache import cache_of
    from myoscope.models.backends.openvino_library import has_bfloat16

    kept = cache_of(package)
    lower = has_bfloat16()
    trial = cache(lambda: _trial(package, modality))
    problem = ""
    for kind, precision in ON_CPU:
        if backend not in {"auto", kind} or (precision == "bfloat16" and not lower):
            continue
        found = None
        if (kind, precision) != REFERENCE:
            measure = _measure(package, modality, kind=kind, precision=precision, trial=trial)
            try:
                found = kept.agreement(f"{kind} {precision}", measure)
            except _NoTrialError:
                found = NOT_TRIED
        if found is None or found.suffices(precision):
            return _runner(package, modality, kind=kind, precision=precision)
        problem = found.problem or f"Only {found.everywhere:.2%} of its labels are those of PyTorch."
    raise ModelError(f"OpenVINO cannot run {package.card.id}. {problem}", "Choose the backend torch.")


def _runner(package: ModelPackage, modality: Modality, *, kind: str, precision: str) -> Runner:
    from myoscope.models.backends.openvino_runner import OpenVINORunner

    if kind == "openvino":
        return OpenVINORunner(_graphs(package, modality), precision)
    return torch_runner(load_network(package, modality, "cpu"), device="cpu", precision=precision)


def _graphs(package: ModelPackage, modality: Modality) -> Callable[[int], Path]:
    """Return what gives the file of the graph for so many channels, converted once."""
    from myoscope.models.backends.cache import cache_of
    from myoscope.models.backends.openvino_runner import converted

    def graph(channels: int) -> Path:
        shape = (channels, *package.card.recipe.window[::-1])

        def convert() -> Any:  # noqa: ANN401
            _check_room(package, modality, channels=channels)
            return converted(load_network(package, modality, "cpu"), shape)

        file = cache_of(package).graph(channels, convert)
        give_back_memory()
        return file

    return graph


def _trial(package: ModelPackage, modality: Modality) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a window and the logits that PyTorch gives for it in float32.

    Raises:
        _NoTrialError: The modality cannot make the scan.
    """
    import torch

    from myoscope.models.backends.agreement import trial_window

    try:
        window = trial_window(package, modality)
    except MemoryError:
        raise
    except Exception as error:  # a plugin's own synthesis may raise anything
        raise _NoTrialError from error
    _check_room(package, modality, channels=window.shape[1])
    with torch.inference_mode():
        logits = load_network(package, modality, "cpu")(window)
    give_back_memory()
    return window, logits


def _measure(
    package: ModelPackage,
    modality: Modality,
    *,
    kind: str,
    precision: str,
    trial: Callable[[], tuple[torch.Tensor, torch.Tensor]],
) -> Callable[[], Agreement]:
    """Return what measures how a runner agrees with PyTorch; what cannot be run agrees with nothing."""
    import torch

    from myoscope.models.backends.agreement import agreement_of
    from myoscope.models.backends.apart import logits_apart

    def measure() -> Agreement:
        window, wanted = trial()
        if kind == "torch":
            return agreement_of(_runner(package, modality, kind=kind, precision=precision)(window), wanted)
        try:
            graph = _graphs(package, modality)(window.shape[1])
            found = logits_apart(graph, window.numpy(), precision=precision, threads=torch.get_num_threads())
        except ModelError as error:
            return Agreement(0.0, 0.0, 0, error.message)
        return agreement_of(torch.from_numpy(found), wanted)

    return measure
