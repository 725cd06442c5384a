"""The published table of Shrout & Fleiss 1979, pingouin, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from myoscope import InputError
from myoscope.stats import intraclass_correlations, koo_li_band
from myoscope.stats.icc import mean_squares

#: Shrout & Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
#: Its table 4, and table 3 for the mean squares.
PUBLISHED = {"ICC(1,1)": 0.17, "ICC(2,1)": 0.29, "ICC(3,1)": 0.71, "ICC(1,4)": 0.44, "ICC(2,4)": 0.62, "ICC(3,4)": 0.91}
#: The intervals that R's psych documents for the same table.
INTERVALS = {
    "ICC(1,1)": (-0.133, 0.72), "ICC(2,1)": (0.019, 0.76), "ICC(3,1)": (0.342, 0.95),
    "ICC(1,4)": (-0.884, 0.91), "ICC(2,4)": (0.071, 0.93), "ICC(3,4)": (0.676, 0.99),
}  # fmt: skip


def test_the_published_table_comes_out() -> None:
    found = intraclass_correlations(SHROUT_FLEISS)
    assert {form.name: round(form.estimate.value, 2) for form in found} == PUBLISHED
    assert {form.name: (round(form.estimate.low, 3), round(form.estimate.high, 2)) for form in found} == INTERVALS


def test_the_published_mean_squares_come_out() -> None:
    squares = mean_squares(SHROUT_FLEISS)
    rounded = [round(value, 2) for value in (squares.subjects, squares.within, squares.raters, squares.residual)]
    assert rounded == [11.24, 6.26, 32.49, 1.02]


def test_every_form_has_both_names_f_and_degrees_of_freedom() -> None:
    found = intraclass_correlations(SHROUT_FLEISS)
    assert [form.other_name for form in found] == ["ICC(1)", "ICC(A,1)", "ICC(C,1)", "ICC(k)", "ICC(A,k)", "ICC(C,k)"]
    assert [(form.df1, form.df2) for form in found] == [(5, 18), (5, 15), (5, 15)] * 2
    assert [round(form.f, 2) for form in found] == [1.79, 11.03, 11.03] * 2
    assert found[0].p == pytest.approx(0.16477, abs=1e-5)
    assert found[1].p == pytest.approx(0.00013, abs=1e-5)


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # pingouin 0.7 on pandas 3.1
@pytest.mark.parametrize("k", [2, 5])
def test_estimates_intervals_and_p_are_those_of_pingouin(k: int) -> None:
    import pandas as pd
    import pingouin as pg

    rng = np.random.default_rng(k)
    table = rng.normal(50, 10, (12, 1)) + rng.normal(0, 4, (12, k)) + np.arange(k)
    long = pd.DataFrame(table).reset_index().melt(id_vars="index", var_name="rater", value_name="rating")
    rounding = pg.options["round.column.CI95"]
    pg.options["round.column.CI95"] = None
    try:
        theirs = pg.intraclass_corr(long, targets="index", raters="rater", ratings="rating")
    finally:
        pg.options["round.column.CI95"] = rounding
    for ours, (_, row) in zip(intraclass_correlations(table), theirs.iterrows(), strict=True):
        interval = (ours.estimate.low, ours.estimate.high)
        assert ours.estimate.value == pytest.approx(row["ICC"], abs=1e-10)
        assert interval == pytest.approx(tuple(row["CI95"]), abs=1e-10)
        assert (ours.f, ours.p) == pytest.approx((row["F"], row["pval"]), rel=1e-8)


def test_consistency_of_two_measurements_has_a_closed_form() -> None:
    """ICC(3,1) = (F - 1) / (F + 1), F = var(x + y) / var(x - y); limits divide and multiply F by its quantile."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=20)
    y = x + rng.normal(0, 0.5, 20)
    f = np.var(x + y) / np.var(x - y)
    quantile = stats.f.ppf(0.975, 19, 19)
    expected = [(g - 1) / (g + 1) for g in (f, f / quantile, f * quantile)]
    found = intraclass_correlations(np.stack([x, y], axis=1))[2].estimate
    assert [found.value, found.low, found.high] == pytest.approx(expected, abs=1e-12)


def test_exact_agreement_is_one_without_doubt() -> None:
    for form in intraclass_correlations([[1, 1], [2, 2], [5, 5]]):
        assert (form.estimate.value, form.estimate.low, form.estimate.high) == (1, 1, 1)
        assert form.f == np.inf
        assert form.p == 0
        assert form.band == "excellent"


def test_a_constant_bias_counts_for_agreement_and_not_for_consistency() -> None:
    found = {form.name: form for form in intraclass_correlations([[1, 4], [2, 5], [4, 7], [7, 10]])}
    assert found["ICC(3,1)"].estimate.low == 1
    assert found["ICC(2,1)"].estimate.value < 1
    assert 0 < found["ICC(2,1)"].estimate.low < found["ICC(2,1)"].estimate.high < 1


@pytest.mark.parametrize(
    ("low", "high", "band"),
    [
        (0.1, 0.49, "poor"),
        (0.5, 0.74, "moderate"),
        (0.75, 0.9, "good"),
        (0.901, 0.99, "excellent"),
        (0.49, 0.95, "poor to excellent"),
        (0.7499, 0.91, "moderate to excellent"),
        (np.nan, 1.0, ""),
    ],
)
def test_the_band_is_read_on_the_interval(low: float, high: float, band: str) -> None:
    assert koo_li_band(low, high) == band


@pytest.mark.parametrize(
    ("ratings", "word"),
    [([1, 2, 3], "shape"), ([[1, 2]], "shape"), ([[1, np.nan], [1, 2]], "NaN"), ([[2, 2]] * 3, "2")],
)
def test_ratings_without_an_answer_are_refused(ratings: object, word: str) -> None:
    with pytest.raises(InputError, match=word):
        intraclass_correlations(ratings)  # type: ignore[arg-type]
