from __future__ import annotations

import math

import pytest

from myoscope import Measurement, Measurements, Side, StructureSet
from myoscope.anatomy import THIGH_STRUCTURES
from myoscope.benchmarking.comparing import CaseOutcome, ValuePair, value_pairs
from myoscope.benchmarking.plan import Entry
from myoscope.benchmarking.summing import benchmark_rows, measure_errors
from myoscope.evaluation.values import EvaluationRow

NAN = math.nan
ENTRY = Entry("toy", "toy/model", "synthetic", None, ())
CT = StructureSet(THIGH_STRUCTURES)


def volume(structure: str, side: Side, value: float, quantity: str = "volume") -> Measurement:
    return Measurement(structure, side, quantity, value, "mL", "count")


def test_median_percentage_and_bias_are_those_of_the_drawing() -> None:
    pairs = tuple(ValuePair("volume", "mL", p, t) for p, t in [(110.0, 100.0), (150.0, 200.0), (53.0, 50.0)])
    (error,) = measure_errors(ENTRY, [CaseOutcome("a", pairs=pairs[:1]), CaseOutcome("b", pairs=pairs[1:])])
    assert (error.n, error.left_out, error.n_zero) == (3, 0, 0)
    assert error.error_median_pct == pytest.approx(10.0)
    assert error.bias == pytest.approx((10.0 - 50.0 + 3.0) / 3)
    assert error.mean_true == pytest.approx(350.0 / 3)


def test_a_true_zero_has_no_percentage_but_counts_in_the_bias() -> None:
    pairs = (ValuePair("csa", "cm2", 4.0, 0.0), ValuePair("csa", "cm2", 12.0, 10.0), ValuePair("csa", "cm2", NAN, 7.0))
    (error,) = measure_errors(ENTRY, [CaseOutcome("a", pairs=pairs)])
    assert (error.n, error.left_out, error.n_zero) == (2, 1, 1)
    assert error.error_median_pct == pytest.approx(20.0)
    assert error.bias == pytest.approx(3.0)


def test_a_unit_of_its_own_is_a_row_of_its_own() -> None:
    pairs = (ValuePair("thickness", "mm", 10.0, 10.0), ValuePair("thickness", "px", 100.0, 50.0))
    errors = measure_errors(ENTRY, [CaseOutcome("a", pairs=pairs)])
    assert [(e.quantity, e.unit, e.error_median_pct) for e in errors] == [
        ("thickness", "mm", 0.0), ("thickness", "px", 100.0),
    ]  # fmt: skip


def test_groups_and_sums_of_sides_do_not_count_twice() -> None:
    rows = Measurements(
        (
            volume("sartorius", Side.RIGHT, 10.0),
            volume("sartorius", Side.LEFT, 12.0),
            volume("sartorius", Side.BOTH, 22.0),
            volume("gracilis", Side.BOTH, 5.0),
            volume("scheme:front", Side.BOTH, 22.0),
            volume("thigh", Side.RIGHT, 90.0, "intermuscular_fat_volume"),
            volume("psoas", Side.BOTH, 3.0),
        )
    )
    pairs = value_pairs(rows, rows, CT, frozenset({"sartorius", "gracilis"}))
    assert [(pair.quantity, pair.true) for pair in pairs] == [
        ("volume", 10.0), ("volume", 12.0), ("volume", 5.0), ("intermuscular_fat_volume", 90.0),
    ]  # fmt: skip


def test_what_neither_gives_is_no_pair_and_what_one_gives_is_left_out() -> None:
    true = Measurements((volume("sartorius", Side.RIGHT, NAN), volume("gracilis", Side.RIGHT, 5.0)))
    predicted = Measurements((volume("sartorius", Side.RIGHT, NAN),))
    (pair,) = value_pairs(predicted, true, CT, frozenset({"sartorius", "gracilis"}))
    assert pair.true == 5.0
    assert math.isnan(pair.predicted)


def test_a_row_sums_what_was_done_and_a_failure_follows_it() -> None:
    good = CaseOutcome(
        "good",
        rows=(
            EvaluationRow("good", "sartorius", "right", dice=0.5, hd95_mm=4.0, assd_mm=1.0),
            EvaluationRow("good", "sartorius", "left", dice=0.0, status="prediction empty"),
            EvaluationRow("good", "gracilis", "left", dice=0.0, status="reference empty"),
        ),
        pairs=(ValuePair("volume", "mL", 90.0, 100.0),),
        seconds=2.0,
        peak_memory_mb=100.0,
    )
    outcomes = [good, CaseOutcome("bad", "It broke."), CaseOutcome("slow", seconds=4.0, peak_memory_mb=300.0)]
    total, failure = benchmark_rows(ENTRY, outcomes, CT, measure_errors(ENTRY, outcomes))
    assert (total.case_id, total.cases, total.failed, total.status) == ("all", 3, 1, "1 of 3 cases failed")
    assert (total.dice, total.dice_n, total.dice_left_out) == (0.25, 2, 1)
    assert (total.hd95_mm, total.assd_mm, total.surface_n, total.surface_left_out) == (4.0, 1.0, 1, 2)
    assert (total.quantity, total.error_median_pct) == ("volume", pytest.approx(10.0))
    assert (total.seconds, total.peak_memory_mb) == (3.0, 300.0)
    assert (failure.case_id, failure.status, failure.reason) == ("bad", "failed: It broke.", "It broke.")
    assert failure.is_failure
