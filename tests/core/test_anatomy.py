import csv
from pathlib import Path

import pytest

from myoscope import THIGH_STRUCTURES, Side, Structure, StructureSet, UsageError
from myoscope_ct_thigh.structures import STRUCTURES

TABLE = Path(__file__).parents[3] / "shared" / "data" / "anatomy" / "structures.csv"
#: Scheme -> column of the shared table.
COLUMNS = {"kim2024": "group_ct_kim2024", "dixon": "group_dixon", "functional": "group_functional"}


@pytest.fixture
def rows() -> list[dict[str, str]]:
    if not TABLE.is_file():
        pytest.skip("the shared table of structures is not beside the project")
    with TABLE.open() as stream:
        return list(csv.DictReader(stream))


@pytest.mark.shared
def test_ids_names_and_kinds_equal_the_shared_table(rows: list[dict[str, str]]) -> None:
    ours = [(str(s.id), s.name, s.abbreviation, s.kind) for s in THIGH_STRUCTURES]
    assert ours == [(row["id"], row["name"], row["abbreviation"], row["kind"]) for row in rows]


@pytest.mark.shared
@pytest.mark.parametrize("scheme", COLUMNS)
def test_groups_equal_the_shared_table(rows: list[dict[str, str]], scheme: str) -> None:
    theirs: dict[str, set[str]] = {}
    for row in rows:
        if row[COLUMNS[scheme]] not in {"", "bone"}:
            theirs.setdefault(row[COLUMNS[scheme]], set()).add(row["name"])
    assert {group: set(members) for group, members in STRUCTURES.groupings[scheme].items()} == theirs


def test_there_are_27_muscles_and_2_bones_each_with_its_own_code_and_color() -> None:
    assert [s.kind for s in THIGH_STRUCTURES].count("muscle") == 27
    assert [s.name for s in THIGH_STRUCTURES if s.kind == "bone"] == ["femur", "iliac_bone"]
    for attribute in ("name", "abbreviation", "fma", "color"):
        assert len({getattr(s, attribute) for s in THIGH_STRUCTURES}) == 29


def test_every_group_names_known_structures_once() -> None:
    for grouping in STRUCTURES.groupings.values():
        members = [name for group in grouping.values() for name in group]
        assert len(set(members)) == len(members)
        assert set(members) <= set(STRUCTURES.names)


def test_left_adds_a_hundred_to_a_label() -> None:
    assert STRUCTURES.label("gracilis", Side.RIGHT) == STRUCTURES.label("gracilis", Side.BOTH) == 9
    assert STRUCTURES.label("gracilis", Side.LEFT) == 109


def test_a_label_value_is_decoded_to_structure_and_side() -> None:
    assert STRUCTURES.decode(9) == (STRUCTURES["gracilis"], Side.RIGHT)
    assert STRUCTURES.decode(109) == (STRUCTURES["gracilis"], Side.LEFT)
    assert STRUCTURES.decode(0) is None
    assert STRUCTURES.decode(100) is None
    assert STRUCTURES.decode(99) is None


def test_a_subset_keeps_order_and_groups() -> None:
    subset = STRUCTURES.subset(["gracilis", "sartorius"])
    assert subset.names == ("sartorius", "gracilis")
    assert subset.groupings["kim2024"]["anterior"] == ("sartorius",)
    assert "femur" not in subset


def test_an_unknown_structure_is_a_usage_error_with_a_hint() -> None:
    with pytest.raises(UsageError, match=r"'tail'.*myoscope structures"):
        STRUCTURES["tail"]


@pytest.mark.parametrize("ids", [(0,), (100,), (2, 1), (1, 1)])
def test_ids_that_do_not_ascend_within_1_to_99_are_refused(ids: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="ascend"):
        StructureSet(tuple(Structure(i, f"s{i}", "S", "muscle", "1", (0, 0, 0)) for i in ids))
