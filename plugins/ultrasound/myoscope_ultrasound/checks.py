"""What is wrong with a picture or video or worth a look: nothing found, doubt, cuts, thickness that cannot be."""

from __future__ import annotations

import math
from collections import Counter

from myoscope import Finding, Measurement, Measurements, Scan, Segmentation, Severity
from myoscope.qc.coverage import CUT, NOT_FOUND
from myoscope_ultrasound.aponeuroses import MUSCLE
from myoscope_ultrasound.limits import (
    LEAST_WIDTH_SHARE,
    LOW_CONFIDENCE,
    MOST_REJECTED,
    MOST_VARIATION,
    OTHER_THICKNESS_LIMITS_MM,
    THICKNESS_LIMITS_MM,
)


def check(scan: Scan, segmentation: Segmentation, measurements: Measurements) -> tuple[Finding, ...]:
    """Return what is wrong or worth a look; empty when all is well. A missing scale is a finding of loading."""
    return (
        *_not_found(measurements),
        *_low_confidence(scan, segmentation),
        *_narrow(scan, segmentation),
        *_rejected(measurements),
        *_cut(measurements),
        *_implausible(measurements),
        *_uneven(measurements),
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _not_found(measurements: Measurements) -> tuple[Finding, ...]:
    rows = measurements.select(quantity="thickness").rows
    lost = [row for row in rows if NOT_FOUND in row.reason]
    if not lost:
        return ()
    listed = "; ".join(f"{_words(row.structure)}: {row.reason}" for row in lost)
    return (
        Finding(
            code="muscle_not_found",
            severity=Severity.ERROR if len(lost) == len(rows) else Severity.WARNING,
            message=f"{len(lost)} of {len(rows)} muscles could not be measured ({listed}).",
            action="Look whether the picture shows the site that was named, and whether the probe lay still on it.",
        ),
    )


def _low_confidence(scan: Scan, segmentation: Segmentation) -> tuple[Finding, ...]:
    """Look at a picture; a video's doubtful frames are among the rejected ones."""
    if scan.times_s or not segmentation.confidence or not segmentation.labels.any():
        return ()
    (confidence,) = segmentation.confidence
    if confidence >= LOW_CONFIDENCE:
        return ()
    return (
        Finding(
            code="low_confidence",
            severity=Severity.WARNING,
            message=f"The model is unsure of this picture: confidence {confidence:.2f}, {LOW_CONFIDENCE} expected.",
            action="Look at the outlines before using the values; take another picture if they are wrong.",
        ),
    )


def _narrow(scan: Scan, segmentation: Segmentation) -> tuple[Finding, ...]:
    """Look how much of a picture's width shows both aponeuroses that a model found; the model may be sure and wrong."""
    if scan.times_s or not segmentation.by_model or MUSCLE not in segmentation.predicted or scan.calibration is None:
        return ()
    muscle = segmentation.labels[scan.calibration.view.slices] == segmentation.structures[MUSCLE].id
    share = float(muscle.any(axis=0).mean())
    if not 0 < share < LEAST_WIDTH_SHARE:
        return ()
    return (
        Finding(
            code="muscle_seen_narrowly",
            severity=Severity.WARNING,
            message=f"Both aponeuroses were found one above the other over only {share:.0%} of the picture's width.",
            action="Look whether the outlines lie on the aponeuroses before using the values.",
        ),
    )


def _rejected(measurements: Measurements) -> tuple[Finding, ...]:
    frames = [value for value in measurements.frames if value.quantity == "thickness"]
    muscles = sorted({value.structure for value in frames})
    odd = []
    for muscle in muscles:
        reasons = [value.reason for value in frames if value.structure == muscle]
        rejected = Counter(_kind(reason) for reason in reasons if reason)
        if sum(rejected.values()) > MOST_REJECTED * len(reasons):
            why = ", ".join(f"{count} {reason}" for reason, count in rejected.most_common())
            odd.append(f"{_words(muscle)}: {sum(rejected.values())} of {len(reasons)} frames ({why})")
    if not odd:
        return ()
    return (
        Finding(
            code="frames_rejected",
            severity=Severity.WARNING,
            message=f"Many frames do not count: {'; '.join(odd)}.",
            action="Look at the table of frames and at the video; record it again with the probe still if they move.",
        ),
    )


def _kind(reason: str) -> str:
    """Return a reason without the numbers of its own frame."""
    return "with low confidence" if reason.startswith("confidence") else reason


def _cut(measurements: Measurements) -> tuple[Finding, ...]:
    cuts: dict[tuple[str, str], list[str]] = {}
    for row in measurements:
        if CUT in row.reason:
            edges = row.reason.partition(CUT)[2]
            cuts.setdefault((row.structure, edges), []).append(_words(row.quantity))
    if not cuts:
        return ()
    listed = "; ".join(
        f"{_words(muscle)} at the {edges} ({', '.join(names)})" for (muscle, edges), names in cuts.items()
    )
    return (
        Finding(
            code="cut_by_field_of_view",
            severity=Severity.WARNING,
            message=f"The field of view cuts what these are measured of: {listed}.",
            action="Use these values as those of the part in view only; take a wider or deeper picture.",
        ),
    )


def _implausible(measurements: Measurements) -> tuple[Finding, ...]:
    odd = []
    for row in measurements.select(quantity="thickness"):
        low, high = THICKNESS_LIMITS_MM.get(row.structure, OTHER_THICKNESS_LIMITS_MM)
        if row.unit == "mm" and not math.isnan(row.value) and not low <= row.value <= high:
            odd.append(f"{_words(row.structure)} ({row.value:.1f} mm, {low:g} to {high:g} expected)")
    if not odd:
        return ()
    return (
        Finding(
            code="thickness_implausible",
            severity=Severity.WARNING,
            message=f"Thickness that no such muscle has: {'; '.join(odd)}.",
            action="Check the scale (depth or spacing) and the outlines before using the values.",
        ),
    )


def _uneven(measurements: Measurements) -> tuple[Finding, ...]:
    """Compare the spread of the thickness along a longitudinal muscle with its mean."""
    mean, spread = (_value(measurements, quantity) for quantity in ("thickness", "thickness_sd"))
    if mean is None or spread is None or not spread.value > MOST_VARIATION * mean.value:
        return ()
    return (
        Finding(
            code="thickness_uneven",
            severity=Severity.WARNING,
            message=f"The thickness varies by {spread.value / mean.value:.0%} (SD over mean) along the muscle, "
            f"{MOST_VARIATION:.0%} or less expected.",
            action="Look whether both lines lie on the aponeuroses of one muscle, and whether the probe lay along it.",
        ),
    )


def _value(measurements: Measurements, quantity: str) -> Measurement | None:
    return next(iter(measurements.select(structure=MUSCLE, quantity=quantity)), None)
