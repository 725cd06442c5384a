from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from myoscope.synthesis.ultrasound import (
    Echoes,
    Scanner,
    contact_loss,
    draw_scanner,
    envelope,
    gray_scale,
    median_db,
    transmission,
    white_noise,
)

SPACING = (0.1, 0.1)
SCANNER = Scanner(
    axial_mm=0.1,
    lateral_mm=0.2,
    focus_mm=20.0,
    spread=0.01,
    brightness=0.3,
    range_db=60.0,
    gamma=1.0,
    noise_db=-300.0,
    noise_slope_db_mm=0.0,
    tgc_db=(0.0, 0.0),
    looks=1,
    sharpening=0.0,
    ring_mm=1.0,
    ring_db=-200.0,
    floor=0.0,
)
#: sqrt(4 / pi - 1): the coefficient of variation of a Rayleigh distribution.
RAYLEIGH = 0.5227


def even(shape: tuple[int, int], scatter: float = 1.0, specular: float = 0.0, loss: float = 0.0) -> Echoes:
    return Echoes(*(np.full(shape, value, dtype=np.float32) for value in (scatter, specular, loss)))


def speckle(scanner: Scanner = SCANNER, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return envelope(even((700, 700)), white_noise(rng, (700, 700)), SPACING, scanner)


def half_width(values: np.ndarray, axis: int) -> int:
    """Return at which lag the autocorrelation of an array along an axis falls to one half."""
    centered = values - values.mean()
    power = np.abs(np.fft.fft(centered, axis=axis)) ** 2
    correlation = np.fft.ifft(power.sum(axis=1 - axis)).real
    return int(np.argmax(correlation < correlation[0] / 2))


def test_the_envelope_of_even_tissue_has_the_statistics_of_rayleigh() -> None:
    amplitude = speckle()
    assert amplitude.std() / amplitude.mean() == pytest.approx(RAYLEIGH, abs=0.012)
    assert np.mean(amplitude**2) == pytest.approx(1.0, abs=0.04)
    # The median of a Rayleigh distribution of unit power is sqrt(ln 2), its 90th percentile sqrt(ln 10).
    assert np.quantile(amplitude, (0.5, 0.9)) == pytest.approx(np.sqrt(np.log([2.0, 10.0])), rel=0.03)


def test_the_power_of_speckle_is_the_same_at_every_depth_although_its_width_is_not() -> None:
    amplitude = speckle(replace(SCANNER, spread=0.02, focus_mm=5.0))
    rows = np.mean(amplitude**2, axis=1).reshape(7, 100).mean(axis=1)
    assert np.all(np.abs(rows - 1.0) < 0.12)
    assert half_width(amplitude[550:], 1) > 1.8 * half_width(amplitude[:100], 1)


def test_two_looks_have_the_variation_of_a_mean_of_two() -> None:
    amplitude = speckle(replace(SCANNER, looks=2))
    assert amplitude.std() / amplitude.mean() == pytest.approx(RAYLEIGH / np.sqrt(2), abs=0.015)


def test_a_wider_point_spread_gives_coarser_speckle_in_its_own_direction_only() -> None:
    even_wide = replace(SCANNER, spread=0.0)
    narrow, wide = speckle(even_wide), speckle(replace(even_wide, lateral_mm=0.6))
    assert half_width(wide, 1) == pytest.approx(3 * half_width(narrow, 1), abs=2)
    assert half_width(wide, 0) == half_width(narrow, 0)


def test_a_broad_reflector_without_scatter_returns_its_own_amplitude() -> None:
    noise = white_noise(np.random.default_rng(0), (120, 80))
    amplitude = envelope(even((120, 80), scatter=0.0, specular=0.4), noise, SPACING, SCANNER)
    np.testing.assert_allclose(amplitude, 0.4, rtol=1e-5)


def test_noise_of_the_machine_shows_where_nothing_echoes_and_fades_towards_the_probe() -> None:
    scanner = replace(SCANNER, noise_db=-20.0, noise_slope_db_mm=1.0)
    noise = white_noise(np.random.default_rng(0), (400, 400))
    amplitude = envelope(even((400, 400), scatter=0.0), noise, SPACING, scanner)
    rows = 10 * np.log10(np.mean(amplitude**2, axis=1))
    assert rows[-40:].mean() == pytest.approx(-22.0, abs=1.0)
    assert rows[-40:].mean() - rows[:40].mean() == pytest.approx(36.0, abs=1.5)


def test_every_row_is_dimmed_by_the_rows_above_it_and_not_by_itself() -> None:
    loss = np.full((5, 2), 10.0, dtype=np.float32)
    np.testing.assert_allclose(transmission(loss, 2.0)[:, 0], [1.0, 0.1, 0.01, 1e-3, 1e-4], rtol=1e-4)


def test_gray_is_linear_in_db_between_black_and_the_knee() -> None:
    amplitude = np.full((50, 40), 10.0 ** (-30.0 / 20.0), dtype=np.float32)
    amplitude[:10] *= 10.0 ** (-12.0 / 20.0)
    amplitude[40:] *= 10.0 ** (12.0 / 20.0)
    middle = median_db(amplitude)
    assert middle == pytest.approx(-30.0, abs=0.01)
    gray = gray_scale(amplitude, 0.1, SCANNER, contact_db=np.zeros(40, np.float32), middle_db=middle)
    # Brightness 0.3, 12 dB of 60 are 0.2.
    assert gray[[5, 25, 45], 20] == pytest.approx([255 * v for v in (0.1, 0.3, 0.5)], abs=0.51)


def test_white_is_neared_softly() -> None:
    amplitude = np.ones((30, 30), dtype=np.float32)
    gray = [
        int(gray_scale(amplitude, 0.1, SCANNER, contact_db=np.zeros(30, np.float32), middle_db=-level)[15, 15])
        for level in (0.0, 20.0, 30.0, 60.0, 300.0)
    ]
    assert gray == sorted(gray)
    assert gray[3] < 252
    assert gray[4] == 255


def test_where_the_probe_loses_the_skin_the_picture_is_dark_below_the_reverberations() -> None:
    scanner = replace(SCANNER, ring_db=-10.0)
    contact = np.zeros(700, dtype=np.float32)
    contact[300:] = -80.0
    gray = gray_scale(speckle(), 0.1, scanner, contact_db=contact, middle_db=-1.6)
    assert gray[200:, 350:].max() == 0
    assert gray[:5, 350:].min() > 0
    assert gray[200:, :250].mean() > 60


def test_scanners_and_contact_follow_the_seed() -> None:
    one, same, other = (draw_scanner(np.random.default_rng(seed), 40.0) for seed in (1, 1, 2))
    assert one == same
    assert one != other
    losses = [contact_loss(np.random.default_rng(seed), 300, 0.1) for seed in range(30)]
    assert all(loss.shape == (300,) and (loss <= 0).all() for loss in losses)
    assert any((loss < -5).any() for loss in losses)
    assert any((loss == 0).all() for loss in losses)
