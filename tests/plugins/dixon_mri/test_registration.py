from __future__ import annotations

import numpy as np
import pytest

from myoscope_dixon_mri.registration import displacement_mm

SPACING = (3.0, 3.0, 4.0)
SHAPE = (70, 110)


def legs(heights: np.ndarray, shift: tuple[float, float, float] = (0.0, 0.0, 0.0), *, taper: float = 0.1) -> np.ndarray:
    """Two legs of fat and muscle with a bone that wanders, where (x, y, z) mm are shifted by `shift`."""
    z, y, x = np.meshgrid(heights, np.arange(SHAPE[0]) * 3.0 - 105, np.arange(SHAPE[1]) * 3.0 - 165, indexing="ij")
    x, y, z = x - shift[0], y - shift[1], z - shift[2]
    image = np.zeros(x.shape)
    for side in (-1, 1):
        radius = np.hypot(x - side * 85, y) / (62 + taper * z)
        bone = np.hypot(x - side * (85 + 2 * taper * z), y + 3 * taper * z)
        texture = 1 + 0.15 * np.sin(x / 9) * np.cos(y / 11 + taper * z)
        image += 800 / (1 + np.exp((radius - 1) * 40)) - 450 * texture / (1 + np.exp((radius - 0.85) * 40))
        image += 300 / (1 + np.exp((bone - 12) / 1.5))
    return image


def seen(image: np.ndarray, seed: int, *, fading: int = 1, noise: float = 15.0) -> np.ndarray:
    """The image as a station sees it: it fades to one end, coils shade it, noise is Rician."""
    rng = np.random.default_rng(seed)
    fade = 1 - 0.5 * np.exp(-np.arange(len(image)) / 2.0)
    across = np.exp(rng.normal(0, 0.1) * np.linspace(-1, 1, image.shape[2]))
    image = image * fade[::fading, None, None] * across
    return np.hypot(image + rng.normal(0, noise, image.shape), rng.normal(0, noise, image.shape)).astype(np.float32)


@pytest.mark.parametrize(
    "shift", [(0.0, 0.0, 0.0), (6.5, 0.0, 0.0), (0.0, -11.0, 0.0), (0.0, 0.0, 7.0), (-4.0, 3.3, -5.0), (15.0, 8.0, 2.0)]
)
def test_a_known_shift_is_found_within_a_millimeter(shift: tuple[float, float, float]) -> None:
    heights = np.arange(9) * 4.0
    upper, lower = seen(legs(heights), 1), 1.4 * seen(legs(heights, shift), 2, fading=-1)
    assert displacement_mm(upper, lower, SPACING) == pytest.approx(shift, abs=1.0)


@pytest.mark.parametrize("seed", range(20))
def test_no_shift_is_invented(seed: int) -> None:
    rng = np.random.default_rng(seed)
    heights = np.arange(int(rng.integers(2, 9))) * 4.0 + rng.uniform(-40, 40)
    clean = legs(heights, taper=rng.uniform(0.0, 0.2)) * rng.uniform(0.3, 3.0)
    noise = float(clean.max()) * rng.uniform(0.0, 0.02)
    found = displacement_mm(seen(clean, seed, noise=noise), seen(clean, seed + 99, fading=-1, noise=noise), SPACING)
    assert found is not None
    assert np.abs(found).max() < 1.0


@pytest.mark.parametrize("noise", [0.0, 10.0, 60.0])
def test_a_shift_along_legs_that_do_not_change_is_not_guessed(noise: float) -> None:
    heights = np.arange(8) * 4.0
    upper, lower = (seen(legs(heights, taper=0.0), seed, noise=noise, fading=1) for seed in (1, 2))
    found = displacement_mm(upper, lower, SPACING)
    assert found is not None
    assert abs(found[2]) < 0.5


def test_an_image_of_one_value_is_not_shifted() -> None:
    flat = np.full((4, 20, 20), 7.0, np.float32)
    assert displacement_mm(flat, flat, SPACING) == (0.0, 0.0, 0.0)
    assert displacement_mm(0 * flat, 0 * flat, SPACING) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("shape", [(1, 20, 20), (4, 1, 20), (4, 20, 1)])
def test_too_small_an_overlap_tells_no_shift(shape: tuple[int, ...]) -> None:
    assert displacement_mm(np.ones(shape, np.float32), np.ones(shape, np.float32), SPACING) is None
