"""A small thigh whose every number is known, as a result to look at."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from myoscope import (
    THIGH_STRUCTURES,
    CaseResult,
    Finding,
    Grid,
    Measurement,
    Measurements,
    Scan,
    Segmentation,
    Severity,
    Sex,
    Side,
    StructureSet,
    Subject,
)
from myoscope.data.result import ModelReference, Provenance, SliceRow, StageCost

STRUCTURES = StructureSet(
    tuple(s for s in THIGH_STRUCTURES if s.name in {"vastus_lateralis", "gracilis", "psoas", "multifidus", "femur"}),
    {"scheme": {"front": ("vastus_lateralis",), "inside": ("gracilis",), "trunk": ("psoas", "multifidus")}},
)
PREDICTED = frozenset({"vastus_lateralis", "gracilis", "psoas", "femur"})
GRID = Grid.identity((60, 40, 24), (3.0, 3.0, 8.0), (-90.0, -60.0, 500.0))
FINDINGS = (
    Finding("tilt", Severity.INFO, "The gantry was tilted.", "Look at the slices."),
    Finding("cut", Severity.WARNING, "The field of view cuts <b>one</b> muscle.", "Do not compare it."),
    Finding("metal", Severity.ERROR, "There is metal.", "Leave the density out."),
)
MODEL = ModelReference("ct_thigh/test", "ab" * 32, "ct_thigh/unetr_small", "torch", "Twelve synthetic cases.")


def phantom_labels() -> np.ndarray[Any, np.dtype[np.uint8]]:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    for offset, start in ((0, 6), (100, 36)):
        labels[4:20, 8:30, start : start + 8] = 3 + offset
        labels[6:18, 14:24, start + 12 : start + 16] = 9 + offset
        labels[2:22, 17:23, start + 8 : start + 12] = 28 + offset
    return labels


def _rows() -> tuple[Measurement, ...]:
    def volume(name: str, side: Side, value: float, reason: str = "") -> Measurement:
        return Measurement(name, side, "volume", value, "mL", "voxel count", not reason, reason)

    return (
        volume("vastus_lateralis", Side.RIGHT, 200.0),
        volume("vastus_lateralis", Side.LEFT, 100.0, "cut by the field of view at the upper end"),
        Measurement("vastus_lateralis", Side.LEFT, "hu_mean", -12.34, "HU", "mean of voxels"),
        volume("vastus_lateralis", Side.BOTH, 300.0, "left cut"),
        volume("gracilis", Side.RIGHT, 34.56),
        volume("gracilis", Side.LEFT, 30.0),
        volume("psoas", Side.RIGHT, math.nan, "not found in the field of view"),
        volume("multifidus", Side.BOTH, math.nan, "not predicted by this model"),
        volume("scheme:front", Side.RIGHT, 200.0),
        volume("scheme:front", Side.LEFT, 100.0, "vastus_lateralis cut"),
        Measurement("thigh", Side.RIGHT, "intermuscular_fat_volume", 55.5, "mL", "inside the envelope"),
    )


def _slices() -> tuple[SliceRow, ...]:
    return tuple(
        SliceRow(name, side, k, 500.0 + 8.0 * k, area, 50.0)
        for name, area, gap in (("vastus_lateralis", 15.84, -1), ("gracilis", 3.6, 10))
        for side in ("right", "left")
        for k in range(4, 20)
        if k != gap
    )


@pytest.fixture(scope="session")
def phantom() -> CaseResult:
    labels = phantom_labels()
    image = np.where(labels > 0, 50.0, -1000.0).astype(np.float32)
    return CaseResult(
        scan=Scan("ct_thigh", {"ct": image}, GRID, "phantom"),
        segmentation=Segmentation(labels, GRID, STRUCTURES, PREDICTED, sides_split=True),
        measurements=Measurements(_rows()),
        slices=_slices(),
        findings=FINDINGS,
        subject=Subject(id="P7", sex=Sex.FEMALE, age=71, height_m=1.58),
        provenance=Provenance(
            {"myoscope": "0.1.0"}, "phantom.nii.gz", "", MODEL, "cpu", (StageCost("load", 12.3456, 321.0),)
        ),
    )


@pytest.fixture(scope="session")
def bare(phantom: CaseResult) -> CaseResult:
    """Nothing segmented, measured, found or known; labels given."""
    empty = np.zeros(GRID.shape, dtype=np.uint8)
    return dataclasses.replace(
        phantom,
        segmentation=dataclasses.replace(phantom.segmentation, labels=empty),
        measurements=Measurements(),
        slices=(),
        findings=(),
        subject=Subject(),
        provenance=Provenance({"myoscope": "0.1.0"}, "phantom.nii.gz", "labels.nii.gz", None, "", ()),
    )
