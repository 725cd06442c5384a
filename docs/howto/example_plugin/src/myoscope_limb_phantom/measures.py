"""Volumes of the inserts, and whether all of an insert was in view."""

from __future__ import annotations

import math

from myoscope import Finding, Measurement, Measurements, Scan, Segmentation, Side, Structure
from myoscope.ops.regions import Regions, edges, summarize, volume_ml
from myoscope.qc.coverage import NOT_FOUND, NOT_PREDICTED, cut_reason, cut_structures

METHOD = "voxel count x voxel volume"


def measure(scan: Scan, segmentation: Segmentation) -> Measurements:
    """Return one `volume` a structure: NaN with the reason when there is none."""
    regions = summarize(segmentation.labels, scan.grid)
    return Measurements(tuple(_volume(structure, segmentation, regions) for structure in segmentation.structures))


def check(measurements: Measurements) -> tuple[Finding, ...]:
    """Return a finding for inserts that the field of view cuts."""
    return cut_structures(measurements)


def _volume(structure: Structure, segmentation: Segmentation, regions: Regions) -> Measurement:
    value, reason = math.nan, NOT_PREDICTED
    if structure.name in segmentation.predicted:
        found = regions.counts[structure.id].any()
        value = volume_ml(regions, structure.id) if found else math.nan
        reason = cut_reason(edges(regions, structure.id)) if found else NOT_FOUND
    return Measurement(structure.name, Side.BOTH, "volume", value, "mL", METHOD, complete=not reason, reason=reason)
