from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope.ops.air import find_air, is_louder_than_tissue, noise_limit, noise_sigma

Volume = NDArray[np.float64]
SHAPE = (8, 96, 128)
TISSUE = 300.0


def body() -> NDArray[np.bool_]:
    _, j, i = np.indices(SHAPE)
    return np.hypot(i - 64, j - 48) < 36


def rician(image: Volume, sigma: float | Volume, seed: int = 0) -> Volume:
    rng = np.random.default_rng(seed)
    noisy: Volume = np.hypot(image + sigma * rng.standard_normal(SHAPE), sigma * rng.standard_normal(SHAPE))
    return noisy


def sigma_of(image: Volume) -> float:
    return noise_sigma(image, image, find_air(image))


@pytest.mark.parametrize("sigma", [1.0, 5.0, 20.0])
def test_the_sigma_of_noise_is_read_from_air(sigma: float) -> None:
    assert sigma_of(rician(TISSUE * body(), sigma)) == pytest.approx(sigma, rel=0.03)


def test_each_image_has_its_own_sigma_where_their_sum_shows_air() -> None:
    water, fat = rician(0.9 * TISSUE * body(), 4.0, 1), rician(0.1 * TISSUE * body(), 8.0, 2)
    total = water + fat
    air = find_air(total)
    assert noise_sigma(water, total, air) == pytest.approx(4.0, rel=0.03)
    assert noise_sigma(fat, total, air) == pytest.approx(8.0, rel=0.03)


def test_averages_and_interpolation_keep_the_sigma() -> None:
    one, other = (rician(TISSUE * body(), 5.0, seed) for seed in (1, 2))
    assert sigma_of((one + other) / 2) == pytest.approx(5.0, rel=0.03)
    between = (one[:, :, 1:] + one[:, :, :-1]) / 2
    assert sigma_of((between[:, 1:] + between[:, :-1]) / 2) == pytest.approx(5.0, rel=0.03)


def test_one_slice_is_enough() -> None:
    assert sigma_of(rician(TISSUE * body(), 5.0)[0]) == pytest.approx(5.0, rel=0.1)


def test_air_that_the_scanner_zeroed_has_no_sigma() -> None:
    noisy = np.where(body(), rician(TISSUE * body(), 5.0), 0.0)
    air = find_air(noisy)
    assert not air.shown
    assert 0 < air.limit < TISSUE / 4
    assert math.isnan(noise_sigma(noisy, noisy, air))


def test_a_body_that_fills_the_view_has_no_sigma() -> None:
    assert math.isnan(sigma_of(rician(np.full(SHAPE, TISSUE), 5.0)))


def test_an_image_without_signal_has_neither_limit_nor_sigma() -> None:
    empty = np.zeros(SHAPE)
    assert noise_limit(empty) == 0
    assert math.isnan(sigma_of(empty))


def test_an_image_whose_air_alone_was_zeroed_has_no_sigma() -> None:
    water, fat = rician(0.9 * TISSUE * body(), 5.0, 1), rician(0.1 * TISSUE * body(), 5.0, 2)
    fat[~body()] = 0.0
    total = water + fat
    assert math.isnan(noise_sigma(fat, total, find_air(total)))


def test_ghosts_along_one_axis_do_not_count() -> None:
    ghost = 0.08 * TISSUE * (np.roll(body(), 48, axis=1) & ~body())
    assert sigma_of(rician(TISSUE * body() + ghost, 5.0)) == pytest.approx(5.0, rel=0.05)


@pytest.mark.parametrize(
    ("in_tissue", "in_air", "louder"), [(5, 15, True), (5, 8, True), (5, 5, False), (15, 5, False)]
)
def test_air_that_varies_more_than_the_noise_of_tissue_allows_is_told(
    in_tissue: float, in_air: float, louder: bool
) -> None:
    sigma = np.where(body(), in_tissue, in_air)
    total = rician(0.9 * TISSUE * body(), sigma, 1) + rician(0.1 * TISSUE * body(), sigma, 2)
    average = (total + rician(0.9 * TISSUE * body(), sigma, 3) + rician(0.1 * TISSUE * body(), sigma, 4)) / 2
    for signal in (total, average):
        assert is_louder_than_tissue(signal, find_air(signal)) == louder


def test_without_air_or_tissue_nothing_is_louder() -> None:
    for signal in (np.full(SHAPE, TISSUE), np.zeros(SHAPE), TISSUE * body()):
        assert not is_louder_than_tissue(signal, find_air(signal))


def test_noise_beyond_a_tenth_of_tissue_is_not_believed() -> None:
    assert math.isnan(sigma_of(rician(TISSUE * body(), 0.13 * TISSUE)))
