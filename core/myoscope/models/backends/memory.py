"""How much memory a network takes, without running it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from myoscope.data.recipe import Recipe

if TYPE_CHECKING:
    import torch

MB = 2**20
#: What OpenVINO's converter and a synthetic scan take besides any network, in MiB, and how many times the weights a
#: conversion holds. Measured for ct_thigh/unetr_small, dixon_mri/unet_slices and the papers' UNETR: 445, 666 and 1,198
#: MiB in all.
PREPARING_MB, CONVERTING = 250.0, 3.4


@dataclass(frozen=True, slots=True)
class NetworkMemory:
    """What a network takes in float32, in MiB.

    Attributes:
        weights_mb: Its weights.
        window_mb: One window in it, at most: activations alive at once and room to compute.
    """

    weights_mb: float
    window_mb: float


def network_memory(build: Callable[[Recipe], torch.nn.Module], recipe: Recipe, *, channels: int) -> NetworkMemory:
    """Return the memory of a recipe's network.

    It runs on tensors that have shapes and no content, which takes neither memory nor time. A convolution may lay out
    its input and output anew, which holds both twice.

    Args:
        build: Gives the network.
        recipe: Gives the window.
        channels: That the network sees.
    """
    import torch

    shape = (1, channels, *recipe.window[::-1])
    try:
        with torch.device("meta"):
            network = build(recipe)
        peak = _peak_bytes(network.eval(), torch.zeros(shape, device="meta"))
    except RuntimeError:  # a network that looks at values, which a tensor without content does not have
        network = build(recipe)
        peak = _peak_bytes(network.eval(), torch.zeros(shape))
    weights = sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))
    return NetworkMemory(weights / MB, peak / MB)


def still_to_take(memory: NetworkMemory, runner: str) -> NetworkMemory:
    """Return what a network takes with its first window, when a runner of this name is open.

    PyTorch holds the weights already. OpenVINO takes them then: in half precision as they lie on disk, and once more in
    the precision that it computes in. Activations in 16 bits take half.
    """
    share = 0.5 if runner.endswith("16") else 1.0
    weights = (0.5 + share) * memory.weights_mb if runner.startswith("openvino") else 0.0
    return NetworkMemory(weights, share * memory.window_mb)


def needed_to_prepare_mb(memory: NetworkMemory) -> float:
    """Return the MiB that trying a network in float32 or converting it takes, whichever takes more."""
    return PREPARING_MB + max(memory.weights_mb + memory.window_mb, CONVERTING * memory.weights_mb)


def _peak_bytes(network: torch.nn.Module, window: torch.Tensor) -> int:
    """Return the most bytes that results of a network hold at once; its weights do not count."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    weights = [tensor.untyped_storage() for tensor in (*network.parameters(), *network.buffers())]
    own = {id(storage) for storage in weights}
    alive: WeakKeyDictionary[torch.UntypedStorage, int] = WeakKeyDictionary()
    peak = 0

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
        """Sees every result as it is made; those that are given up leave `alive` by themselves."""

        def __torch_dispatch__(
            self,
            func: Callable[..., object],
            types: object,
            args: tuple[object, ...] = (),
            kwargs: dict[str, object] | None = None,
        ) -> object:
            del types
            nonlocal peak
            results = func(*args, **(kwargs or {}))
            made = _tensors(results)
            for tensor in made:
                storage = tensor.untyped_storage()
                if id(storage) not in own:
                    alive[storage] = storage.nbytes()
            anew = [*_tensors(args[0]), *made] if "convolution" in str(func) else []
            peak = max(peak, sum(alive.values()) + sum(tensor.nbytes for tensor in anew))
            return results

    with torch.no_grad(), Watch():  # type: ignore[no-untyped-call]
        network(window)
    return peak + window.nbytes


def _tensors(results: object) -> list[torch.Tensor]:
    import torch

    given = results if isinstance(results, (tuple, list)) else (results,)
    return [result for result in given if isinstance(result, torch.Tensor)]
