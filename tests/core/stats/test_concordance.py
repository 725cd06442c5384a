from __future__ import annotations

import numpy as np
import pytest

from myoscope.stats import concordance

X = np.array([1.0, 2, 3, 4, 5])


def test_exact_agreement_is_one() -> None:
    found = concordance(X, X)
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_a_shift_costs_what_lin_s_formula_says() -> None:
    """Variance 2 (divided by n), shift 1: 2 x 2 / (2 + 2 + 1) = 0.8."""
    found = concordance(X, X + 1)
    assert found.value == pytest.approx(0.8)
    assert found.low < 0.8 < found.high


def test_a_perfect_line_has_the_variance_of_lin_s_formula() -> None:
    """At r = 1 and accuracy 0.8 only the terms of the shift remain: u^2 = 1 / 2, 1 - ccc^2 = 0.36, n - 2 = 3."""
    variance = (2 * 0.8**3 * 0.2 * 0.5 / 0.36**2 - 0.8**4 * 0.25 / (2 * 0.36**2)) / 3
    half = 1.959963984540054 * np.sqrt(variance)
    found = concordance(X, X + 1)
    assert found.high == pytest.approx(np.tanh(np.arctanh(0.8) + half))


def test_no_correlation_is_zero_with_an_interval() -> None:
    found = concordance(np.array([1.0, -1, 1, -1]), np.array([1.0, 1, -1, -1]))
    assert found.value == 0
    assert found.low == -found.high < 0
