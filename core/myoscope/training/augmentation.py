"""Random windows of a prepared case: place, affine map, mirroring, intensity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from myoscope.training.cases import PreparedCase

if TYPE_CHECKING:
    import torch

ROTATION_RAD = 0.12
SCALE = 0.12
#: How much of a window may lie outside the case.
OUTSIDE = 0.15


def random_window(
    case: PreparedCase, window: tuple[int, ...], rng: np.random.Generator, *, spacing_mm: tuple[float, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return image (channels, *window) float32 and label (1, *window) int64 of a random place; window is (z, y, x).

    Rotated by up to 7 degrees, scaled by up to 12% an axis, mirrored left to right with an even chance, with random
    gain, offset and noise. Beyond the case there is background. Spacing is (x, y, z).
    """
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    shape = np.array(case.label.shape)
    theta = torch.from_numpy(_theta(shape, np.array(window), np.array(spacing_mm), rng)[None])
    grid = affine_grid(theta, [1, 1, *window], align_corners=False)
    image = torch.from_numpy(case.image.astype(np.float32))[None]
    label = torch.from_numpy(case.label.astype(np.float32))[None, None]
    view = grid_sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)[0]
    truth = grid_sample(label, grid, mode="nearest", padding_mode="zeros", align_corners=False)[0]
    view = view * rng.uniform(0.85, 1.15) + rng.uniform(-0.06, 0.06)
    noise = torch.from_numpy(rng.standard_normal(view.shape, dtype=np.float32))
    view = view + noise * rng.uniform(0.0, 0.04)
    return view.clamp(0.0, 1.2), truth.long()


def _theta(shape: np.ndarray, window: np.ndarray, spacing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the (3, 4) float32 matrix of torch's affine_grid, whose axes are x, y, z."""
    from scipy.spatial.transform import Rotation

    size, view = shape[::-1].astype(float), window[::-1].astype(float)
    rotation = Rotation.from_euler("xyz", rng.uniform(-ROTATION_RAD, ROTATION_RAD, size=3)).as_matrix()
    stretch = rng.uniform(1 - SCALE, 1 + SCALE, size=3)
    flip = np.array([-1.0 if rng.random() < 0.5 else 1.0, 1.0, 1.0])  # noqa: PLR2004
    # A rotation of the body, not of the lattice: voxels may be much higher than wide.
    linear = rotation * spacing[None, :] / spacing[:, None] * stretch * flip
    room = np.maximum(size - view, 0) / 2 + OUTSIDE * view
    center = rng.uniform(-1, 1, size=3) * room
    theta = np.empty((3, 4))
    theta[:, :3] = linear * view[None, :] / size[:, None]
    theta[:, 3] = 2 * center / size
    return theta.astype(np.float32)
