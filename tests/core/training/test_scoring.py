import math

import pytest

from myoscope.data.segmentation import Certainty
from myoscope.training.scoring import FEWEST_PAIRS, Figure, calibration_of, usual_certainty


def found(dice: float) -> Figure:
    return Figure(dice, 1.0, found=True)


LOST = Figure(0.0, 100.0, found=False)


def test_the_line_from_certainty_to_dice_is_found_again() -> None:
    sure = [Certainty(0.9, {"femur": 0.7 + 0.01 * n, "gracilis": 0.5 + 0.01 * n}) for n in range(20)]
    cases = [
        {name: [found(2 * value - 0.85), found(2 * value - 0.75)] for name, value in c.by_structure.items()}
        for c in sure
    ]
    line = calibration_of(sure, cases)
    assert line is not None
    assert (line.slope, line.intercept, line.spread, line.count) == pytest.approx((2.0, -0.8, 0.0, 40))


def test_structures_that_the_model_did_not_find_and_too_few_of_them_give_no_line() -> None:
    sure = [Certainty(0.9, {"femur": 0.7 + 0.01 * n}) for n in range(FEWEST_PAIRS - 1)]
    cases = [{"femur": [found(0.9)], "gracilis": [LOST]} for _ in sure]
    assert calibration_of(sure, cases) is None


def test_structures_of_one_certainty_give_no_line() -> None:
    assert calibration_of([Certainty(0.9, {"femur": 0.7})] * 40, [{"femur": [found(0.9)]}] * 40) is None


def test_what_refinement_took_away_does_not_count_but_one_side_that_is_missing_does() -> None:
    sure = [Certainty(0.9, {"femur": 0.7 + 0.005 * n, "gracilis": 0.95}) for n in range(40)]
    cases = [{"femur": [found(c.by_structure["femur"]), LOST], "gracilis": [LOST, LOST]} for c in sure]
    line = calibration_of(sure, cases)
    assert line is not None
    assert (line.slope, line.intercept, line.count) == pytest.approx((0.5, 0.0, 40))


def test_one_hard_volume_among_many_does_not_set_what_is_usual() -> None:
    usual = [Certainty(0.9 + 0.001 * n, {}) for n in range(40)]
    assert usual_certainty([*usual, Certainty(0.2, {}), Certainty(math.nan, {})]) == 0.9
    hard = [Certainty(0.2, {})] * 10
    assert usual_certainty([*usual, *hard]) == 0.2


def test_of_few_volumes_the_least_sure_one_counts_most() -> None:
    assert usual_certainty([Certainty(0.7, {}), Certainty(0.9, {})]) == pytest.approx(0.71)
    assert usual_certainty([Certainty(0.839, {})]) == pytest.approx(0.83)


def test_where_nothing_is_found_in_any_volume_nothing_is_usual() -> None:
    assert usual_certainty([Certainty(math.nan, {})]) is None
    assert usual_certainty([]) is None
