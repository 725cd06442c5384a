"""Windows over a volume: where they lie, what they weigh, and which of them hold nothing but air."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

#: Standard deviation of the Gaussian blending weight, as a share of the window (nnU-Net, MONAI: 0.125).
SIGMA_SHARE = 0.125
#: The weight never falls below this, so that every voxel of a window counts.
LEAST_WEIGHT = 1e-3
#: Air is darker than this share of the way from the darkest to bright tissue, which is this percentile of a volume.
AIR_SHARE, BRIGHT_PERCENTILE = 0.1, 95.0
#: The percentile is taken of every nth voxel along each axis.
STRIDE = 3

#: First index of a window along z, y and x.
Corner = tuple[int, int, int]
#: One array (z, y, x) a channel; an array (channels, z, y, x) is one.
Volume = Sequence[NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where windows lie.

    Attributes:
        window: (z, y, x) in voxels.
        starts: First index of the windows along z, y and x.
        shape: (z, y, x) of the volume; a window reaches beyond it where it is smaller.
    """

    window: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of windows."""
        return int(np.prod([len(s) for s in self.starts]))

    @property
    def corners(self) -> tuple[Corner, ...]:
        """Every window, from the lowest plane up, then by row and column."""
        return tuple((z, y, x) for z, y, x in itertools.product(*self.starts))


def plan_windows(shape: tuple[int, ...], window: tuple[int, ...], overlap: float) -> Plan:
    """Return evenly spread windows that cover `shape` with at least this overlap; all tuples are (z, y, x)."""
    starts = []
    for n, w in zip((max(n, w) for n, w in zip(shape, window, strict=True)), window, strict=True):
        count = 1 + int(np.ceil((n - w) / max(1, int(w * (1 - overlap)))))
        starts.append(tuple(int(s) for s in np.rint(np.linspace(0, n - w, count))))
    return Plan(tuple(window), tuple(starts), tuple(shape))


def cut(volume: Volume, corner: Corner, window: tuple[int, ...]) -> torch.Tensor:
    """Return a window (channels, *window) of a volume in float32, 0 beyond it."""
    import torch

    box = tuple(slice(c, c + w) for c, w in zip(corner, window, strict=True))
    piece = torch.from_numpy(np.stack([np.asarray(channel[box], dtype=np.float32) for channel in volume]))
    missing = [w - n for w, n in zip(window, piece.shape[1:], strict=True)]
    if not any(missing):
        return piece
    return torch.nn.functional.pad(piece, [n for m in reversed(missing) for n in (0, m)])


def air_levels(volume: Volume) -> tuple[float, ...]:
    """Return for each channel how bright air is at most: a share of the way from the darkest voxel to bright tissue."""
    levels = []
    for channel in volume:
        some = channel[::STRIDE, ::STRIDE, ::STRIDE]
        low, high = float(channel.min()), float(np.percentile(some, BRIGHT_PERCENTILE))
        levels.append(low + AIR_SHARE * (high - low))
    return tuple(levels)


def windows_of_air(volume: Volume, plan: Plan) -> frozenset[Corner]:
    """Return the windows in which no voxel of any channel is brighter than air.

    A single voxel of tissue, or of noise as bright, keeps a window: nothing is left out that a network could name
    rightly. What it makes up in pure air is: a network that never saw any in training may name some of it.
    """
    levels = air_levels(volume)

    def is_air(corner: Corner) -> bool:
        box = tuple(slice(c, c + w) for c, w in zip(corner, plan.window, strict=True))
        return all(float(channel[box].max()) <= level for channel, level in zip(volume, levels, strict=True))

    return frozenset(corner for corner in plan.corners if is_air(corner))


def weight_of(window: tuple[int, ...], blending: str) -> NDArray[np.float32]:
    """Return how much each voxel of a window counts where windows overlap.

    Args:
        window: (z, y, x).
        blending: `gaussian`, most in the middle, or `constant`.
    """
    weight = np.ones(window, dtype=np.float64)
    for axis, n in enumerate(window):
        if blending == "gaussian":
            bell = np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (SIGMA_SHARE * n)) ** 2)
            weight *= bell.reshape([-1 if a == axis else 1 for a in range(len(window))])
    return np.maximum(weight, LEAST_WEIGHT).astype(np.float32)
