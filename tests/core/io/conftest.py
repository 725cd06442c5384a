from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from myoscope import THIGH_STRUCTURES, Grid, Measurement, Measurements, Scan, Segmentation, Side, StructureSet, Subject
from myoscope.data.result import CaseResult, Provenance, SliceRow, StageCost
from myoscope.io.values import Volume
from myoscope.ops.orient import to_lps


@pytest.fixture
def phantom() -> Volume:
    """A CT whose every voxel differs from its neighbors, anisotropic, not square, not centered."""
    values = np.random.default_rng(3).integers(-1000, 1500, (7, 9, 11)).astype(np.int16)
    return Volume(values, Grid.identity((11, 9, 7), (0.75, 1.25, 2.5), (-31.5, 40.25, -612.0)))


@pytest.fixture
def structures() -> StructureSet:
    return StructureSet(THIGH_STRUCTURES)


@pytest.fixture
def segmentation(phantom: Volume, structures: StructureSet) -> Segmentation:
    """Right and left sartorius and a right femur; rectus femoris was looked for and not found."""
    labels = np.zeros(phantom.grid.shape, dtype=np.uint8)
    labels[1:4, 2:5, 1:3] = 1
    labels[1:4, 2:5, 7:10] = 101
    labels[0:6, 5:8, 1:4] = 28
    predicted = frozenset({"sartorius", "rectus_femoris", "femur"})
    return Segmentation(labels, phantom.grid, structures, predicted, sides_split=True)


@pytest.fixture
def result(phantom: Volume, segmentation: Segmentation) -> CaseResult:
    rows = (
        Measurement("sartorius", Side.LEFT, "volume", 1.23456789, "mL", "voxel count"),
        Measurement(
            "sartorius", Side.RIGHT, "volume", float("nan"), "mL", "voxel count", False, "cut by the field of view"
        ),
    )
    return CaseResult(
        scan=Scan("ct_thigh", {"ct": phantom.array}, phantom.grid, "case1"),
        segmentation=segmentation,
        measurements=Measurements(rows),
        slices=(SliceRow("sartorius", "left", 1, -609.5, 0.0123456789, float("nan")),),
        findings=(),
        subject=Subject(age=71.0),
        provenance=Provenance({"myoscope": "0.1.0"}, "scan", "labels", None, "", (StageCost("load", 0.25, 100.0),)),
    )


def assert_same_volume(one: Volume, other: Volume) -> None:
    """Compare in the patient's axis order, whatever order the files had."""
    (a, grid_a), (b, grid_b) = to_lps(one.array, one.grid), to_lps(other.array, other.grid)
    np.testing.assert_array_equal(a, b)
    assert grid_a.is_same(grid_b)


@pytest.fixture
def same_volume() -> object:
    return assert_same_volume


@pytest.fixture
def shared_data() -> Path:
    folder = Path(__file__).resolve().parents[4] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data is not beside the project")
    return folder
