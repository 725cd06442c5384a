"""Flows of velocities that do not change in time: smooth, and to be undone everywhere (Arsigny 2006)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from myoscope.data.grid import Grid

#: The flow is two to this many equal steps (scaling and squaring).
SQUARINGS = 3
#: How much more bending costs across slices, which may be far apart.
BENDING_ALONG_Z = 4.0


class Flow:
    """The flow of velocities on one grid."""

    def __init__(self, grid: Grid) -> None:
        import torch

        self.grid = grid
        ranges = [torch.arange(n, dtype=torch.float32) for n in grid.shape]
        self.nodes = torch.stack(torch.meshgrid(*ranges, indexing="ij")[::-1], dim=-1)
        self.spacing = torch.tensor(grid.spacing_mm)
        self.origin = torch.tensor(grid.origin)

    def displacement(self, velocity: torch.Tensor) -> torch.Tensor:
        """Return how far the velocity, (3, z, y, x) in mm, carries each node in unit time."""
        step = velocity / float(2**SQUARINGS)
        for _ in range(SQUARINGS):
            ahead = self.nodes + step.permute(1, 2, 3, 0) / self.spacing
            step = step + interpolated(step, ahead)
        return step

    def displaced(self, places: torch.Tensor, displacement: torch.Tensor) -> torch.Tensor:
        """Return places, (n, 3) in mm, carried along."""
        at = (places - self.origin) / self.spacing
        return places + interpolated(displacement, at[None, None])[:, 0, 0].T


def interpolated(volume: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """Return a volume, (c, z, y, x), linearly between samples at indices, (d, h, w, 3) in x, y, z; borders go on."""
    import torch
    from torch.nn.functional import grid_sample

    last = torch.tensor([n - 1.0 for n in volume.shape[:0:-1]])
    places = (indices * 2 / last - 1)[None]
    return grid_sample(volume[None], places, padding_mode="border", align_corners=True)[0]


def bending(velocity: torch.Tensor, grid: Grid) -> torch.Tensor:
    """Return the mean squared second derivative along x, y and, weighted more, z."""
    parts = [
        cost * (velocity.diff(n=2, dim=dim) / step**2).square().mean()
        for dim, step, cost in zip((3, 2, 1), grid.spacing_mm, (1.0, 1.0, BENDING_ALONG_Z), strict=True)
    ]
    return parts[0] + parts[1] + parts[2]


def splines(samples: int, spacing_mm: float, knots_mm: float, knots: int) -> torch.Tensor:
    """Return cubic B-splines at the samples of one axis, shape (samples, knots); the second stands on sample 0."""
    import torch

    far = np.abs(np.arange(samples)[:, None] * spacing_mm / knots_mm - (np.arange(knots) - 1))
    values = np.where(far < 1, 2 / 3 - far**2 + far**3 / 2, np.clip(2 - far, 0, None) ** 3 / 6)
    return torch.tensor(values, dtype=torch.float32)
