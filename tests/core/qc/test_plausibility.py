from __future__ import annotations

from myoscope import Measurement, Measurements, Side
from myoscope.qc.plausibility import unequal_sides, volumes_outside


def pair(right: float, left: float, *, complete: bool = True) -> Measurements:
    rows = [
        Measurement("gracilis", side, "volume", value, "mL", "", complete)
        for side, value in ((Side.RIGHT, right), (Side.LEFT, left), (Side.BOTH, right + left))
    ]
    return Measurements(tuple(rows))


def test_a_volume_outside_its_limits_is_named_with_side_and_limits() -> None:
    (finding,) = volumes_outside(pair(5.0, 80.0), {"gracilis": (10.0, 100.0)})
    assert finding.code == "volume_outside_anatomy"
    assert "right gracilis (5.0 mL, 10 to 100 expected)." in finding.message


def test_a_cut_structure_or_one_without_limits_is_not_judged() -> None:
    assert volumes_outside(pair(5.0, 80.0, complete=False), {"gracilis": (10.0, 100.0)}) == ()
    assert volumes_outside(pair(5.0, 80.0), {}) == ()


def test_sides_that_differ_by_more_than_the_share_are_named() -> None:
    (finding,) = unequal_sides(pair(40.0, 100.0), share=0.5)
    assert finding.code == "sides_differ"
    assert "gracilis (left 100.0 mL, right 40.0 mL)" in finding.message
    assert unequal_sides(pair(51.0, 100.0), share=0.5) == ()
    assert unequal_sides(pair(40.0, 100.0, complete=False), share=0.5) == ()
