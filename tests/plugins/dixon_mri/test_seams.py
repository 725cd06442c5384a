from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from myoscope_dixon_mri.seams import Seam, brightness_ratio, matching_gains, seam_findings

CLEAN = Seam("station 1", "station 2", 0.0, 1.0, (0.4, -0.2, 0.9), (2.2, 2.2, 3.0))


def tissue(seed: int = 0) -> np.ndarray:
    """A block of tissue of two kinds in noisy air."""
    rng = np.random.default_rng(seed)
    image = np.zeros((6, 40, 40))
    image[:, 8:32, 8:32] = 300.0
    image[:, 8:32, 8:14] = 700.0
    return np.hypot(image + rng.normal(0, 10, image.shape), rng.normal(0, 10, image.shape)).astype(np.float32)


@pytest.mark.parametrize("gain", [0.4, 0.9, 1.0, 1.25, 3.0])
def test_a_known_ratio_is_found_within_one_percent(gain: float) -> None:
    assert brightness_ratio(tissue(1), np.float32(gain) * tissue(2)) == pytest.approx(gain, rel=0.01)


def test_exchanging_the_stations_gives_the_inverse() -> None:
    upper, lower = tissue(1), 1.7 * tissue(2)
    ratio, inverse = brightness_ratio(upper, lower), brightness_ratio(lower, upper)
    assert ratio is not None
    assert inverse == pytest.approx(1 / ratio, rel=1e-6)


def test_stations_that_fade_towards_each_other_are_compared_where_both_fade_alike() -> None:
    fade = (1 - 0.6 * np.exp(-np.arange(6) / 1.5))[:, None, None]
    assert brightness_ratio(tissue(1) * fade, 1.3 * tissue(2) * fade[::-1]) == pytest.approx(1.3, rel=0.01)


def test_a_few_wrong_voxels_do_not_change_the_ratio() -> None:
    lower = tissue(2)
    lower[:, 14:20, 14:20] *= 5
    lower[0] = 0
    assert brightness_ratio(tissue(1), lower) == pytest.approx(1.0, rel=0.01)


def test_an_overlap_without_tissue_has_no_ratio() -> None:
    assert brightness_ratio(np.zeros((3, 9, 9), np.float32), np.zeros((3, 9, 9), np.float32)) is None
    assert brightness_ratio(np.ones((3, 4, 4), np.float32), np.ones((3, 4, 4), np.float32)) is None


def test_gains_undo_the_ratios_and_keep_the_sum() -> None:
    signals, brightness = [400.0, 100.0, 250.0], np.array([1.0, 0.5, 2.0])
    gains = matching_gains([0.5, 4.0], signals)
    assert np.ptp(gains * brightness) == pytest.approx(0.0, abs=1e-12)
    assert np.dot(gains, signals) == pytest.approx(sum(signals))


def test_a_seam_that_tells_nothing_leaves_its_stations_as_they_are_to_each_other() -> None:
    above, below = matching_gains([None], [3.0, 5.0])
    assert above == below == pytest.approx(1.0)


def test_stations_without_signal_have_no_gain() -> None:
    assert matching_gains([None], [0.0, 0.0]) == (1.0, 1.0)


def test_stations_that_overlap_and_fit_have_no_finding() -> None:
    assert seam_findings([CLEAN, replace(CLEAN, shift_mm=None, ratio=None)]) == ()


def test_every_gap_is_told_in_one_finding() -> None:
    below = replace(CLEAN, upper="station 2", lower="station 3", missing_mm=12.04)
    (found,) = seam_findings([replace(CLEAN, missing_mm=3.0), below])
    assert found.code == "stations_gap"
    assert "3.0 mm between station 1 and station 2 and 12.0 mm between station 2 and station 3" in found.message


def test_a_shift_is_told_in_words() -> None:
    (found,) = seam_findings([replace(CLEAN, shift_mm=(-6.24, 0.3, 2.0))])
    assert found.code == "stations_shifted"
    assert "station 2 shows the body 6.2 mm to the right and 2.0 mm to the head of where station 1" in found.message


def test_a_shift_below_a_slice_is_not_told() -> None:
    thick = replace(CLEAN, steps_mm=(2.2, 2.2, 5.0), shift_mm=(0.0, 0.0, 4.5))
    assert seam_findings([thick]) == ()
    assert seam_findings([replace(thick, steps_mm=(2.2, 2.2, 3.0))]) != ()
