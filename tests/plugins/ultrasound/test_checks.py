from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from myoscope import (
    Calibration,
    Finding,
    FrameValue,
    Grid,
    Measurement,
    Measurements,
    Scan,
    Segmentation,
    Severity,
    Side,
    View,
)
from myoscope_ultrasound.checks import check
from myoscope_ultrasound.structures import SITES, STRUCTURES

GRID = Grid.picture((40, 30), (0.1, 0.1))


def row(
    quantity: str, value: float, structure: str = "rectus_femoris", *, reason: str = "", unit: str = "mm"
) -> Measurement:
    return Measurement(structure, Side.BOTH, quantity, value, unit, "test", not reason, reason)


def checked(
    *rows: Measurement, frames: tuple[FrameValue, ...] = (), confidence: tuple[float, ...] = (), found: bool = True
) -> tuple[Finding, ...]:
    labels = np.full(GRID.shape, 2 if found else 0, dtype=np.uint8)
    scan = Scan(
        "ultrasound", {"bmode": labels}, GRID, "case",
        calibration=Calibration("test", View(0, 0, 40, 30)), site="rectus_femoris",
    )  # fmt: skip
    predicted = frozenset(SITES["rectus_femoris"])
    segmentation = Segmentation(
        labels, GRID, STRUCTURES, predicted, sides_split=False, by_model=True, confidence=confidence
    )
    return check(scan, segmentation, Measurements(rows, frames))


def codes(findings: tuple[Finding, ...]) -> list[str]:
    assert all(finding.message.endswith(".") and finding.action.endswith(".") for finding in findings)
    return [finding.code for finding in findings]


def test_a_good_picture_has_no_findings() -> None:
    good = (row("thickness", 18.0), row("csa", 5.0, unit="cm2"), row("thickness", 20.0, "muscle"))
    assert checked(*good, row("thickness_sd", 1.0, "muscle"), confidence=(0.95,)) == ()


def test_a_picture_without_a_muscle_is_an_error_and_one_of_two_a_warning() -> None:
    lost = row("thickness", math.nan, "peroneus_brevis", reason="not found in the field of view")
    (alone,) = checked(lost, found=False)
    assert (alone.code, alone.severity) == ("muscle_not_found", Severity.ERROR)
    assert "peroneus brevis" in alone.message
    (one,) = checked(lost, row("thickness", 12.0, "peroneus_longus"))
    assert one.severity is Severity.WARNING


def test_what_was_not_looked_for_is_not_missed() -> None:
    assert checked(row("thickness", math.nan, "muscle", reason="not predicted by this model")) == ()


@pytest.mark.parametrize(("confidence", "expected"), [(0.69, ["low_confidence"]), (0.7, []), (0.99, [])])
def test_a_doubtful_picture_is_worth_a_look(confidence: float, expected: list[str]) -> None:
    assert codes(checked(row("thickness", 18.0), confidence=(confidence,))) == expected


def test_labels_of_a_person_have_no_confidence_to_doubt() -> None:
    assert checked(row("thickness", 18.0)) == ()


def test_what_the_view_cuts_is_listed_once_with_its_quantities() -> None:
    reason = "cut by the field of view at the left and right"
    (finding,) = checked(row("thickness", 18.0), row("csa", 3.0, reason=reason), row("width", 30.0, reason=reason))
    assert finding.code == "cut_by_field_of_view"
    assert "rectus femoris at the left and right (csa, width)" in finding.message


@pytest.mark.parametrize(("thickness", "is_odd"), [(3.0, True), (3.2, False), (57.0, False), (59.0, True)])
def test_thickness_outside_its_limits_is_implausible(thickness: float, is_odd: bool) -> None:
    assert codes(checked(row("thickness", thickness))) == ["thickness_implausible"] * is_odd


def test_thickness_in_pixels_has_no_limits() -> None:
    assert checked(row("thickness", 300.0, unit="px")) == ()


def test_thickness_that_varies_along_the_muscle_is_worth_a_look() -> None:
    mean = row("thickness", 20.0, "muscle")
    assert codes(checked(mean, row("thickness_sd", 5.1, "muscle"))) == ["thickness_uneven"]
    assert checked(mean, row("thickness_sd", 4.9, "muscle")) == ()
    # A cross-section tapers to its ends by nature.
    assert checked(row("thickness", 20.0), row("thickness_sd", 8.0)) == ()


def frame(index: int, reason: str) -> FrameValue:
    return FrameValue(index, 0.04 * index, "rectus_femoris", "thickness", 18.0, "mm", 0.9, reason)


@pytest.mark.parametrize(("rejected", "expected"), [(3, []), (4, ["frames_rejected"])])
def test_many_rejected_frames_are_worth_a_look(rejected: int, expected: list[str]) -> None:
    reasons = ["confidence 0.31 is below 0.7", "confidence 0.42 is below 0.7", "not found in the field of view"]
    frames = tuple(frame(i, reasons[i % 3] if i < rejected else "") for i in range(10))
    findings = checked(row("thickness", 18.0), frames=frames)
    assert codes(findings) == expected
    if findings:
        assert "4 of 10 frames (3 with low confidence, 1 not found in the field of view)" in findings[0].message


def test_a_video_is_doubted_frame_by_frame_only() -> None:
    labels = np.full((2, *GRID.shape), 2, dtype=np.uint8)
    scan = Scan("ultrasound", {"bmode": labels}, GRID, "case", times_s=(0.0, 0.1), site="rectus_femoris")
    one = Segmentation(labels, GRID, STRUCTURES, frozenset({"rectus_femoris"}), sides_split=False, by_model=True)
    assert check(scan, replace(one, confidence=(0.1, 0.2)), Measurements()) == ()


@pytest.mark.parametrize(
    ("columns", "expected"), [(8, ["muscle_seen_narrowly"]), (19, ["muscle_seen_narrowly"]), (21, [])]
)
def test_a_muscle_between_aponeuroses_seen_over_little_of_the_width_is_doubted(
    columns: int, expected: list[str]
) -> None:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[10:20, :columns] = STRUCTURES["muscle"].id
    calibration = Calibration("test", View(0, 0, 40, 30))
    scan = Scan("ultrasound", {"bmode": labels}, GRID, "case", calibration=calibration, site="longitudinal")
    found = Segmentation(labels, GRID, STRUCTURES, frozenset(SITES["longitudinal"]), sides_split=False, by_model=True)
    assert codes(check(scan, found, Measurements())) == expected
    assert codes(check(scan, replace(found, by_model=False), Measurements())) == []
