from __future__ import annotations

import dataclasses

import pytest

from myoscope import THIGH_STRUCTURES, CaseResult, Measurement, Measurements, Segmentation, Side, StructureSet
from myoscope.data.result import SliceRow
from myoscope.report.charts import LINES_SHOWN, area_lines, fat_bars, line_color, ticks, volume_bars


def test_the_longest_bar_is_the_largest_volume_and_sums_of_sides_are_left_out(phantom: CaseResult) -> None:
    chart = volume_bars(phantom)
    assert chart.sides == (Side.RIGHT, Side.LEFT)
    assert [row.title for row in chart.rows] == ["Vastus lateralis", "Gracilis"]
    right, left = chart.rows[0].bars
    assert right is not None
    assert left is not None
    assert (right.percent, right.text, right.complete) == (100.0, "200.0", True)
    assert (left.percent, left.complete, left.reason) == (50.0, False, "cut by the field of view at the upper end")


def test_unsplit_sides_have_one_bar_a_muscle(phantom: CaseResult) -> None:
    segmentation = dataclasses.replace(phantom.segmentation, sides_split=False)
    rows = (Measurement("gracilis", Side.BOTH, "volume", 64.0, "mL", "voxel count"),)
    chart = volume_bars(dataclasses.replace(phantom, segmentation=segmentation, measurements=Measurements(rows)))
    assert chart.sides == (Side.BOTH,)
    assert [len(row.bars) for row in chart.rows] == [1]


def test_fat_fractions_have_bars_of_their_own(dixon_case: CaseResult) -> None:
    chart = fat_bars(dixon_case)
    assert [row.title for row in chart.rows] == ["Gracilis"]
    assert [bar.percent for bar in chart.rows[0].bars if bar] == [100.0, 50.0]
    assert "%" in chart.caption


def test_a_fraction_below_zero_has_no_length_but_its_number(dixon_case: CaseResult) -> None:
    rows = tuple(dataclasses.replace(row, value=-1.0) for row in dixon_case.measurements if row.side == "left")
    rows += dixon_case.measurements.select(side="right").rows
    bars = fat_bars(dataclasses.replace(dixon_case, measurements=Measurements(rows))).rows[0].bars
    assert bars[1] is not None
    assert (bars[1].percent, bars[1].text) == (0.0, "\N{MINUS SIGN}1.0")


def test_nothing_measured_has_no_chart(bare: CaseResult) -> None:
    assert volume_bars(bare).rows == ()
    assert fat_bars(bare).rows == ()
    assert area_lines(bare).panels == ()


def test_a_line_breaks_where_slices_are_missing(phantom: CaseResult) -> None:
    right = area_lines(phantom).panels[0]
    whole, gapped = right.lines
    assert (whole.name, gapped.name) == ("vastus_lateralis", "gracilis")
    assert whole.path.count("M") == 1
    assert gapped.path.count("M") == 2
    assert whole.path.count("L") == 15


def test_the_largest_muscles_are_shown_at_first(phantom: CaseResult) -> None:
    structures = StructureSet(THIGH_STRUCTURES)
    muscles = [s.name for s in structures if s.kind == "muscle"]
    rows = tuple(SliceRow(name, "right", k, 8.0 * k, 1.0 + n, 0.0) for n, name in enumerate(muscles) for k in range(3))
    old = phantom.segmentation
    segmentation = Segmentation(old.labels, old.grid, structures, frozenset(structures.names), sides_split=True)
    chart = area_lines(dataclasses.replace(phantom, slices=rows, segmentation=segmentation))
    assert [line.name for line in chart.panels[0].lines if line.shown] == muscles[-LINES_SHOWN:]


def test_one_slice_alone_is_drawn(phantom: CaseResult) -> None:
    chart = area_lines(dataclasses.replace(phantom, slices=phantom.slices[:1]))
    assert len(chart.panels[0].lines) == 1


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 60, (0, 10, 20, 30, 40, 50, 60)),
        (-7, 13, (-5, 0, 5, 10)),
        (0, 0.5, (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
        (3, 3, (3,)),
    ],
)
def test_ticks_are_round(start: float, stop: float, expected: tuple[float, ...]) -> None:
    assert ticks(start, stop) == pytest.approx(expected)


def test_a_light_color_is_darkened_on_white_and_a_dark_one_kept() -> None:
    structures = StructureSet(THIGH_STRUCTURES)
    assert line_color(structures["pectineus"]) < "#f0"
    assert line_color(structures["adductor_longus"]) == "#0072b2"
