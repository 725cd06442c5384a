from __future__ import annotations

import math

import numpy as np
import pytest

from myoscope import agree, agree_many
from myoscope.report import agreement_charts as charts
from myoscope.report.wording import p_text, significant

X = np.array([10.0, 20, 30, 40, 50])


def test_points_of_exact_agreement_lie_on_the_line_of_identity() -> None:
    chart = charts.scatter(agree(X, X))
    assert chart.identity is not None
    x1, y1, x2, y2 = chart.identity
    for x, y in chart.points[0].places:
        assert (y - y1) / (y2 - y1) == pytest.approx((x - x1) / (x2 - x1), abs=0.01)


def test_columns_of_much_the_same_range_share_their_axes_and_others_do_not() -> None:
    near, far = charts.scatter(agree(X, X + 3)).frame, charts.scatter(agree(X, 100 * X)).frame
    assert near.x == near.y
    assert far.x != far.y


def test_identity_outside_of_the_plot_is_not_drawn() -> None:
    assert charts.scatter(agree(X, X + 1000)).identity is None


def test_a_line_is_clipped_to_the_plot() -> None:
    frame = charts.Frame((0.0, 10.0), (0.0, 5.0))
    assert frame.line(1.0, 0.0) == (*frame.at(0, 0), *frame.at(5, 5))
    assert frame.line(0.0, 6.0) is None


def test_every_band_lies_in_the_plot_around_its_line() -> None:
    chart = charts.differences(agree(X, X + np.array([1, -2, 0, 3, -1])))
    for level in chart.levels:
        assert charts.TOP <= level.top <= level.y <= level.top + level.height <= charts.PLOT_HEIGHT - charts.BOTTOM


def test_groups_have_their_own_colors_above_those_in_none() -> None:
    x, rng = np.arange(10.0), np.random.default_rng(0)
    chart = charts.scatter(agree(x, x + rng.normal(size=10), by=[""] * 2 + ["a"] * 4 + ["b"] * 4))
    assert [part.title for part in chart.points] == ["in no group below", "a (n = 4)", "b (n = 4)"]
    assert len({part.color for part in chart.points}) == 3


def test_a_heat_map_colors_by_sign_and_strength_and_stars_what_holm_leaves() -> None:
    table = agree_many({"m": np.arange(9.0)}, {"up": 2 * np.arange(9.0), "down": -np.arange(9.0), "none": np.ones(9)})
    up, down, none = charts.heat_maps(table)[0].cells
    assert (up.text, down.text, none.text) == ("1.00*", "\N{MINUS SIGN}1.00*", "\N{EN DASH}")
    assert (up.fill, down.fill) == ("#b2182b", "#2166ac")
    assert "constant" in none.title


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (1234.6, "1,235"),
        (-0.00012345, "\N{MINUS SIGN}0.000123"),
        (0.0, "0.00"),
        (math.inf, "\N{INFINITY}"),
        (math.nan, "\N{EN DASH}"),
    ],
)
def test_numbers_keep_three_digits_and_no_power_of_ten(value: float, text: str) -> None:
    assert significant(value) == text


def test_p_values_are_printed_as_papers_do() -> None:
    assert [p_text(p) for p in (0.00099, 0.0456, 1.0)] == ["< 0.001", "0.046", "1.000"]
