from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope import CaseResult, Side
from myoscope.report.tables import Presence, key_figures, presence, wide_table
from myoscope.report.wording import channel_title, number, quantity_title, structure_title, unit_text

if TYPE_CHECKING:
    from myoscope.report.tables import WideRow


def rows_of(result: CaseResult) -> dict[tuple[str, str], WideRow]:
    table = wide_table(result, presence(result.segmentation))
    return {(row.title, row.side): row for _, section in table.sections for row in section}


def test_not_found_is_told_apart_from_not_predicted(phantom: CaseResult) -> None:
    known = presence(phantom.segmentation)
    assert known["femur", Side.LEFT] is Presence.FOUND
    assert known["psoas", Side.RIGHT] is Presence.NOT_FOUND
    assert known["multifidus", Side.BOTH] is Presence.NOT_PREDICTED
    assert ("multifidus", Side.LEFT) not in known


def test_the_wide_table_has_a_row_a_structure_and_side(phantom: CaseResult) -> None:
    rows = rows_of(phantom)
    assert ("Vastus lateralis", "both") not in rows
    cell = rows["Vastus lateralis", "left"].cells[0]
    assert cell is not None
    assert (cell.text, cell.complete) == ("100.0", False)
    assert rows["Vastus lateralis", "left"].notes == ("cut by the field of view at the upper end",)
    assert rows["Vastus lateralis", "right"].cells[1] is None


def test_what_has_no_number_says_why_once(phantom: CaseResult) -> None:
    rows = rows_of(phantom)
    assert rows["Psoas", "right"].notes == ("not found in the field of view",)
    assert rows["Psoas", "left"].notes == ("Not found: searched for, but nothing has this label",)
    assert rows["Multifidus", "both"].notes == ("not predicted by this model",)


def test_columns_carry_their_units_in_a_fixed_order(phantom: CaseResult) -> None:
    table = wide_table(phantom, presence(phantom.segmentation))
    assert table.columns == (("Volume", "mL"), ("Density, mean", "HU"))
    assert [title for title, _ in table.sections] == ["Front", "Inside", "Trunk", "Bones", "Sums of groups: scheme"]


def test_key_figures_are_the_groups_and_the_whole_case(phantom: CaseResult) -> None:
    figures = {figure.title: figure for figure in key_figures(phantom, presence(phantom.segmentation))}
    assert figures["Structures found"].values == (("", "3 of 4", True),)
    assert figures["Front (scheme): volume"].values == (("right", "200.0 mL", True), ("left", "100.0 mL", False))
    assert figures["Front (scheme): volume"].note == "vastus_lateralis cut"
    assert figures["Thigh: intermuscular fat"].values == (("right", "55.5 mL", True),)


def test_sums_of_the_whole_case_come_first_among_the_key_figures(dixon_case: CaseResult) -> None:
    titles = [figure.title for figure in key_figures(dixon_case, presence(dixon_case.segmentation))]
    assert titles[:3] == ["Structures found", "Thigh muscle volume", "Thigh: posterior / anterior ratio"]
    ratio = key_figures(dixon_case, presence(dixon_case.segmentation))[2]
    assert ratio.values[0] == ("right", "0.450", True)
    assert set(titles[3:]) == {"Front (scheme): volume", "Thigh: intermuscular fat", "Thigh: left/right asymmetry"}


def test_words_and_numbers_read_well() -> None:
    assert number(1234.567, "mL") == "1,234.6"
    assert number(-12.34, "HU") == "\N{MINUS SIGN}12.3"
    assert number(float("nan"), "mL") == "\N{EN DASH}"
    assert number(0.123456, "kg/L") == "0.123"
    assert structure_title("kim2024:anterior") == "Anterior (kim2024)"
    assert [channel_title(name) for name in ("water", "in_phase", "mr")] == ["Water", "In phase", "MR"]
    assert quantity_title("some_new_quantity") == "Some new quantity"
    assert unit_text("mm3/m2") == "mm³/m²"
