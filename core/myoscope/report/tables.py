"""Tables of a case: one wide, a row a structure and side; key figures; what was and was not found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING

from myoscope.anatomy import Side, Structure
from myoscope.ops.regions import label_boxes
from myoscope.report.frames import is_picture
from myoscope.report.wording import (
    HEADLINES,
    MAIN_QUANTITIES,
    color_text,
    number,
    quantity_title,
    quantity_words,
    structure_title,
    unit_text,
    with_unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from myoscope.data.measurement import Measurement
    from myoscope.data.result import CaseResult
    from myoscope.data.segmentation import Segmentation

Key = tuple[str, Side]


class Presence(StrEnum):
    """Whether a structure was found, and why not."""

    FOUND = "found"
    NOT_FOUND = "not found"
    NOT_PREDICTED = "not predicted"


PRESENCE_NOTES = {
    Presence.NOT_FOUND: "searched for, but nothing has this label",
    Presence.NOT_PREDICTED: "never searched for, so it may well be there",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the wide table as text."""

    text: str
    complete: bool
    reason: str


@dataclass(frozen=True, slots=True)
class WideRow:
    """One structure and side; `cells` follow the table's columns."""

    title: str
    color: str
    side: str
    presence: Presence
    cells: tuple[Cell | None, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WideTable:
    """Rows in named sections; columns are (title, unit); `sided` tells whether sides are worth a column."""

    columns: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, tuple[WideRow, ...]], ...]
    sided: bool


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One headline number: a title, then (side, number with unit, complete) for each side."""

    title: str
    values: tuple[tuple[str, str, bool], ...]
    note: str


def presence(segmentation: Segmentation) -> Mapping[Key, Presence]:
    """Return what is known of every structure of the modality, side by side where the sides are split."""
    seen = label_boxes(segmentation.labels)
    known = {
        (structure.name, side): Presence.FOUND if value in seen else Presence.NOT_FOUND
        for value, structure, side in segmentation.entries()
    }
    missing = (s.name for s in segmentation.structures if s.name not in segmentation.predicted)
    return known | {(name, Side.BOTH): Presence.NOT_PREDICTED for name in missing}


def sections(result: CaseResult) -> Iterator[tuple[str, tuple[Structure, ...]]]:
    """Yield the structures by the first grouping of the modality, then those without a group by kind.

    A picture shows one place of a modality that knows many, so that it has only what was looked for or measured.
    """
    structures = result.segmentation.structures
    if is_picture(result):
        measured = {row.structure for row in result.measurements if row.structure in structures}
        structures = structures.subset(measured | result.segmentation.predicted)
    grouping = next(iter(structures.groupings.values()), {})
    for group, members in grouping.items():
        if members:
            yield structure_title(group), tuple(structures[name] for name in members)
    rest = [s for s in structures if not any(s.name in members for members in grouping.values())]
    for kind in dict.fromkeys(s.kind for s in rest):
        yield f"{kind.capitalize()}s", tuple(s for s in rest if s.kind == kind)


def wide_table(result: CaseResult, known: Mapping[Key, Presence]) -> WideTable:
    """Return the main quantities, a row a structure and side, then the groups of every scheme."""
    rows = _index(result.measurements.rows)
    present = {(row.quantity, row.unit) for row in result.measurements if row.quantity in MAIN_QUANTITIES}
    columns = sorted(present, key=lambda column: (MAIN_QUANTITIES.index(column[0]), column[1]))
    built = [
        (title, tuple(row for s in members for row in _structure_rows(s, rows, columns, known)))
        for title, members in sections(result)
    ]
    names = dict.fromkeys(name for name, _ in rows if ":" in name)
    for scheme in dict.fromkeys(name.partition(":")[0] for name in names):
        keys = [key for key in rows if key[0].startswith(f"{scheme}:")]
        group_rows = (_row(structure_title(k[0].partition(":")[2]), "", k, rows[k], columns) for k in keys)
        built.append((f"Sums of groups: {scheme}", tuple(row for row in group_rows if row.cells)))
    shown = tuple((title, section) for title, section in built if section)
    sided = not is_picture(result) or any(side_text(result, row.side) for row in result.measurements)
    return WideTable(tuple((quantity_title(q), unit_text(u)) for q, u in columns), shown, sided)


def key_figures(result: CaseResult, known: Mapping[Key, Presence]) -> tuple[KeyFigure, ...]:
    """Return how many structures were found, whole-case quantities, and the volumes of the first grouping.

    Whole-case quantities that sum a case up come before all others. A picture has few structures, so that the main
    quantities of each take the place of volumes.
    """
    structures = result.segmentation.structures
    found = {name for (name, _), state in known.items() if state is Presence.FOUND}
    searched = len(result.segmentation.predicted)
    note = f"of those searched for; this modality knows {len(structures)}"
    figures = [KeyFigure("Structures found", (("", f"{len(found)} of {searched}", True),), note)]
    scheme = next(iter(structures.groupings), "")
    shown: list[tuple[int, KeyFigure]] = []
    for (name, quantity), rows in _by_quantity(result).items():
        whole = name not in structures and ":" not in name
        main = is_picture(result) and quantity in MAIN_QUANTITIES
        if whole or main or (name.startswith(f"{scheme}:") and quantity == "volume"):
            rank = HEADLINES.index(quantity) if whole and quantity in HEADLINES else len(HEADLINES)
            shown.append((rank, _figure(result, name, quantity, rows)))
    figures.extend(figure for _, figure in sorted(shown, key=itemgetter(0)))
    return tuple(figures)


def side_text(result: CaseResult, side: Side) -> str:
    """Return a side for people: empty where a picture does not say which one it shows, for it never shows both."""
    return "" if side is Side.BOTH and is_picture(result) else side.value


def _by_quantity(result: CaseResult) -> dict[tuple[str, str], list[Measurement]]:
    rows: dict[tuple[str, str], list[Measurement]] = {}
    for row in result.measurements:
        rows.setdefault((row.structure, row.quantity), []).append(row)
    return rows


def _figure(result: CaseResult, name: str, quantity: str, rows: list[Measurement]) -> KeyFigure:
    values = tuple((side_text(result, row.side), with_unit(row.value, row.unit), row.complete) for row in rows)
    sums = [row for row in rows if row.side is Side.BOTH and row.reason]
    reasons = dict.fromkeys(row.reason for row in sums or rows if row.reason)
    told = quantity_title(quantity).startswith(structure_title(name))
    title = quantity_title(quantity) if told else f"{structure_title(name)}: {quantity_words(quantity)}"
    return KeyFigure(title, values, "; ".join(reasons))


def _index(rows: tuple[Measurement, ...]) -> dict[Key, list[Measurement]]:
    index: dict[Key, list[Measurement]] = {}
    for row in rows:
        index.setdefault((row.structure, row.side), []).append(row)
    return index


def _structure_rows(
    structure: Structure,
    rows: Mapping[Key, list[Measurement]],
    columns: list[tuple[str, str]],
    known: Mapping[Key, Presence],
) -> Iterator[WideRow]:
    keys = dict.fromkeys(key for key in (*known, *rows) if key[0] == structure.name)
    if len(keys) > 1:
        # The sum of both sides stands in the table of all rows; here each side has its own row.
        keys.pop((structure.name, Side.BOTH), None)
    color = color_text(structure)
    predicted = known.get((structure.name, Side.BOTH)) is not Presence.NOT_PREDICTED
    for key in keys:
        state = known.get(key, Presence.FOUND) if predicted else Presence.NOT_PREDICTED
        yield _row(structure_title(structure.name), color, key, rows.get(key, []), columns, state=state)


def _row(
    title: str,
    color: str,
    key: Key,
    own: list[Measurement],
    columns: list[tuple[str, str]],
    *,
    state: Presence = Presence.FOUND,
) -> WideRow:
    by_column = {(row.quantity, row.unit): row for row in own}
    cells = tuple(_cell(by_column.get(column)) for column in columns)
    reasons: dict[str, list[str]] = {}
    for row in own:
        if not row.complete:
            reasons.setdefault(row.reason, []).append(quantity_words(row.quantity))
    # The marked cells tell which numbers a lone reason is about.
    told = list(reasons) if len(reasons) == 1 else [f"{r} ({', '.join(q)})" for r, q in reasons.items()]
    if state is not Presence.FOUND and not any(reason.startswith(state) for reason in reasons):
        told = [f"{state.capitalize()}: {PRESENCE_NOTES[state]}", *told]
    return WideRow(title, color, key[1].value, state, cells, tuple(told))


def _cell(row: Measurement | None) -> Cell | None:
    return None if row is None else Cell(number(row.value, row.unit), row.complete, row.reason)
