from __future__ import annotations

import math
import pickle
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import GeometryError, Grid
from myoscope.ops.air import noise_limit
from myoscope.ops.fat import (
    FLOOR_KEPT,
    FLOOR_REMOVED,
    PDFF_METHOD,
    SIGNAL_METHOD,
    fat_fraction,
    fat_fraction_of,
    fat_volume_ml,
    fraction_of_sums,
    mean_of_voxels,
)

Volume = NDArray[np.float32]
SHAPE = (6, 60, 80)


def leg() -> tuple[Volume, Volume, NDArray[np.bool_], NDArray[np.bool_]]:
    """Water and fat of a muscle of 10% fat in a rim of 90%, the body and the muscle."""
    _, j, i = np.indices(SHAPE)
    radius = np.hypot(i - 40, j - 30)
    body, muscle = radius < 24, radius < 17
    percent = np.where(muscle, 10.0, 90.0)
    water, fat = (np.where(body, 4.0 * p, 0.0).astype(np.float32) for p in (100.0 - percent, percent))
    return water, fat, body, muscle


def noisy(image: Volume, sigma: float, seed: int) -> Volume:
    """Rician noise: the magnitude of a complex image with noise in both parts."""
    rng = np.random.default_rng(seed)
    return np.hypot(image + rng.normal(0, sigma, SHAPE), rng.normal(0, sigma, SHAPE)).astype(np.float32)


def test_the_fraction_of_known_mixtures_is_known_where_air_is_zero() -> None:
    water, fat, body, muscle = leg()
    found = fat_fraction(water, fat)
    assert found.percent.dtype == np.float32
    assert np.allclose(found.percent[muscle], 10.0)
    assert np.allclose(found.percent[body & ~muscle], 90.0)
    assert np.isnan(found.percent[~body]).all()
    assert found.method == f"{SIGNAL_METHOD}, {FLOOR_KEPT}"
    assert found.sigmas is None
    assert 0 < found.noise < 400 / 4


@pytest.mark.parametrize("sigma", [0.5, 3.0, 10.0, 25.0])
def test_the_noise_of_air_has_no_fraction_and_all_of_the_body_has_one(sigma: float) -> None:
    water, fat, body, _ = leg()
    percent = fat_fraction(noisy(water, sigma, 1), noisy(fat, sigma, 2)).percent
    assert np.isnan(percent[~body]).mean() > 0.995
    assert np.isfinite(percent[body]).all()


@pytest.mark.parametrize("sigma", [60.0, 100.0])
def test_however_loud_the_noise_tissue_keeps_its_fraction(sigma: float) -> None:
    water, fat, body, _ = leg()
    percent = fat_fraction(noisy(water, sigma, 1), noisy(fat, sigma, 2)).percent
    assert np.isfinite(percent[body]).mean() > 0.98


def test_stored_integers_give_the_fraction_of_their_values() -> None:
    water, fat, body, _ = leg()
    scaled = [np.rint(80 * image).astype(np.int16) for image in (water, fat)]
    percent = fat_fraction(*scaled).percent
    assert np.allclose(percent[body], fat_fraction(water, fat).percent[body], atol=0.01)


def test_shading_of_the_coil_cancels() -> None:
    water, fat, body, _ = leg()
    shading = np.linspace(0.5, 2.0, SHAPE[2], dtype=np.float32)
    assert np.allclose(
        fat_fraction(water * shading, fat * shading).percent[body], fat_fraction(water, fat).percent[body]
    )


def test_slices_that_no_station_measured_do_not_hide_the_noise_of_the_others() -> None:
    water, fat, body, _ = leg()
    pair = [noisy(image, 5.0, seed) for seed, image in enumerate((water, fat))]
    for image in pair:
        image[3:] = 0
    percent = fat_fraction(*pair).percent
    assert np.isnan(percent[3:]).all()
    assert np.isnan(percent[:3][~body[:3]]).mean() > 0.995
    assert np.isfinite(percent[:3][body[:3]]).all()


@pytest.mark.parametrize("sigma", [2.0, 25.0])
def test_noise_is_known_around_a_thin_leg_too(sigma: float) -> None:
    random = np.random.default_rng(0)
    shape = (4, 150, 200)
    _, j, i = np.indices(shape)
    leg = np.hypot(i - 100, j - 75) < 20
    water, fat = (
        np.hypot(share * leg + random.normal(0, sigma, shape), random.normal(0, sigma, shape)).astype(np.float32)
        for share in (230.0, 20.0)
    )
    percent = fat_fraction(water, fat).percent
    assert np.isnan(percent[~leg]).mean() > 0.98
    assert np.isfinite(percent[leg]).mean() > 0.99


