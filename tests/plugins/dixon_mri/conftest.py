"""A pair of thighs whose water and fat are known, for every test of loading."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import Grid
from myoscope.io import MRFacts, MRImage

Channels = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="session")
def thighs() -> tuple[Channels, Grid]:
    """Two legs with fat under the skin, muscle, and a femur full of marrow; blurred as voxels are, with noise."""
    from scipy import ndimage

    grid = Grid.identity((96, 56, 12), (4.0, 4.0, 6.0), (-190.0, -110.0, 0.0))
    _, y, x = np.meshgrid(np.arange(12) * 6.0, np.arange(56) * 4.0 - 110.0, np.arange(96) * 4.0 - 190.0, indexing="ij")
    water, fat = np.zeros(grid.shape), np.zeros(grid.shape)
    for center in (-95.0, 95.0):
        radius = np.hypot(x - center, y)
        water[radius < 70] = 300.0
        fat[radius < 84] = 400.0
        fat[radius < 70] = 12.0
        water[(radius >= 70) & (radius < 84)] = 15.0
        water[radius < 16] = 20.0
        fat[radius < 16] = 350.0
    water, fat = (ndimage.gaussian_filter(image, (0.0, 0.7, 0.7)) for image in (water, fat))
    random = np.random.default_rng(7)
    channels = {"water": water, "fat": fat, "in_phase": water + fat, "opposed_phase": np.abs(water - fat)}
    return {
        name: np.hypot(image + random.normal(0, 3, grid.shape), random.normal(0, 3, grid.shape)).astype(np.float32)
        for name, image in channels.items()
    }, grid


@pytest.fixture(scope="session")
def mr_image() -> Callable[..., MRImage]:
    """Make an MR image of one value, 4 x 4 mm pixels and 5 mm slices, from its lower edge and what its header says."""

    def make(bottom: float = 0.0, *, slices: int = 10, value: float = 100.0, **facts: object) -> MRImage:
        grid = Grid.identity((10, 8, slices), (4.0, 4.0, 5.0), (-18.0, -14.0, bottom + 2.5))
        return MRImage(np.full(grid.shape, value, dtype=np.float32), grid, MRFacts(**facts))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def station_images(mr_image: Callable[..., MRImage]) -> Callable[..., list[MRImage]]:
    """Make the contrasts of one table position, called as scanners call them, numbered and timed."""
    endings = {"water": "W", "fat": "F", "in_phase": "in", "opposed_phase": "opp"}

    def make(bottom: float, *, first: int = 1, time: str = "101500", **facts: object) -> list[MRImage]:
        return [
            mr_image(bottom, description=f"Dixon_{ending}", series_number=str(first + n), series_time=time, **facts)
            for n, ending in enumerate(endings.values())
        ]

    return make


@pytest.fixture(scope="session")
def limbs() -> Callable[..., tuple[Channels, NDArray[np.uint8], Grid]]:
    """Make two limbs: bones with dark cortex and marrow at places (mm outward, mm backward, radius) in muscle and fat.

    Give back water and fat, labels in which every bone is femur and all muscle is vastus lateralis, and their grid.
    """

    def make(
        *bones: tuple[float, float, float], radius: float = 80.0, rind: float = 10.0, slices: int = 12
    ) -> tuple[Channels, NDArray[np.uint8], Grid]:
        grid = Grid.identity((160, 90, slices), (2.5, 2.5, 8.0), (-198.75, -111.25, 0.0))
        y, x = np.meshgrid(np.arange(90) * 2.5 - 111.25, np.arange(160) * 2.5 - 198.75, indexing="ij")
        water, fat, labels = np.zeros(x.shape), np.zeros(x.shape), np.zeros(x.shape, np.uint8)
        for side in (-1.0, 1.0):
            outward = side * x - 100.0
            away = np.hypot(outward, y)
            fat[away < radius], water[away < radius - rind] = 400.0, 250.0
            fat[away < radius - rind], labels[away < radius - rind] = 15.0, 3
            for out, back, size in bones:
                distance = np.hypot(outward - out, y - back)
                water[distance < size] = fat[distance < size] = 0.0
                fat[distance < 0.6 * size], labels[distance < size] = 350.0, 28
        random = np.random.default_rng(1)
        noisy = {
            name: np.abs(image + random.normal(0, 4, grid.shape)).astype(np.float32)
            for name, image in (("water", water), ("fat", fat))
        }
        return noisy, np.broadcast_to(labels, grid.shape).copy(), grid

    return make
