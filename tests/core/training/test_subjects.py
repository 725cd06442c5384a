from __future__ import annotations

from pathlib import Path

import pytest

from myoscope import InputError, UsageError
from myoscope.training.subjects import Membership, held_out, read_memberships


def table(folder: Path, text: str) -> Path:
    (folder / "subjects.csv").write_text(text, encoding="utf-8")
    return folder


def test_frames_without_a_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no subjects\.csv.*by subject, never by frame"):
        read_memberships(tmp_path, ["a.png"], required=True)


def test_a_volume_without_a_table_is_a_person_of_its_own(tmp_path: Path) -> None:
    found = read_memberships(tmp_path, ["a.nii.gz", "b.nii.gz"], required=False)
    assert found == {"a.nii.gz": Membership("a.nii.gz"), "b.nii.gz": Membership("b.nii.gz")}


def test_a_subject_in_two_folds_is_a_leak_and_is_refused(tmp_path: Path) -> None:
    data = table(tmp_path, "file,subject,fold\na.png,anna,0\nb.png,anna,1\nc.png,bert,1\n")
    with pytest.raises(InputError, match="'anna' into two folds"):
        read_memberships(data, ["a.png", "b.png", "c.png"], required=True)


def test_a_case_that_the_table_leaves_out_is_refused(tmp_path: Path) -> None:
    data = table(tmp_path, "file,subject\na.png,anna\n")
    with pytest.raises(InputError, match=r"leaves out b\.png"):
        read_memberships(data, ["a.png", "b.png"], required=True)


@pytest.mark.parametrize("text", ["name,subject\na.png,anna\n", ""])
def test_a_table_without_its_columns_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="needs the columns file and subject"):
        read_memberships(table(tmp_path, text), ["a.png"], required=True)


@pytest.mark.parametrize("fold", ["5", "-1", "x"])
def test_a_fold_that_does_not_exist_is_refused(tmp_path: Path, fold: str) -> None:
    data = table(tmp_path, f"file,subject,fold\na.png,anna,{fold}\n")
    with pytest.raises(InputError, match="folds are 0 to 4"):
        read_memberships(data, ["a.png"], required=True)


def test_no_subject_is_on_both_sides_of_any_split() -> None:
    members = {f"{person}_{n}.png": Membership(person) for person in "abcdefg" for n in range(3)}
    seen: list[str] = []
    for fold in range(5):
        out = held_out(members, fold)
        people = {members[name].subject for name in out}
        assert people.isdisjoint(members[name].subject for name in members if name not in out)
        seen += sorted(out)
    assert sorted(seen) == sorted(members)


def test_the_folds_of_the_table_decide_and_an_empty_one_is_always_trained_on(tmp_path: Path) -> None:
    data = table(tmp_path, "file,subject,fold\na.png,anna,3\nb.png,bert,1\nc.png,cleo,\n")
    members = read_memberships(data, ["a.png", "b.png", "c.png"], required=True)
    assert held_out(members, 3) == {"a.png"}
    assert held_out(members, 1) == {"b.png"}
    with pytest.raises(UsageError, match="too few to hold out fold 0"):
        held_out(members, 0)


def test_synthetic_cases_are_told_apart_by_their_seeds(tmp_path: Path) -> None:
    (tmp_path / "facts").mkdir()
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        (tmp_path / "facts" / f"{name}.json").write_text(f'{{"seed": {seed}}}')
    found = read_memberships(tmp_path, ["a.png", "b.png", "c.png"], required=True)
    assert [member.subject for member in found.values()] == ["seed 3", "seed 3", "seed 4"]
    (tmp_path / "facts" / "b.json").write_text("not JSON")
    with pytest.raises(InputError, match=r"no subjects\.csv"):
        read_memberships(tmp_path, ["a.png", "b.png", "c.png"], required=True)
