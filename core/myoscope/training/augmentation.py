"""Random windows of a prepared case: place, affine map, mirroring, intensity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.training.cases import PreparedCase

if TYPE_CHECKING:
    import torch

ROTATION_RAD = 0.12
SCALE = 0.12
#: How much of a window may lie outside the case.
OUTSIDE = 0.15
#: Voxels drawn at once in search of a labelled one, or of one that is not.
DRAWS = 1024


def random_window(
    case: PreparedCase,
    window: tuple[int, ...],
    rng: np.random.Generator,
    *,
    spacing_mm: tuple[float, ...],
    labelled_share: float = 0.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return image (channels, *window) float32 and label (1, *window) int64 of a random place; window is (z, y, x).

    Rotated by up to 7 degrees, scaled by up to 12% an axis, mirrored left to right with an even chance, with random
    gain, offset and noise. Beyond the case there is background. Spacing is (x, y, z).

    With a `labelled_share` that share of the windows has its middle on a labelled voxel and all others on background,
    as far as no window lies outside the case by more than `OUTSIDE` (MONAI's RandCropByPosNegLabel).
    """
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    matrix = _matrix(np.array(spacing_mm), rng)
    center = _center(case.label, np.array(window[::-1]), rng, labelled_share)
    theta = torch.from_numpy(_theta(matrix, center, case.label.shape, window)[None])
    grid = affine_grid(theta, [1, 1, *window], align_corners=False)
    image = torch.from_numpy(case.image.astype(np.float32))[None]
    label = torch.from_numpy(case.label.astype(np.float32))[None, None]
    view = grid_sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)[0]
    truth = grid_sample(label, grid, mode="nearest", padding_mode="zeros", align_corners=False)[0]
    view = view * rng.uniform(0.85, 1.15) + rng.uniform(-0.06, 0.06)
    noise = torch.from_numpy(rng.standard_normal(view.shape, dtype=np.float32))
    view = view + noise * rng.uniform(0.0, 0.04)
    return view.clamp(0.0, 1.2), truth.long()


def _matrix(spacing: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return how a window is turned, stretched and mirrored, (3, 3), in voxels along x, y and z."""
    from scipy.spatial.transform import Rotation

    rotation = Rotation.from_euler("xyz", rng.uniform(-ROTATION_RAD, ROTATION_RAD, size=3)).as_matrix()
    stretch = rng.uniform(1 - SCALE, 1 + SCALE, size=3)
    flip = np.array([-1.0 if rng.random() < 0.5 else 1.0, 1.0, 1.0])  # noqa: PLR2004
    # A rotation of the body, not of the lattice: voxels may be much higher than wide.
    matrix: NDArray[np.float64] = rotation * spacing[None, :] / spacing[:, None] * stretch * flip
    return matrix


def _center(
    label: NDArray[np.uint8], view: NDArray[np.int_], rng: np.random.Generator, labelled_share: float
) -> NDArray[np.float64]:
    """Return the middle of a window of `view` voxels, in voxels from the middle of the case; both (x, y, z)."""
    size = np.array(label.shape[::-1], dtype=float)
    room = np.maximum(size - view, 0) / 2 + OUTSIDE * view
    if not labelled_share:
        return rng.uniform(-1, 1, size=3) * room
    place = _place(label, rng, labelled=rng.random() < labelled_share)
    return np.clip(place + 0.5 - size / 2, -room, room)


def _place(label: NDArray[np.uint8], rng: np.random.Generator, *, labelled: bool) -> NDArray[np.float64]:
    """Return the index (x, y, z) of any voxel that is labelled, or is not; of any at all where there is none such."""
    flat = label.ravel()
    drawn = rng.integers(flat.size, size=DRAWS)
    fitting = drawn[(flat[drawn] > 0) == labelled]
    if not fitting.size:
        # So few that no draw met one: now every voxel is looked at.
        every = np.flatnonzero((flat > 0) == labelled)
        fitting = rng.choice(every, size=1) if every.size else drawn
    return np.array(np.unravel_index(fitting[0], label.shape)[::-1], dtype=float)


def _theta(
    matrix: NDArray[np.float64], center: NDArray[np.float64], shape: tuple[int, ...], window: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return the (3, 4) matrix of torch's affine_grid, whose axes are x, y, z; `shape` and `window` are (z, y, x)."""
    size, view = np.array(shape[::-1], dtype=float), np.array(window[::-1], dtype=float)
    theta = np.empty((3, 4), dtype=np.float32)
    theta[:, :3] = matrix * view[None, :] / size[:, None]
    theta[:, 3] = 2 * center / size
    return theta
