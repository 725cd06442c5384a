from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import Grid
from myoscope_dixon_mri.layers import DEEP_WEIGHT, SKIN_WEIGHT, measure_halves

SHAPE = (3, 100, 160)
PIXEL_MM = 1.5


def grid() -> Grid:
    return Grid.identity(SHAPE[::-1], (PIXEL_MM, PIXEL_MM, 5.0), (0.0, 0.0, 0.0))


def disc(*, column: float, radius_mm: float) -> NDArray[np.bool_]:
    j, i = np.ogrid[: SHAPE[1], : SHAPE[2]]
    inside: NDArray[np.bool_] = PIXEL_MM * np.hypot(i - column, j - SHAPE[1] / 2) < radius_mm
    return inside


def limbs(*columns: float, fat_mm: float = 4.5, skin_mm: float = 1.5, radius_mm: float = 45.0) -> NDArray[np.float32]:
    """Fat fraction of round limbs of muscle (0%) under fat (100%) under skin (0%); NaN in air."""
    percent = np.full(SHAPE, np.nan, np.float32)
    for column in columns:
        for value, depth in ((0, 0.0), (100, skin_mm), (0, skin_mm + fat_mm)):
            percent[:, disc(column=column, radius_mm=radius_mm - depth)] = value
    return percent


def test_the_layers_are_found_at_their_depth() -> None:
    halves = measure_halves(limbs(40, 120), grid())
    assert halves.seen.all()
    assert np.all(halves.rim > 0.6)
    assert np.all(halves.deep < -0.9)


def test_exchanged_layers_give_the_opposite_evidence() -> None:
    percent = limbs(40, 120)
    right, wrong = (measure_halves(p, grid()).evidence for p in (percent, 100 - percent))
    assert np.all(right > 0.5)
    assert np.allclose(wrong, -right, atol=1e-6)


def test_fat_that_fills_every_layer_still_speaks_for_itself() -> None:
    percent = limbs(40, 120, fat_mm=60.0, skin_mm=0.0)
    assert np.allclose(measure_halves(percent, grid()).evidence, 1 - DEEP_WEIGHT - SKIN_WEIGHT)


def test_each_half_is_measured_alone() -> None:
    percent = limbs(40, 120)
    percent[:, :, 80:] = 100 - percent[:, :, 80:]
    evidence = measure_halves(percent, grid()).evidence
    assert np.all(evidence[0] > 0.5)
    assert np.all(evidence[1] < -0.5)


def test_agreement_is_negative_where_one_of_two_slices_is_exchanged() -> None:
    percent = limbs(40, 120)
    percent[1] = 100 - percent[1]
    assert np.allclose(measure_halves(percent, grid()).agreement, -1)


@pytest.mark.parametrize(
    ("columns", "radius_mm", "between", "leg"),
    [
        ((40, 120), 45.0, (71, 90), True),
        ((45, 100), 41.0, (71, 74), True),
        ((45, 104), 45.0, (73, 76), True),
        ((80,), 60.0, (78, 83), False),
        ((50,), 60.0, (48, 53), False),
    ],
    ids=["apart", "touching", "just apart", "single", "off center"],
)
def test_the_body_is_parted_at_the_gap_the_notch_or_the_middle(
    columns: tuple[float, ...], radius_mm: float, between: tuple[int, int], leg: bool
) -> None:
    halves = measure_halves(limbs(*columns, radius_mm=radius_mm), grid())
    assert np.all((halves.split >= between[0]) & (halves.split <= between[1]))
    assert np.all((halves.notch < 0.5) == leg)


def test_arms_and_specks_are_left_out() -> None:
    percent = limbs(80, radius_mm=60.0)
    percent[:, 45:55, 3:13] = 50
    percent[:, 5, 5] = 50
    halves = measure_halves(percent, grid())
    assert halves.voxels.sum() == 3 * disc(column=80, radius_mm=60.0).sum()


def test_dark_bone_and_gas_inside_do_not_count_as_a_surface() -> None:
    percent = limbs(40, 120)
    hollow = percent.copy()
    hollow[:, disc(column=40, radius_mm=10)] = np.nan
    whole, bored = (measure_halves(p, grid()) for p in (percent, hollow))
    assert np.array_equal(whole.evidence, bored.evidence)
    assert np.array_equal(whole.voxels, bored.voxels)


def test_the_edge_of_the_image_is_not_a_surface() -> None:
    percent = np.zeros(SHAPE, np.float32)
    percent[:, :30] = np.nan
    percent[:, 30:34] = 100
    halves = measure_halves(percent, grid())
    assert halves.seen.all()
    assert np.all(halves.rim > 0.6)


def test_slices_without_a_body_say_nothing_and_change_nothing() -> None:
    percent = limbs(40, 120)
    percent[0] = np.nan
    halves = measure_halves(percent, grid())
    assert not halves.seen[:, 0].any()
    assert np.all(halves.evidence[:, 0] == 0)
    assert np.all(halves.agreement[:, 0] == 1)
    assert halves.split[0] == halves.split[1]


def test_an_empty_station_is_parted_in_the_middle() -> None:
    halves = measure_halves(np.full(SHAPE, np.nan, np.float32), grid())
    assert np.all(halves.split == SHAPE[2] // 2)
    assert not halves.voxels.any()
