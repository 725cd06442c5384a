from __future__ import annotations

import numpy as np
import pytest

from myoscope.stats import repeatability

X = np.array([10.0, 20, 30, 40])


def test_a_constant_bias_is_an_error_of_agreement_alone() -> None:
    """Bias 2, no residual: the variance between measurements is 2^2 / 2 = 2."""
    found = repeatability(X, X + 2)
    assert found.sem == pytest.approx(0, abs=1e-9)
    assert found.sem_agreement == pytest.approx(np.sqrt(2))
    assert found.mdc95_agreement == pytest.approx(1.959963984540054 * 2)


def test_the_standard_error_is_the_sd_of_differences_over_the_root_of_two() -> None:
    d = np.array([1.0, -1, 2, -2])
    found = repeatability(X, X + d)
    assert found.sem == pytest.approx(d.std(ddof=1) / np.sqrt(2))
    assert found.mdc95 == pytest.approx(1.959963984540054 * d.std(ddof=1))
    assert found.sem_agreement == found.sem


def test_the_coefficient_of_variation_of_a_constant_ratio() -> None:
    """Pairs 0.9 m and 1.1 m: SD 0.2 m / sqrt(2) of a mean m, in every pair."""
    assert repeatability(0.9 * X, 1.1 * X).cv_pct == pytest.approx(100 * 0.2 / np.sqrt(2))


def test_there_is_no_coefficient_of_variation_around_zero() -> None:
    assert np.isnan(repeatability(X - 25, X - 24).cv_pct)
