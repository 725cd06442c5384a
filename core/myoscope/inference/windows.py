"""Sliding windows whose results leave in finished slabs: classes x volume is never held whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

#: Standard deviation of the Gaussian blending weight, as a share of the window (nnU-Net, MONAI: 0.125).
SIGMA_SHARE = 0.125
#: The weight never falls below this, so that every voxel of a window counts.
LEAST_WEIGHT = 1e-3


@dataclass(frozen=True, slots=True)
class Plan:
    """Where windows lie.

    Attributes:
        window: (z, y, x) in voxels.
        starts: First index of the windows along z, y and x.
        padded: (z, y, x) of the volume, at least a window in each axis.
    """

    window: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]
    padded: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of windows."""
        return int(np.prod([len(s) for s in self.starts]))


def plan_windows(shape: tuple[int, ...], window: tuple[int, ...], overlap: float) -> Plan:
    """Return evenly spread windows that cover `shape` with at least this overlap; all tuples are (z, y, x)."""
    padded = tuple(max(n, w) for n, w in zip(shape, window, strict=True))
    starts = []
    for n, w in zip(padded, window, strict=True):
        count = 1 + int(np.ceil((n - w) / max(1, int(w * (1 - overlap)))))
        starts.append(tuple(int(s) for s in np.rint(np.linspace(0, n - w, count))))
    return Plan(tuple(window), tuple(starts), padded)


def blended_slabs(
    volume: NDArray[np.float32],
    network: Callable[[torch.Tensor], torch.Tensor],
    plan: Plan,
    *,
    classes: int,
    device: str,
    on_window: Callable[[], None],
) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield (first plane, probabilities) from the lowest plane up; memory holds one window's height of planes.

    Args:
        volume: (channels, z, y, x).
        network: (1, channels, *window) to logits (1, classes, *window).
        plan: Made for the volume's shape.
        classes: Number of output channels.
        device: Where windows are computed and blended.
        on_window: Called after each window.

    Yields:
        The index of a slab's first plane and its probabilities, (classes, planes, y, x), float32.
    """
    import torch

    _, size_z, size_y, size_x = volume.shape
    pads = [(0, 0)] + [(0, p - n) for p, n in zip(plan.padded, volume.shape[1:], strict=True)]
    padded = torch.from_numpy(np.pad(volume, pads)).to(device)
    weight = torch.from_numpy(_gaussian(plan.window)).to(device)
    height, wy, wx = plan.window
    total = torch.zeros((classes, height, *plan.padded[1:]), device=device)
    norm = torch.zeros((height, *plan.padded[1:]), device=device)
    for z, following in zip(plan.starts[0], (*plan.starts[0][1:], plan.padded[0]), strict=True):
        for y in plan.starts[1]:
            for x in plan.starts[2]:
                logits = network(padded[None, :, z : z + height, y : y + wy, x : x + wx])[0].float()
                total[:, :, y : y + wy, x : x + wx] += logits.softmax(dim=0) * weight
                norm[:, y : y + wy, x : x + wx] += weight
                on_window()
        done = following - z
        yield z, (total[:, :done] / norm[:done])[:, : max(0, size_z - z), :size_y, :size_x]
        total = torch.cat([total[:, done:], torch.zeros_like(total[:, :done])], dim=1)
        norm = torch.cat([norm[done:], torch.zeros_like(norm[:done])])


def _gaussian(window: tuple[int, ...]) -> NDArray[np.float32]:
    weight = np.ones(window, dtype=np.float64)
    for axis, n in enumerate(window):
        bell = np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (SIGMA_SHARE * n)) ** 2)
        weight *= bell.reshape([-1 if a == axis else 1 for a in range(len(window))])
    return np.maximum(weight, LEAST_WEIGHT).astype(np.float32)
