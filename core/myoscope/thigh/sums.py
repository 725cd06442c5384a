"""Sums over sides and over the members of a group, incomplete when a part is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from myoscope.anatomy import Side
from myoscope.data.measurement import Measurement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from myoscope.anatomy import StructureSet

#: Rows by structure, side and quantity.
Table = dict[tuple[str, Side, str], Measurement]


def table_of(rows: Iterable[Measurement]) -> Table:
    """Return the rows by structure, side and quantity."""
    return {(row.structure, row.side, row.quantity): row for row in rows}


def sum_of_sides(table: Table, name: str, *, quantities: Sequence[str]) -> list[Measurement]:
    """Return the `both` rows of a structure or group that has rows by side.

    Args:
        table: Has a `volume` of each side of `name`, which says why where there is nothing.
        name: Structure or group.
        quantities: Those that add up, in the order they are written.
    """
    rows = []
    for quantity in quantities:
        parts = {str(side): _row(table, name, side, quantity) for side in (Side.RIGHT, Side.LEFT)}
        rows += _sum(parts, (name, Side.BOTH, quantity), "right + left")
    return rows


def group_rows(
    table: Table, structures: StructureSet, *, sides: Sequence[Side], quantities: Sequence[str]
) -> list[Measurement]:
    """Return the sums of every group of every scheme, called `scheme:group`.

    A member that is not predicted or not found makes a partial sum: complete is False and the reason names it.

    Args:
        table: Has a `volume` of every structure, which says why where there is nothing.
        structures: The structures and their groups.
        sides: Those that the labels tell apart.
        quantities: Those that add up, in the order they are written.
    """
    rows: list[Measurement] = []
    for scheme, grouping in structures.groupings.items():
        for group, members in grouping.items():
            name = f"{scheme}:{group}"
            rows += member_sums(table, name, members, sides=sides, quantities=quantities)
    return rows


def member_sums(
    table: Table, name: str, members: Sequence[str], *, sides: Sequence[Side], quantities: Sequence[str]
) -> list[Measurement]:
    """Return the sums of `members` under `name`: each side, then both of them; see `group_rows`."""
    own = [row for side in sides for row in _side_sums(table, name, members, (side, quantities))]
    return own + (sum_of_sides(table_of(own), name, quantities=quantities) if len(sides) > 1 else [])


def why(parts: Mapping[str, Measurement]) -> str:
    """Return the parts that are incomplete, those with one reason together; one reason for all absent stands alone."""
    by_reason: dict[str, list[str]] = {}
    for part, row in parts.items():
        if row.reason:
            by_reason.setdefault(row.reason, []).append(part)
    if len(by_reason) == 1 and all(math.isnan(row.value) for row in parts.values()):
        return next(iter(by_reason))
    return "; ".join(f"{', '.join(names)} {reason}" for reason, names in by_reason.items())


def _side_sums(table: Table, name: str, members: Sequence[str], which: tuple[Side, Sequence[str]]) -> list[Measurement]:
    side, quantities = which
    rows = []
    for quantity in quantities:
        parts = {member: _row(table, member, side, quantity) for member in members}
        rows += _sum(parts, (name, side, quantity), "sum of members")
    return rows


def _row(table: Table, name: str, side: Side, quantity: str) -> Measurement:
    """Return a row, or the `volume` row that says why there is none."""
    keys = ((name, side, quantity), (name, side, "volume"), (name, Side.BOTH, "volume"))
    return next(table[key] for key in keys if key in table)


def _sum(parts: Mapping[str, Measurement], key: tuple[str, Side, str], how: str) -> list[Measurement]:
    """Return one row, or none when only `volume` has to say that nothing is there."""
    name, side, quantity = key
    present = [row for row in parts.values() if row.quantity == quantity and not math.isnan(row.value)]
    if not present:
        if quantity != "volume" or not parts:
            return []
        row = next(iter(parts.values()))
        return [Measurement(name, side, quantity, math.nan, row.unit, row.method, complete=False, reason=why(parts))]
    method = present[0].method if how in present[0].method else f"{present[0].method}, {how}"
    total = math.fsum(row.value for row in present)
    complete = all(row.complete for row in parts.values())
    return [Measurement(name, side, quantity, total, present[0].unit, method, complete, why(parts))]
