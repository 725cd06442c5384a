from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope.ops.rician import without_floor

COUNT = 400_000
#: Sampling errors of a mean of so many voxels stay below this, in sigma.
SAMPLING = 0.01


def rician(signal: float, sigma: float, seed: int = 0) -> NDArray[np.float32]:
    """The magnitude of a constant signal with noise in both parts of the complex image."""
    rng = np.random.default_rng(seed)
    return np.hypot(signal + rng.normal(0, sigma, COUNT), rng.normal(0, sigma, COUNT)).astype(np.float32)


def test_there_and_back_a_signal_that_the_floor_raised_returns() -> None:
    signal = np.linspace(0.0, 500.0, 1001)
    assert np.allclose(without_floor(np.sqrt(signal**2 + 7.0**2), 7.0), signal, atol=0.02)


@pytest.mark.parametrize("ratio", [0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0])
def test_the_mean_of_a_constant_signal_is_right_within_a_tenth_of_sigma(ratio: float) -> None:
    sigma = 6.0
    noisy = rician(ratio * sigma, sigma)
    assert abs(float(without_floor(noisy, sigma).mean()) / sigma - ratio) < 0.105 + SAMPLING
    assert float(noisy.mean()) / sigma - ratio > 1 / (2 * ratio + 1.1) - 1e-3


def test_strong_signals_lose_what_noise_adds_and_no_more() -> None:
    noisy = rician(60.0, 6.0)
    assert float(noisy.mean()) == pytest.approx(60.0 + 6.0**2 / (2 * 60.0), abs=0.03)
    assert float(without_floor(noisy, 6.0).mean()) == pytest.approx(60.0, abs=0.03)


def test_of_noise_alone_less_than_half_remains() -> None:
    noisy = rician(0.0, 6.0)
    assert float(noisy.mean()) / 6.0 == pytest.approx(np.sqrt(np.pi / 2), abs=SAMPLING)
    assert float(without_floor(noisy, 6.0).mean()) / 6.0 == pytest.approx(0.49, abs=SAMPLING)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 5.0])
def test_the_average_of_two_stations_is_right_too(ratio: float) -> None:
    average = (rician(ratio, 1.0, 1) + rician(ratio, 1.0, 2)) / 2
    assert abs(float(without_floor(average, 1.0).mean()) - ratio) < 0.155 + SAMPLING


def test_a_mixture_of_dark_and_bright_voxels_is_as_right_as_its_parts() -> None:
    mixed = np.concatenate([rician(2.0, 1.0, 1), rician(80.0, 1.0, 2)])
    assert float(without_floor(mixed, 1.0).mean()) == pytest.approx(41.0, abs=0.05)


def test_what_is_below_the_noise_becomes_negative_and_order_stays() -> None:
    found = without_floor(np.array([-3.0, 0.0, 2.9, 3.0, 5.0]), 3.0)
    assert found == pytest.approx([-np.sqrt(18.0), -3.0, -np.sqrt(9.0 - 2.9**2), 0.0, 4.0], abs=1e-5)


def test_without_noise_nothing_changes_and_stored_integers_stay_untouched() -> None:
    image = np.array([[0, 1, 30_000], [-5, 7, 9]], np.int16)
    before = image.copy()
    found = without_floor(image, 0.0)
    assert found.dtype == np.float32
    assert np.allclose(found, before)
    assert np.array_equal(image, before)
