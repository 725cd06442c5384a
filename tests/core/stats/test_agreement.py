from __future__ import annotations

import pickle

import numpy as np
import pytest

import myoscope
from myoscope import InputError

RNG = np.random.default_rng(2)
X = RNG.normal(100, 15, 40)
Y = X + RNG.normal(2, 5, 40)
SEX = ["male", "female"] * 20
STATISTICS = {
    "pearson_r", "r2", "spearman_rho", "slope", "intercept", "bias", "sd_of_differences", "limit_of_agreement_lower",
    "limit_of_agreement_upper", "proportional_bias_slope", "ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,2)", "ICC(2,2)",
    "ICC(3,2)", "lin_ccc", "sem", "mdc95", "sem_agreement", "mdc95_agreement", "cv_within_pct",
}  # fmt: skip


def test_the_table_has_every_statistic_of_every_group_with_its_method() -> None:
    frame = myoscope.agree(X, Y, by=SEX).to_frame()
    for group in ("all", "female", "male"):
        assert set(frame.loc[frame["group"] == group, "statistic"]) == STATISTICS
    assert (frame["method"] != "").all()
    assert set(frame["n"]) == {40, 20}


def test_a_group_is_what_its_rows_alone_give() -> None:
    female = next(group for group in myoscope.agree(X, Y, by=SEX).groups if group.group == "female")
    alone = myoscope.agree(X[1::2], Y[1::2])
    assert female.bland_altman == alone.bland_altman
    assert female.icc == alone.icc


def test_rows_without_a_number_are_left_out_and_counted() -> None:
    x = [1, 2, None, 4, 5, float("nan")]
    found = myoscope.agree(x, [1, 3, 3, float("nan"), 6, 7])  # type: ignore[arg-type]
    assert found.n == 3
    assert found.left_out == 3


def test_the_value_is_frozen_and_survives_pickle() -> None:
    found = myoscope.agree(X, Y, by=SEX)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301
    with pytest.raises(AttributeError):
        found.left_out = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("x", "y", "word"),
    [
        ([1, 2], [1, 2], "2 pairs"),
        ([1], [1], "1 pair in 1 row"),
        ([1, 2, 3], [1, 2], "3 values"),
        ([5, 5, 5], [1, 2, 3], "constant"),
        ([1, 2, 3], [0.1 + 0.2, 0.3, 0.3], "constant"),
        ([1, "a", 3], [1, 2, 3], "not a number"),
        ([1, float("inf"), 3], [1, 2, 3], "infinite"),
        ([[1, 2, 3]], [1, 2, 3], "dimensions"),
    ],
)
def test_what_has_no_answer_is_refused_with_a_sentence(x: list[object], y: list[object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        myoscope.agree(x, y)  # type: ignore[arg-type]


def test_a_group_without_an_answer_keeps_its_reason_and_the_others_theirs() -> None:
    found = myoscope.agree(X, Y, by=["lonely", "", *["many"] * 38])
    assert [group.group for group in found.groups] == ["many"]
    assert [(one.group, one.n) for one in found.skipped] == [("", 1), ("lonely", 1)]
    assert "1 pair" in found.skipped[1].reason
    frame = found.to_frame()
    assert "1 pair" in frame.loc[frame["group"] == "lonely", "reason"].item()


def test_a_correlation_table_has_a_cell_a_measure_reference_and_group() -> None:
    table = myoscope.agree_many({"a": X, "b": Y}, {"c": X + Y, "d": -X, "e": X**2}, by=SEX)
    assert [(cell.group, cell.x, cell.y) for cell in table.cells] == [
        (group, x, y) for group in ("all", "female", "male") for x in "ab" for y in "cde"
    ]
    cell = next(cell for cell in table.cells if (cell.group, cell.x, cell.y) == ("all", "a", "d"))
    assert cell.pearson is not None
    assert cell.pearson.estimate.value == pytest.approx(-1)


def test_the_family_of_a_correction_is_one_group_and_coefficient() -> None:
    noise = {name: RNG.normal(size=40) for name in "cdef"}
    table = myoscope.agree_many({"a": X}, noise, by=SEX)
    for group in table.groups:
        cells = [cell for cell in table.cells if cell.group == group]
        least = min(cell.pearson.p for cell in cells if cell.pearson)
        assert min(cell.pearson_p_holm for cell in cells) == pytest.approx(min(4 * least, 1))


def test_a_constant_column_leaves_its_cells_open_and_is_no_test() -> None:
    table = myoscope.agree_many({"a": X}, {"c": np.ones(40), "d": Y})
    empty, full = table.cells
    assert "constant" in empty.reason
    assert empty.pearson is None
    assert full.pearson is not None
    assert full.pearson_p_holm == full.pearson.p


def test_a_table_without_any_answer_is_refused() -> None:
    with pytest.raises(InputError, match="constant"):
        myoscope.agree_many({"a": X}, {"c": np.ones(40)})
