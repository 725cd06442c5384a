"""What is wrong with a case or worth a look: coverage, sides, volumes, and fat that cannot be fat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from myoscope import Finding, Severity, Side
from myoscope.ops.regions import summarize
from myoscope.thigh.checks import thigh_findings
from myoscope_dixon_mri.measures import SILENT

if TYPE_CHECKING:
    from myoscope import Measurements, Scan, Segmentation

#: All thigh muscles together hold more fat than this in next to nobody; exchanged images show 90% and more.
MOST_FAT_PERCENT = 60.0


def check(scan: Scan, segmentation: Segmentation, measurements: Measurements) -> tuple[Finding, ...]:
    """Return what is wrong or worth a look; empty when all is well."""
    return (
        *thigh_findings(segmentation, measurements, summarize(segmentation.labels, segmentation.grid)),
        *_orientation(scan, segmentation),
        *_tmv(measurements),
        *_fat(measurements),
        *_silence(measurements),
    )


def _orientation(scan: Scan, segmentation: Segmentation) -> tuple[Finding, ...]:
    """Say that nobody knows which side is left."""
    if scan.oriented or not segmentation.labels.any():
        return ()
    return (
        Finding(
            code="orientation_nominal",
            severity=Severity.WARNING,
            message="The file does not say how it lies in the patient, so left and right follow its nominal axes.",
            action="Compare with a known landmark, or give the DICOM series, before using values by side.",
        ),
    )


def _tmv(measurements: Measurements) -> tuple[Finding, ...]:
    """Say why the volume of the thigh muscles is a lower limit only."""
    rows = [row for row in measurements.select(quantity="tmv", side=Side.BOTH) if not math.isnan(row.value)]
    if all(row.complete for row in rows):
        return ()
    return (
        Finding(
            code="tmv_incomplete",
            severity=Severity.WARNING,
            message=f"Thigh muscle volume is a sum of parts, {rows[0].value:.0f} mL: {rows[0].reason}.",
            action="Do not compare TMV, TVI, balance and strength by volume of this scan with those of whole thighs.",
        ),
    )


def _fat(measurements: Measurements) -> tuple[Finding, ...]:
    """Say that muscle is too fatty for muscle."""
    rows = measurements.select(structure="thigh", quantity="fat_fraction_mean_of_voxels")
    odd = [f"{row.side} {row.value:.0f}%" for row in rows if row.value > MOST_FAT_PERCENT]
    if not odd:
        return ()
    return (
        Finding(
            code="fat_fraction_implausible",
            severity=Severity.WARNING,
            message=f"The muscles are more than {MOST_FAT_PERCENT:g}% fat: {', '.join(odd)}.",
            action="Look whether water and fat are exchanged, all over or in part, before using fat or lean volume.",
        ),
    )


def _silence(measurements: Measurements) -> tuple[Finding, ...]:
    """List the muscles that lack signal."""
    rows = [
        row
        for row in measurements.select(quantity="fat_fraction_mean_of_voxels")
        if SILENT in row.reason and row.structure != "thigh"
    ]
    if not rows:
        return ()
    listed = "; ".join(f"{row.side} {row.structure} ({row.reason[row.reason.index(SILENT) :]})" for row in rows)
    return (
        Finding(
            code="muscle_without_signal",
            severity=Severity.WARNING,
            message=f"Parts of muscles show no signal, as around metal: {listed}.",
            action="Do not use the fat fraction of these muscles, and look at their labels.",
        ),
    )
