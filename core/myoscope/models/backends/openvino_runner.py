"""A network run by OpenVINO on the CPU."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from myoscope.errors import ModelError
from myoscope.models.backends.openvino_library import openvino, request_for

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class OpenVINORunner:
    """A network as stored graphs, which take one window at a time: more at once need memory and save no time.

    Attributes:
        graph_of: Returns the file of the graph for windows of so many channels.
        precision: `float32` or `bfloat16`.
    """

    graph_of: Callable[[int], Path]
    precision: str
    _requests: dict[int, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """What computes, where and how precisely."""
        return f"openvino cpu {self.precision}"

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        """Return logits (N, 1 + structures, *window) of windows (N, channels, *window), float32 on the CPU.

        Those of a single window lie in OpenVINO's own memory, which the next call fills anew.
        """
        import torch

        channels = windows.shape[1]
        if channels not in self._requests:
            self._requests[channels] = request_for(
                self.graph_of(channels), precision=self.precision, threads=torch.get_num_threads()
            )
        infer = self._requests[channels].infer
        given = windows.detach().cpu().float().contiguous().numpy()
        alone = len(given) == 1
        found = [
            torch.from_numpy(infer([given[i : i + 1]], share_inputs=True, share_outputs=alone)[0])
            for i in range(len(given))
        ]
        return found[0] if alone else torch.cat(found)


def converted(network: torch.nn.Module, shape: tuple[int, ...]) -> Any:  # noqa: ANN401
    """Return a network in evaluation mode as an OpenVINO graph for one window of the shape (channels, *window).

    Raises:
        ModelError: The network cannot be converted.
    """
    import torch

    window = torch.zeros(1, *shape)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # that tracing is old, and fixes what depends on the window's shape
            traced = torch.jit.trace(network, window, check_trace=False)  # type: ignore[no-untyped-call]
            graph = openvino().convert_model(traced, example_input=window)
        del traced
        gc.collect()  # tracing leaves circles of references, which hold the weights
        graph.reshape(list(window.shape))
    except Exception as error:  # a plugin's network and the converter may raise anything
        raise ModelError("The network cannot be made an OpenVINO graph.", "Choose the backend torch.") from error
    return graph
