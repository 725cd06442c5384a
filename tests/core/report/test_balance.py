from __future__ import annotations

import dataclasses
import math

import pytest

from myoscope import CaseResult, Measurement, Measurements, Side
from myoscope.report.balance import LEFT, RATIO_AXIS, RIGHT, DotChart, balance
from myoscope.report.charts import PLOT_WIDTH
from myoscope.thigh.groups import PA_TERTILES


def with_rows(result: CaseResult, *rows: Measurement) -> CaseResult:
    return dataclasses.replace(result, measurements=Measurements(rows))


def ratio(side: Side, value: float, reason: str = "") -> Measurement:
    return Measurement("thigh", side, "pa_ratio", value, "1", "sum over sum", not reason, reason)


def asymmetry(name: str, value: float) -> Measurement:
    return Measurement(name, Side.BOTH, "lr_asymmetry", value, "%", "of the mean")


def only_chart(result: CaseResult, *rows: Measurement) -> DotChart:
    found = balance(with_rows(result, *rows))
    assert found is not None
    assert len(found.charts) == 1
    return found.charts[0]


def place(value: float, start: float, stop: float) -> float:
    return LEFT + (value - start) / (stop - start) * (PLOT_WIDTH - LEFT - RIGHT)


def test_a_ratio_stands_where_it_belongs_between_the_published_tertiles(phantom: CaseResult) -> None:
    chart = only_chart(phantom, ratio(Side.RIGHT, 0.45), ratio(Side.LEFT, 0.39))
    low, middle, high = chart.bands
    right, left = (lane.x for lane in chart.lanes)
    assert right == pytest.approx(place(0.45, *RATIO_AXIS), abs=0.1)
    assert left == pytest.approx(place(0.39, *RATIO_AXIS), abs=0.1)
    assert middle.x == pytest.approx(place(PA_TERTILES[0], *RATIO_AXIS), abs=0.1)
    assert high.x == pytest.approx(place(PA_TERTILES[1], *RATIO_AXIS), abs=0.1)
    assert (low.x + low.width, middle.x + middle.width) == pytest.approx((middle.x, high.x), abs=0.1)
    assert (low.text, high.text) == ("low < 0.41", "high > 0.48")


@pytest.mark.parametrize("value", [0.05, 1.7])
def test_the_axis_reaches_to_an_unusual_ratio(phantom: CaseResult, value: float) -> None:
    chart = only_chart(phantom, ratio(Side.RIGHT, value))
    x = chart.lanes[0].x
    assert x is not None
    assert LEFT < x < PLOT_WIDTH - RIGHT
    assert chart.bands[0].x == LEFT
    assert chart.bands[2].x + chart.bands[2].width == pytest.approx(PLOT_WIDTH - RIGHT, abs=0.2)


def test_the_name_of_a_narrow_band_is_left_out(phantom: CaseResult) -> None:
    assert [band.text for band in only_chart(phantom, ratio(Side.RIGHT, 3.0)).bands] == [
        "low < 0.41",
        "",
        "high > 0.48",
    ]


def test_what_is_incomplete_or_has_no_number_says_why_once(phantom: CaseResult) -> None:
    rows = (ratio(Side.RIGHT, 0.45), ratio(Side.LEFT, 0.5, "cut"), ratio(Side.BOTH, math.nan, "cut"))
    chart = only_chart(phantom, *rows)
    assert [lane.complete for lane in chart.lanes] == [True, False, False]
    assert chart.lanes[2].x is None
    assert chart.reasons == ("Left, Both: cut",)
    assert "ratio: Right 0.450, Left 0.500 (incomplete)" in chart.alt
    assert chart.axis == "posterior / anterior ratio"


def test_asymmetry_starts_at_zero_and_reaches_both_ways_only_when_signed(phantom: CaseResult) -> None:
    absolute = only_chart(phantom, asymmetry("thigh", 2.0), asymmetry("scheme:front", 4.0))
    assert absolute.zero == LEFT
    assert [lane.title for lane in absolute.lanes] == ["Thigh", "Front"]
    assert absolute.lanes[1].x == pytest.approx(place(4.0, 0.0, 5.0), abs=0.1)
    signed = only_chart(phantom, asymmetry("thigh", -2.0), asymmetry("scheme:front", 4.0))
    assert signed.zero == pytest.approx(place(0.0, -5.0, 5.0), abs=0.1)
    assert signed.bands == ()


def test_asymmetry_of_single_muscles_is_left_to_the_table(phantom: CaseResult) -> None:
    chart = only_chart(phantom, asymmetry("thigh", 2.0), asymmetry("gracilis", 30.0))
    assert [lane.title for lane in chart.lanes] == ["Thigh"]


def test_whole_thighs_have_a_bar_a_side_in_units_of_their_own(dixon_case: CaseResult) -> None:
    index = tuple(
        dataclasses.replace(row, quantity="tvi", unit="mL/m2", value=row.value / 4)
        for row in dixon_case.measurements.select(quantity="tmv")
    )
    found = balance(with_rows(dixon_case, *dixon_case.measurements, *index))
    assert found is not None
    assert found.bars.sides == (Side.RIGHT, Side.LEFT)
    assert [row.title for row in found.bars.rows] == ["Thigh muscle volume, mL", "Thigh volume index, mL/m²"]
    for row in found.bars.rows:
        assert [(bar.percent, bar.complete) for bar in row.bars if bar] == [(100.0, True), (80.0, False)]
    assert len(found.charts) == 2


def test_one_bar_stands_for_sides_that_are_not_split(phantom: CaseResult) -> None:
    found = balance(with_rows(phantom, Measurement("thigh", Side.BOTH, "tmv", 9000.0, "mL", "sum")))
    assert found is not None
    assert found.bars.sides == (Side.BOTH,)
    assert found.charts == ()


def test_nothing_measured_has_no_balance(phantom: CaseResult) -> None:
    assert balance(phantom) is None
    lost = Measurement("thigh", Side.BOTH, "tmv", math.nan, "mL", "sum", complete=False, reason="cut")
    assert balance(with_rows(phantom, lost)) is None
