import pytest

from myoscope.data.segmentation import Certainty
from myoscope.training.scoring import FEWEST_PAIRS, calibration_of


def test_the_line_from_certainty_to_dice_is_found_again() -> None:
    sure = [Certainty(0.9, {"femur": 0.7 + 0.01 * n, "gracilis": 0.5 + 0.01 * n}) for n in range(20)]
    cases = [
        {name: [(2 * value - 0.85, 0.0), (2 * value - 0.75, 0.0)] for name, value in c.by_structure.items()}
        for c in sure
    ]
    line = calibration_of(sure, cases)
    assert line is not None
    assert (line.slope, line.intercept, line.spread, line.count) == pytest.approx((2.0, -0.8, 0.0, 40))


def test_structures_that_the_model_did_not_find_and_too_few_of_them_give_no_line() -> None:
    sure = [Certainty(0.9, {"femur": 0.7 + 0.01 * n}) for n in range(FEWEST_PAIRS - 1)]
    cases = [{"femur": [(0.9, 1.0)], "gracilis": [(0.0, 100.0)]} for _ in sure]
    assert calibration_of(sure, cases) is None


def test_structures_of_one_certainty_give_no_line() -> None:
    assert calibration_of([Certainty(0.9, {"femur": 0.7})] * 40, [{"femur": [(0.9, 1.0)]}] * 40) is None
