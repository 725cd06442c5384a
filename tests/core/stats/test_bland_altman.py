"""The peak flow meters of Bland & Altman, Lancet 1986."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from myoscope.stats import bland_altman

WRIGHT = np.array([494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427], dtype=float)
MINI = np.array([512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451], dtype=float)


def test_the_paper_comes_out() -> None:
    """-2.1, SD 38.8, limits -79.7 and 75.5 at 2 SD; the paper computes them from the rounded values."""
    found = bland_altman(WRIGHT, MINI, multiple=2)
    assert round(found.bias.value, 1) == -2.1
    assert round(found.sd, 1) == 38.8
    assert (found.lower.value, found.upper.value) == pytest.approx((-79.7, 75.5), abs=0.1)


def test_the_interval_of_the_bias_is_the_paper_s() -> None:
    """-22.0 to 17.8."""
    bias = bland_altman(WRIGHT, MINI).bias
    assert (round(bias.low, 1), round(bias.high, 1)) == (-22.0, 17.8)


def test_the_intervals_of_the_limits_are_close_to_the_paper_s_rounder_formula() -> None:
    """-114.3 to -45.1 and 40.9 to 110.1, with SE^2 = 3 SD^2 / n."""
    found = bland_altman(WRIGHT, MINI, multiple=2)
    assert (found.lower.low, found.lower.high) == pytest.approx((-114.3, -45.1), abs=1)
    assert (found.upper.low, found.upper.high) == pytest.approx((40.9, 110.1), abs=1)


def test_the_intervals_of_the_limits_are_those_of_1999() -> None:
    d = WRIGHT - MINI
    z, t = stats.norm.ppf(0.975), stats.t.ppf(0.975, 16)
    half = t * d.std(ddof=1) * np.sqrt(1 / 17 + z**2 / 32)
    found = bland_altman(WRIGHT, MINI).upper
    assert found.value == pytest.approx(d.mean() + z * d.std(ddof=1))
    assert found.high - found.value == pytest.approx(half)
    assert found.value - found.low == pytest.approx(half)


def test_a_proportional_bias_is_found_with_its_slope() -> None:
    """x = 1.2 m and y = 0.8 m: the mean is m and the difference 0.4 m."""
    m = np.array([10.0, 20.0, 30.0, 40.0])
    trend = bland_altman(1.2 * m, 0.8 * m).trend
    assert trend.slope.value == pytest.approx(0.4)
    assert trend.p < 1e-6


def test_means_that_do_not_vary_have_no_trend() -> None:
    x = np.array([1.0, 2.0, 4.0])
    assert np.isnan(bland_altman(x, 10 - x).trend.slope.value)
