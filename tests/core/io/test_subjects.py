from __future__ import annotations

import json
from pathlib import Path

import pytest

from myoscope import InputError, Sex, Subject
from myoscope.io import read_subject

FACTS = {"id": "P07", "sex": "female", "age": 71, "height_m": 1.58, "weight_kg": 62}
WHOLE = Subject("P07", Sex.FEMALE, 71.0, 1.58, 62.0)


def test_a_mapping_a_file_and_a_subject_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "subject.json"
    path.write_text(json.dumps(FACTS))
    assert read_subject(FACTS) == read_subject(path) == read_subject(str(path)) == read_subject(WHOLE) == WHOLE


def test_every_fact_may_be_absent() -> None:
    assert read_subject({}) == Subject()
    assert read_subject({"age": None}) == Subject()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"height_m": 168}, "height_m is in meters, 168 looks like centimeters"),
        ({"height_m": 0.2}, r"height_m is 0\.2, expected 0\.5 to 2\.5 meters"),
        ({"age": 150}, "age is 150, expected 0 to 120 years"),
        ({"age": float("nan")}, "age is nan"),
        ({"weight_kg": 1}, "weight_kg is 1, expected 2 to 400 kilograms"),
        ({"sex": "x"}, "sex is 'x': input should be 'female' or 'male'"),
        ({"age": "old"}, "age is 'old': input should be a valid number"),
        ({"height": 1.6}, "A subject has no height. Known are id, sex, age"),
    ],
)
def test_a_wrong_fact_gets_a_sentence(facts: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        read_subject(facts)
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_a_subject_built_by_hand_is_checked_too() -> None:
    with pytest.raises(InputError, match="centimeters"):
        read_subject(Subject(height_m=168))


@pytest.mark.parametrize("text", ["not json", "[1, 2]"])
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "subject.json").write_text(text)
    with pytest.raises(InputError, match=r"subject\.json"):
        read_subject(tmp_path / "subject.json")


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_subject(tmp_path / "none.json")
