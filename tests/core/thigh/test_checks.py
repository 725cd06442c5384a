from __future__ import annotations

import math

import numpy as np

from myoscope import THIGH_STRUCTURES, Grid, Measurement, Measurements, Segmentation, Side, StructureSet
from myoscope.ops.regions import summarize
from myoscope.thigh.checks import thigh_findings

STRUCTURES = StructureSet(THIGH_STRUCTURES)
GRID = Grid.identity((4, 4, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))


def codes(*rows: tuple[str, str, float, str]) -> list[str]:
    measured = [
        Measurement(name, Side(side), "volume", value, "mL", "count", not reason, reason)
        for name, side, value, reason in rows
    ]
    empty = Segmentation(np.zeros(GRID.shape, np.uint8), GRID, STRUCTURES, frozenset(), sides_split=True)
    regions = summarize(empty.labels, GRID)
    return [finding.code for finding in thigh_findings(empty, Measurements(tuple(measured)), regions)]


def test_a_thigh_as_anatomy_allows_has_no_finding() -> None:
    assert codes(("gracilis", "right", 90, ""), ("gracilis", "left", 100, ""), ("gracilis", "both", 190, "")) == []


def test_no_volume_at_all_is_no_thigh() -> None:
    assert codes(("gracilis", "both", math.nan, "not found")) == ["no_thigh_in_view"]


def test_cut_odd_and_unequal_structures_are_listed() -> None:
    cut = "cut by the field of view at the lower end"
    assert codes(("femur", "both", 300, cut)) == ["cut_by_field_of_view"]
    assert codes(("femur", "both", 300, ""), ("gracilis", "left", 4000, "")) == ["volume_outside_anatomy"]
    assert codes(("femur", "both", 300, ""), ("femur", "left", 200, ""), ("femur", "right", 90, "")) == ["sides_differ"]
