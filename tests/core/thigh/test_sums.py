from __future__ import annotations

import math

from myoscope import THIGH_STRUCTURES, Measurement, Side, StructureSet
from myoscope.thigh.sums import group_rows, member_sums, sum_of_sides, table_of

STRUCTURES = StructureSet(THIGH_STRUCTURES, {"scheme": {"pair": ("sartorius", "gracilis")}})
SIDES = (Side.RIGHT, Side.LEFT)


def volume(structure: str, side: Side, value: float, reason: str = "") -> Measurement:
    return Measurement(structure, side, "volume", value, "mL", "count", not reason, reason)


def rows(*, left_gracilis: Measurement | None = None) -> list[Measurement]:
    return [
        volume("sartorius", Side.RIGHT, 1.0),
        volume("sartorius", Side.LEFT, 2.0),
        volume("gracilis", Side.RIGHT, 10.0),
        left_gracilis or volume("gracilis", Side.LEFT, 20.0),
    ]


def test_both_sides_add_up() -> None:
    (both,) = sum_of_sides(table_of(rows()), "sartorius", quantities=("volume",))
    assert (both.value, both.side, both.complete, both.method) == (3.0, Side.BOTH, True, "count, right + left")


def test_a_group_is_the_sum_of_its_members_by_side_and_of_both() -> None:
    found = group_rows(table_of(rows()), STRUCTURES, sides=SIDES, quantities=("volume",))
    assert [(row.structure, row.side, row.value) for row in found] == [
        ("scheme:pair", "right", 11.0),
        ("scheme:pair", "left", 22.0),
        ("scheme:pair", "both", 33.0),
    ]


def test_a_missing_member_makes_a_partial_sum_that_names_it() -> None:
    table = table_of(rows(left_gracilis=volume("gracilis", Side.LEFT, math.nan, "not found")))
    _, left, both = member_sums(table, "sum", ("sartorius", "gracilis"), sides=SIDES, quantities=("volume",))
    assert (left.value, left.complete, left.reason) == (2.0, False, "gracilis not found")
    assert (both.value, both.reason) == (13.0, "left gracilis not found")


def test_nothing_at_all_has_one_reason_and_no_value() -> None:
    nothing = [volume(name, side, math.nan, "not found") for name in ("sartorius", "gracilis") for side in SIDES]
    for row in member_sums(table_of(nothing), "sum", ("sartorius", "gracilis"), sides=SIDES, quantities=("volume",)):
        assert math.isnan(row.value)
        assert row.reason == "not found"


def test_only_the_quantities_asked_for_add_up() -> None:
    given = [*rows(), Measurement("sartorius", Side.RIGHT, "mean", 5.0, "HU", "mean")]
    found = member_sums(table_of(given), "sum", ("sartorius",), sides=SIDES, quantities=("volume",))
    assert {row.quantity for row in found} == {"volume"}
