from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from myoscope.stats import pearson, regression, spearman
from myoscope.stats.correlation import corrected

RNG = np.random.default_rng(1)
X = RNG.normal(size=30)
Y = X + RNG.normal(size=30)


def test_the_interval_of_pearson_is_fisher_s() -> None:
    found = pearson(X, Y)
    r = np.corrcoef(X, Y)[0, 1]
    z, half = np.arctanh(r), stats.norm.ppf(0.975) / np.sqrt(27)
    assert found.estimate.value == pytest.approx(r)
    assert (found.estimate.low, found.estimate.high) == pytest.approx((np.tanh(z - half), np.tanh(z + half)))


def test_the_interval_of_pearson_is_that_of_scipy() -> None:
    theirs = stats.pearsonr(X, Y).confidence_interval(0.95)
    ours = pearson(X, Y).estimate
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_exact_lines_have_an_answer_without_a_warning() -> None:
    x = np.array([1.0, 2, 4])
    assert pearson(x, x).estimate.value == pytest.approx(1)
    assert pearson(np.append(x, 9.0), -np.append(x, 9.0)).estimate.high == pytest.approx(-1)


def test_p_of_pearson_is_that_of_student_s_t() -> None:
    found = pearson(X, Y)
    r = found.estimate.value
    assert found.p == pytest.approx(2 * stats.t.sf(abs(r) * np.sqrt(28 / (1 - r**2)), 28))


def test_pearson_is_that_of_pingouin() -> None:
    import pingouin as pg

    row = pg.corr(X, Y).iloc[0]
    found = pearson(X, Y)
    assert (found.estimate.value, found.p) == pytest.approx((row["r"], row["p_val" if "p_val" in row else "p-val"]))
    assert (found.estimate.low, found.estimate.high) == pytest.approx(tuple(row["CI95"]), abs=0.005001)


def test_the_interval_of_spearman_is_wider_by_bonett_and_wright() -> None:
    """Ranks 1 to 5 with two neighbors swapped: rho = 1 - 6 x 2 / (5 x 24) = 0.9; SE^2 = (1 + 0.81 / 2) / 2."""
    found = spearman(np.array([1.0, 2, 3, 4, 5]), np.array([10.0, 30, 20, 400, 5000]))
    half = stats.norm.ppf(0.975) * np.sqrt(1.405 / 2)
    assert found.estimate.value == pytest.approx(0.9)
    assert found.estimate.low == pytest.approx(np.tanh(np.arctanh(0.9) - half))
    assert found.estimate.high == pytest.approx(np.tanh(np.arctanh(0.9) + half))


def test_a_monotone_relation_has_a_spearman_of_one() -> None:
    found = spearman(np.array([1.0, 2, 3, 4]), np.array([1.0, 10, 100, 1000]))
    assert (found.estimate.value, found.estimate.low, found.estimate.high) == (1, 1, 1)


def test_three_pairs_say_nothing_about_a_correlation() -> None:
    for found in (pearson(X[:3], Y[:3]), spearman(X[:3], np.array([1.0, 3, 2]))):
        assert (found.estimate.low, found.estimate.high) == (-1, 1)


def test_a_line_is_found_again() -> None:
    line = regression(np.array([0.0, 1, 2, 3]), np.array([5.0, 7, 9, 11]))
    assert (line.slope.value, line.intercept.value, line.r2) == pytest.approx((2, 5, 1))


def test_the_interval_of_the_slope_is_that_of_the_normal_equations() -> None:
    line = regression(X, Y)
    residuals = Y - line.intercept.value - line.slope.value * X
    error = np.sqrt((residuals**2).sum() / 28 / ((X - X.mean()) ** 2).sum())
    assert line.slope.high - line.slope.value == pytest.approx(stats.t.ppf(0.975, 28) * error)


def test_holm_and_benjamini_hochberg_by_hand_and_no_test_is_not_counted() -> None:
    """Of 0.01, 0.04, 0.03: Holm 0.03, 0.06, 0.06; Benjamini & Hochberg 0.03, 0.04, 0.04."""
    given = [0.01, float("nan"), 0.04, 0.03]
    assert corrected(given, "holm") == pytest.approx([0.03, float("nan"), 0.06, 0.06], nan_ok=True)
    assert corrected(given, "fdr_bh") == pytest.approx([0.03, float("nan"), 0.04, 0.04], nan_ok=True)
