from __future__ import annotations

import math

from myoscope import Measurement, Measurements, Side
from myoscope.qc.coverage import NOT_FOUND, cut_reason, cut_structures, no_thigh_in_view


def row(name: str, side: Side, value: float, reason: str = "") -> Measurement:
    return Measurement(name, side, "volume", value, "mL", "", not reason, reason)


def test_cut_structures_are_listed_in_one_finding_with_side_and_end() -> None:
    rows = (
        row("psoas", Side.RIGHT, 3, cut_reason(["upper end"])),
        row("psoas", Side.LEFT, 3, cut_reason(["upper end", "back"])),
        row("femur", Side.BOTH, 3, cut_reason(["lower end"])),
        row("gracilis", Side.LEFT, math.nan, NOT_FOUND),
    )
    (finding,) = cut_structures(Measurements(rows))
    assert finding.code == "cut_by_field_of_view"
    assert finding.message == (
        "The field of view cuts 2 structures: psoas (right at the upper end, left at the upper end and back); "
        "femur (at the lower end)."
    )


def test_complete_and_absent_structures_are_not_cut() -> None:
    rows = (row("psoas", Side.RIGHT, 3), row("psoas", Side.LEFT, math.nan, NOT_FOUND))
    assert cut_structures(Measurements(rows)) == ()
    assert cut_reason([]) == ""


def test_a_scan_with_hardly_any_thigh_has_none() -> None:
    rows = (row("femur", Side.BOTH, 4), row("gracilis", Side.BOTH, math.nan, NOT_FOUND), row("psoas", Side.BOTH, 300))
    (finding,) = no_thigh_in_view(Measurements(rows), {"femur", "gracilis"}, minimum_ml=10)
    assert (finding.code, finding.severity) == ("no_thigh_in_view", "error")
    assert no_thigh_in_view(Measurements((row("femur", Side.BOTH, 40),)), {"femur"}, minimum_ml=10) == ()