def test_a_few_voxels_as_bright_as_an_artifact_change_little() -> None:
    water, fat, body, _ = leg()
    pair = [noisy(image, 5.0, seed) for seed, image in enumerate((water, fat))]
    calm = fat_fraction(*pair).noise
    pair[0][0, 30, 40:43] = 40000
    spiked = fat_fraction(*pair)
    assert spiked.noise == pytest.approx(calm, rel=0.05)
    assert np.isfinite(spiked.percent[body]).all()


def test_a_body_that_fills_the_image_is_not_taken_for_air() -> None:
    rng = np.random.default_rng(0)
    total = np.full(SHAPE, 300.0)
    total[:, 20:] = 680.0
    water = 0.9 * (total + rng.normal(0, 10, SHAPE)).astype(np.float32)
    assert np.isfinite(fat_fraction(water, water / 9).percent).all()


def test_one_slice_is_enough() -> None:
    water, fat, body, muscle = leg()
    percent = fat_fraction(water[0], fat[0]).percent
    assert np.allclose(percent[muscle[0]], 10.0)
    assert np.isnan(percent[~body[0]]).all()


def test_an_image_without_signal_has_no_fraction() -> None:
    empty = np.zeros(SHAPE, np.float32)
    found = fat_fraction(empty, empty)
    assert np.isnan(found.percent).all()
    assert found.noise == noise_limit(empty) == 0


def test_images_are_untouched_and_the_result_survives_pickle() -> None:
    water, fat, _, _ = leg()
    before = water.copy(), fat.copy()
    found = fat_fraction(water, fat)
    assert np.array_equal(before[0], water)
    assert np.array_equal(before[1], fat)
    assert np.array_equal(pickle.loads(pickle.dumps(found)).percent, found.percent, equal_nan=True)  # noqa: S301


