from __future__ import annotations

import math

import pytest

from myoscope import InputError
from myoscope.sarcopenia import Facts, read_facts


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"height_m": 175}, "height_m is in m, 175 looks like centimeters"),
        ({"asm_kg": 21500}, "asm_kg is in kg, 21500 looks like grams"),
        ({"weight_kg": 70000}, "grams"),
        ({"grip_strength_kg": 300}, "newtons"),
        ({"gait_speed_m_s": 95}, "cm/s"),
        ({"walk_400m_min": 320}, "seconds"),
        ({"grip_strength_kg": -1}, "grip_strength_kg is -1, expected 0 to 120 kg"),
        ({"sppb_points": 13}, "sppb_points is 13, expected 0 to 12 points"),
        ({"age": 200}, "age is 200"),
        ({"age": math.inf}, "age is inf"),
        ({"tug_s": "fast"}, "tug_s is 'fast', expected a number in s"),
        ({"age": True}, "True"),
        ({"sex": "M"}, "sex is 'M', expected female or male"),
        ({"asm_method": "mri"}, "expected dxa or bia"),
        ({"asm_kg": 50, "weight_kg": 45}, "expected a part of it"),
        ({"bmi_kg_m2": 30, "weight_kg": 60, "height_m": 1.7}, "bmi_kg_m2 is 30, but"),
        ({"asm_height2_kg_m2": 9, "asm_kg": 18, "height_m": 1.7}, "asm_height2_kg_m2 is 9, but"),
    ],
)
def test_impossible_values_are_refused_by_name(row: dict[str, object], word: str) -> None:
    with pytest.raises(InputError) as caught:
        read_facts(row)
    assert word in str(caught.value)


def test_text_numbers_are_read_and_empty_cells_are_missing() -> None:
    row = {
        "sex": "Female",
        "age": "71",
        "height_m": "",
        "asm_kg": math.nan,
        "tug_s": None,
        "id": "x",
        "sppb_points": "NA",
    }
    assert read_facts(row) == Facts(sex="female", age=71.0)  # type: ignore[arg-type]


def test_a_test_that_was_tried_and_not_completed_is_infinite() -> None:
    assert read_facts({"walk_400m_min": "inf"}).walk_400m_min == math.inf


def test_facts_are_checked_again() -> None:
    with pytest.raises(InputError, match="centimeters"):
        read_facts(Facts(height_m=160))
