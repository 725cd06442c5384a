"""What the engine sees of a network, whatever computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch


class Runner(Protocol):
    """A network ready on a device; the same windows give the same bytes on one machine."""

    @property
    def name(self) -> str:
        """What computes, where and how precisely, such as `openvino cpu bfloat16`."""

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        """Return logits (N, 1 + structures, *window) of windows (N, channels, *window), both float32.

        They may be overwritten by the next call.
        """
