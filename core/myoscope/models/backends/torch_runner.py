"""A network run by PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.models.backends.fusing import fused

if TYPE_CHECKING:
    import torch

#: Axes of windows (N, channels, y, x) of a picture.
PICTURE = 4


@dataclass(frozen=True, slots=True)
class TorchRunner:
    """A network in evaluation mode on a torch device.

    Attributes:
        network: Weights in float32, laid out by `torch_runner`.
        device: A torch device.
        precision: `float32`, or `bfloat16` or `float16` for what autocast computes in it.
    """

    network: torch.nn.Module
    device: str
    precision: str

    @property
    def name(self) -> str:
        """What computes, where and how precisely."""
        return f"torch {self.device} {self.precision}"

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        """Return logits (N, 1 + structures, *window), float32 on the device, of windows (N, channels, *window)."""
        import torch

        given = windows.to(self.device)
        lower = self.precision != "float32"
        if windows.ndim == PICTURE:
            given = given.contiguous(memory_format=torch.channels_last)
        elif lower:
            given = given.contiguous(memory_format=torch.channels_last_3d)
        dtype = getattr(torch, self.precision) if lower else None
        with torch.inference_mode(), torch.autocast(given.device.type, dtype=dtype, enabled=lower):
            logits: torch.Tensor = self.network(given)
        return logits.float()


def torch_runner(network: torch.nn.Module, *, device: str, precision: str) -> TorchRunner:
    """Return a runner of a network in evaluation mode on `device`; the network is changed to what computes fastest.

    That is channels last, but for 3D convolutions in float32: those take about a sixth longer on a CPU.
    """
    import torch

    quick = fused(network)
    for module in quick.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
            module.to(memory_format=torch.channels_last)
        elif isinstance(module, (torch.nn.Conv3d, torch.nn.ConvTranspose3d)) and precision != "float32":
            module.to(memory_format=torch.channels_last_3d)
    return TorchRunner(quick, device, precision)