def test_images_of_different_shapes_are_refused() -> None:
    with pytest.raises(GeometryError, match=r"\(2, 3\).*\(3, 2\)"):
        fat_fraction(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(GeometryError, match="PDFF"):
        fat_fraction_of({"pdff": np.ones((2, 3)), "in_phase": np.ones((3, 2))})


def test_memory_beside_the_result_stays_below_another_image() -> None:
    image = np.random.default_rng(0).random((40, 120, 160), dtype=np.float32)
    tracemalloc.start()
    fat_fraction(image, image)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * image.nbytes


def test_a_bright_voxel_weighs_more_in_the_fraction_of_sums_than_in_the_mean() -> None:
    water, fat = np.array([100.0, 100.0, 50.0]), np.array([0.0, 300.0, 50.0])
    percent = 100 * fat / (water + fat)
    mask = np.array([True, True, False])
    assert mean_of_voxels(percent, mask) == pytest.approx((0 + 75) / 2)
    assert fraction_of_sums(water, fat, mask) == pytest.approx(60.0)


@pytest.mark.parametrize("sigma", [2.0, 6.0, 12.0])
def test_noise_does_not_raise_the_fraction_of_a_lean_disc_in_bright_fat(sigma: float) -> None:
    _, _, body, muscle = leg()
    water, fat = (np.where(muscle, a, np.where(body, b, 0.0)).astype(np.float32) for a, b in ((384, 40), (16, 760)))
    pair = noisy(water, sigma, 1), noisy(fat, sigma, 2)
    found = fat_fraction(*pair)
    assert found.method == f"{SIGNAL_METHOD}, {FLOOR_REMOVED}"
    assert found.sigmas == pytest.approx((sigma, sigma), rel=0.05)
    assert fraction_of_sums(*pair, muscle, found.sigmas) == pytest.approx(4.0, abs=0.4)
    assert mean_of_voxels(found.percent, muscle) == pytest.approx(4.0, abs=0.5)
    raised = fraction_of_sums(*pair, muscle) - 4.0
    assert raised == pytest.approx(100 * sigma**2 / (2 * 16) / 400, rel=0.25)


def test_single_voxels_below_zero_are_kept_so_that_means_are_right() -> None:
    water, fat, body, muscle = leg()
    fat[muscle] = 8.0
    percent = fat_fraction(noisy(water, 8.0, 1), noisy(fat, 8.0, 2)).percent
    assert np.nanmin(percent[muscle]) < 0
    assert np.isfinite(percent[body]).all()


def test_what_is_noise_is_decided_before_its_floor_is_removed() -> None:
    water, fat, _, _ = leg()
    pair = noisy(water, 10.0, 1), noisy(fat, 10.0, 2)
    found = fat_fraction(*pair)
    assert np.array_equal(np.isnan(found.percent), pair[0] + pair[1] <= noise_limit(pair[0] + pair[1]))


def test_where_air_was_zeroed_the_fraction_stays_as_measured_and_says_so() -> None:
    water, fat, body, muscle = leg()
    pair = [np.where(body, noisy(image, 10.0, seed), 0.0).astype(np.float32) for seed, image in enumerate((water, fat))]
    found = fat_fraction(pair[0], pair[1])
    assert found.method == f"{SIGNAL_METHOD}, {FLOOR_KEPT}"
    assert np.allclose(found.percent[muscle], 100 * pair[1][muscle] / (pair[0] + pair[1])[muscle])
    assert fraction_of_sums(pair[0], pair[1], muscle, found.sigmas) == fraction_of_sums(pair[0], pair[1], muscle)


def test_air_full_of_artifacts_wrecks_no_fraction() -> None:
    water, fat, body, muscle = leg()
    fat[muscle] = 16.0
    pair = [np.where(body, noisy(a, 5.0, n), noisy(a, 15.0, n)).astype(np.float32) for n, a in enumerate((water, fat))]
    found = fat_fraction(pair[0], pair[1])
    assert found.method == f"{SIGNAL_METHOD}, {FLOOR_KEPT}"
    assert mean_of_voxels(found.percent, muscle) == pytest.approx(100 * 16 / 376, abs=0.4)


def test_an_empty_mask_has_no_fraction_and_no_fat() -> None:
    image, empty = np.ones(SHAPE, np.float32), np.zeros(SHAPE, np.bool_)
    grid = Grid.identity(SHAPE[::-1], (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    assert math.isnan(mean_of_voxels(image, empty))
    assert math.isnan(fraction_of_sums(image, image, empty))
    assert math.isnan(fraction_of_sums(0 * image, 0 * image, ~empty))
    assert math.isnan(fat_volume_ml(image, empty, grid))
    assert math.isnan(mean_of_voxels(np.full(SHAPE, np.nan, np.float32), ~empty))


def test_noise_never_counts_as_lean() -> None:
    percent = np.array([[20.0, 40.0], [np.nan, np.nan]], np.float32)[None]
    grid = Grid.identity((2, 2, 1), (10.0, 10.0, 5.0), (0.0, 0.0, 0.0))
    everywhere = np.ones(percent.shape, np.bool_)
    assert mean_of_voxels(percent, everywhere) == pytest.approx(30.0)
    assert fat_volume_ml(percent, everywhere, grid) == pytest.approx(0.3 * 4 * 0.5)
    assert fat_volume_ml(percent, np.isfinite(percent), grid) == pytest.approx((0.2 + 0.4) * 0.5)


def test_the_map_of_the_scanner_comes_before_the_signal_fraction() -> None:
    water, fat, body, _ = leg()
    pdff = np.full(SHAPE, 33.0, np.float32)
    found = fat_fraction_of({"water": water, "fat": fat, "pdff": pdff})
    assert found is not None
    assert found.method == PDFF_METHOD
    assert np.all(found.percent[body] == 33.0)
    assert np.isnan(found.percent[~body]).all()
    alone = fat_fraction_of({"pdff": pdff})
    assert alone is not None
    assert np.array_equal(alone.percent, pdff)
    assert alone.percent is not pdff
    beside = fat_fraction_of({"in_phase": water + fat, "pdff": pdff})
    assert beside is not None
    assert np.array_equal(beside.percent, found.percent, equal_nan=True)


def test_the_map_of_the_scanner_stays_as_it_is_and_sums_beside_it_lose_the_noise_floor() -> None:
    water, fat, body, muscle = leg()
    fat[muscle] = 16.0
    channels = {"water": noisy(water, 10.0, 1), "fat": noisy(fat, 10.0, 2), "pdff": np.full(SHAPE, 5.0, np.float32)}
    found = fat_fraction_of(channels)
    assert found is not None
    assert found.method == PDFF_METHOD
    assert np.all(found.percent[body] == 5.0)
    assert found.sigmas == pytest.approx((10.0, 10.0), rel=0.05)


def test_a_scan_without_the_pair_has_no_fraction() -> None:
    water, fat, _, _ = leg()
    assert fat_fraction_of({"mr": water}) is None
    assert fat_fraction_of({"fat": fat, "in_phase": water}) is None
    found = fat_fraction_of({"water": water, "fat": fat})
    assert found is not None
    assert np.array_equal(found.percent, fat_fraction(water, fat).percent, equal_nan=True)
