"""Classes by hand, from the published definitions."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from myoscope import InputError, UsageError
from myoscope.sarcopenia import DEFINITIONS, Truth, classify, classify_rows, cutoffs
from myoscope.sarcopenia.values import all_of, any_of

SHARED = Path(__file__).parents[4] / "shared" / "data" / "tables" / "sarcopenia_cutoffs.csv"
#: A man with everything measured and nothing below par.
FIT = {
    "sex": "male", "age": 70, "height_m": 1.75, "weight_kg": 78, "asm_kg": 25, "asm_method": "dxa",
    "grip_strength_kg": 40, "chair_stand_5_s": 9, "gait_speed_m_s": 1.2, "sppb_points": 12, "tug_s": 8,
    "walk_400m_min": 4.5,
}  # fmt: skip
WEAK, THIN, SLOW = {"grip_strength_kg": 20}, {"asm_kg": 16}, {"gait_speed_m_s": 0.6}


@pytest.mark.parametrize(
    ("definition", "change", "label"),
    [
        ("EWGSOP2", {}, "no"),
        ("EWGSOP2", WEAK, "probable"),
        ("EWGSOP2", {"chair_stand_5_s": 16}, "probable"),
        ("EWGSOP2", WEAK | THIN, "confirmed"),
        ("EWGSOP2", WEAK | THIN | SLOW, "severe"),
        ("EWGSOP2", THIN | SLOW, "no"),
        ("AWGS2019", {}, "no"),
        ("AWGS2019", WEAK | SLOW, "no"),
        ("AWGS2019", THIN | WEAK, "sarcopenia"),
        ("AWGS2019", THIN | {"chair_stand_5_s": 12}, "sarcopenia"),
        ("AWGS2019", THIN | WEAK | SLOW, "severe"),
        ("AWGS2025", THIN | SLOW, "no"),
        ("AWGS2025", THIN | WEAK, "sarcopenia"),
        ("FNIH", WEAK, "no"),
        ("FNIH", WEAK | THIN, "sarcopenia"),
    ],
)
def test_the_classes_are_those_of_the_definition(definition: str, change: dict[str, object], label: str) -> None:
    assert classify(FIT | change, definition).label == label


@pytest.mark.parametrize(
    ("definition", "fact", "value", "below"),
    [
        ("EWGSOP2", "grip_strength_kg", 27, Truth.NO),
        ("EWGSOP2", "grip_strength_kg", 26.9, Truth.YES),
        ("EWGSOP2", "chair_stand_5_s", 15, Truth.NO),
        ("AWGS2019", "chair_stand_5_s", 12, Truth.YES),
        ("EWGSOP2", "gait_speed_m_s", 0.8, Truth.YES),
        ("AWGS2019", "gait_speed_m_s", 1.0, Truth.NO),
        ("EWGSOP2", "sppb_points", 8, Truth.YES),
        ("EWGSOP2", "tug_s", 20, Truth.YES),
        ("EWGSOP2", "walk_400m_min", 6, Truth.YES),
        ("EWGSOP2", "walk_400m_min", float("inf"), Truth.YES),
    ],
)
def test_a_value_on_the_cutoff_is_below_par_only_where_the_comparison_says_so(
    definition: str, fact: str, value: float, below: Truth
) -> None:
    found = classify(FIT | {fact: value}, definition)
    one = next(one for one in found.evidence if one.value == value)
    assert one.below_par is below


def test_a_missing_test_is_never_a_no() -> None:
    """Whatever is taken away, an answer stays or cannot be told; it never turns around."""
    for definition, change in itertools.product(DEFINITIONS, (WEAK | THIN, WEAK | THIN | SLOW, THIN, WEAK, {})):
        row = FIT | change
        full = classify(row, definition)
        for gone in row:
            part = classify({name: value for name, value in row.items() if name != gone}, definition)
            for before, after in zip(full.stages, part.stages, strict=True):
                assert after.answer in {before.answer, Truth.CANNOT_TELL}
                assert (after.answer is Truth.CANNOT_TELL) == bool(after.missing)


def test_what_is_missing_is_named() -> None:
    found = classify({"sex": "female", "age": 70, "grip_strength_kg": 14}, "EWGSOP2")
    assert found.label == "at least probable"
    assert found["confirmed"].answer is Truth.CANNOT_TELL
    assert found["confirmed"].missing == ("asm_kg", "height_m")
    assert classify({"sex": "female", "grip_strength_kg": 20}, "EWGSOP2").missing[0] == "chair_stand_5_s"


def test_the_tests_at_hand_decide_when_they_can() -> None:
    """Enough muscle refutes confirmed sarcopenia, however strong the person is."""
    found = classify({"sex": "male", "asm_kg": 25, "height_m": 1.75}, "EWGSOP2")
    assert found["probable"].answer is Truth.CANNOT_TELL
    assert (found["confirmed"].answer, found["severe"].answer) == (Truth.NO, Truth.NO)
    assert found["confirmed"].missing == ()


def test_an_unknown_sex_matters_only_between_the_cutoffs() -> None:
    grips = {kg: classify({"grip_strength_kg": kg}, "FNIH").evidence[0] for kg in (10, 20, 40)}
    assert [grips[kg].below_par for kg in (10, 20, 40)] == [Truth.YES, Truth.CANNOT_TELL, Truth.NO]
    assert grips[20].missing == ("sex",)


def test_an_unknown_method_matters_only_between_the_cutoffs() -> None:
    woman = {"sex": "female", "grip_strength_kg": 10, "age": 70, "height_m": 1.6}
    labels = {index: classify(woman | {"asm_height2_kg_m2": index}, "AWGS2019") for index in (5.0, 5.5, 6.0)}
    assert labels[5.0]["sarcopenia"].answer is Truth.YES
    assert labels[5.5]["sarcopenia"].missing == ("asm_method",)
    assert labels[6.0]["sarcopenia"].answer is Truth.NO


def test_a_protocol_says_which_tests_there_were() -> None:
    row = {"sex": "male", "grip_strength_kg": 40, "asm_height2_kg_m2": 8.0}
    assert classify(row, "EWGSOP2").label == "cannot tell"
    found = classify(row, "EWGSOP2", using=("grip_strength", "asm_height2"))
    assert found.label == "no"
    assert "Only these tests were considered: grip_strength, asm_height2." in found.notes


def test_a_criterion_without_any_test_in_the_protocol_cannot_be_told() -> None:
    found = classify(FIT | WEAK | THIN, "EWGSOP2", using=("grip_strength", "asm"))
    assert found.label == "at least confirmed"
    assert found.missing == ("a test of performance",)


@pytest.mark.parametrize(("age", "kg", "label"), [(64.9, 33, "sarcopenia"), (65, 33, "no"), (65, 27, "sarcopenia")])
def test_awgs2025_goes_by_age(age: float, kg: float, label: str) -> None:
    assert classify(FIT | THIN | {"age": age, "grip_strength_kg": kg}, "AWGS2025").label == label


def test_awgs2025_has_no_answer_below_the_age_of_50() -> None:
    found = classify(FIT | THIN | WEAK | {"age": 40}, "AWGS2025")
    assert found.label == "cannot tell"
    assert "AWGS2025 has no cut-off of grip_strength at the age of 40" in found.missing


def test_cutoffs_that_are_not_verified_say_so_in_every_result_that_used_them() -> None:
    found = classify(FIT, "AWGS2025")
    statuses = {cutoff.status for cutoff in found.cutoffs}
    assert statuses == {"secondary", "unverified"}
    for cutoff in found.cutoffs:
        assert any(note.startswith(f"{cutoff} is ") for note in found.notes)
    assert any("asm_height2_dxa < 7 kg/m2 (male, 65+) is unverified" in note for note in found.notes)
    assert any("no cut-off of asm_bmi by dxa" in note for note in found.notes)


def test_a_result_lists_its_cutoffs_whole_and_says_research_use() -> None:
    found = classify(FIT, "EWGSOP2")
    assert len(found.cutoffs) == 8
    for cutoff in found.cutoffs:
        assert cutoff.status == "verified"
        assert cutoff.source.startswith("10.1093/ageing/afy169")
        assert cutoff.unit
    assert found.notes == ()
    assert found.notice.startswith("Research use only")


def test_every_cutoff_belongs_to_a_test_of_its_definition() -> None:
    from myoscope.sarcopenia.measures import base_name

    known = {(d.name, test) for d in DEFINITIONS.values() for tests in d.criteria.values() for test in tests}
    assert {(cutoff.definition, base_name(cutoff.measure)) for cutoff in cutoffs()} == known


@pytest.mark.shared
def test_the_table_is_the_shared_one() -> None:
    if not SHARED.is_file():
        pytest.skip("the shared data are not beside the project")
    own = Path(__file__).parents[3] / "core" / "myoscope" / "sarcopenia" / "cutoffs.csv"
    assert own.read_bytes() == SHARED.read_bytes()


def test_many_rows_become_a_table() -> None:
    frame = classify_rows([FIT, FIT | WEAK, {"sex": "male"}], "EWGSOP2")
    assert list(frame["class"]) == ["no", "probable", "cannot tell"]
    assert "grip_strength < 27 kg (male) [verified, 10.1093/ageing/afy169]" in frame["cutoffs"][0]
    with pytest.raises(InputError, match="Row 2: height_m is in m, 175 looks like centimeters"):
        classify_rows([FIT, FIT | {"height_m": 175}], "EWGSOP2")


@pytest.mark.parametrize("call", [("EWGSOP3", None), ("FNIH", ("chair_stand_5",))])
def test_an_unknown_definition_or_test_is_refused(call: tuple[str, tuple[str, ...] | None]) -> None:
    with pytest.raises(UsageError, match=r"EWGSOP2|grip_strength"):
        classify(FIT, call[0], using=call[1])


def test_logic_is_kleene_s() -> None:
    yes, no, open_ = Truth.YES, Truth.NO, Truth.CANNOT_TELL
    assert [any_of(pair) for pair in ((yes, open_), (no, open_), (no, no), ())] == [yes, open_, no, open_]
    assert [all_of(pair) for pair in ((no, open_), (yes, open_), (yes, yes), ())] == [no, open_, yes, open_]
