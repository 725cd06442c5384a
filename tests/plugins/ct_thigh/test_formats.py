"""One scan, written in every format and axis order, gives the same numbers."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import myoscope
from myoscope import CaseResult, Grid, LabelledCase
from myoscope.io import write_dicom_series, write_volume
from myoscope.ops.orient import from_lps, lps_grid

#: Volumes of one scan in two formats may differ by this share.
TOLERANCE = 1e-3
#: Other axes change the last bits of what a network sees; in bfloat16 that moves a few voxels.
OBLIQUE_TOLERANCE = 5e-3
#: Index axes of the file: which patient axis each lies along, and whether it is reversed.
LPS = ((0, 1, 2), (1, 1, 1))
RAS = ((0, 1, 2), (-1, -1, 1))
PERMUTED = ((2, 0, 1), (1, -1, 1))


def turned(grid: Grid, order: tuple[int, ...], signs: tuple[int, ...]) -> Grid:
    """Return the grid of the same samples with other index axes; `grid` is upright."""
    direction = np.zeros((3, 3))
    for axis, (physical, sign) in enumerate(zip(order, signs, strict=True)):
        direction[physical, axis] = sign
    first = [0.0] * 3
    for physical, sign in zip(order, signs, strict=True):
        first[physical] = 0.0 if sign > 0 else grid.size[physical] - 1.0
    same = Grid(
        size=tuple(grid.size[p] for p in order),
        spacing_mm=tuple(grid.spacing_mm[p] for p in order),
        origin=grid.position(tuple(first)),
        direction=tuple(direction.ravel().tolist()),
    )
    assert lps_grid(same).is_same(grid)
    return same


def written(case: LabelledCase, folder: Path, ending: str, order: tuple[int, ...], signs: tuple[int, ...]) -> Path:
    grid = turned(case.scan.grid, order, signs)
    for name, array in (("scan", case.scan.image), ("labels", case.segmentation.labels)):
        write_volume(np.ascontiguousarray(from_lps(array, grid)), grid, folder / f"{name}{ending}")
    return folder / f"scan{ending}"


def as_dicom(case: LabelledCase, folder: Path) -> Path:
    return write_dicom_series(case.scan.image, case.scan.grid, folder / "series")


def as_zip(case: LabelledCase, folder: Path) -> Path:
    with zipfile.ZipFile(folder / "scan.zip", "w") as bundle:
        for path in sorted(as_dicom(case, folder).iterdir()):
            bundle.write(path, f"study/series/{path.name}")
    return folder / "scan.zip"


#: The quickest of the embedded ones.
MODEL = "ct_thigh/unetr_small"

FORMATS: dict[str, Callable[[LabelledCase, Path], Path]] = {
    "dicom": as_dicom,
    "zip": as_zip,
    "nifti_ras": lambda case, folder: written(case, folder, ".nii.gz", *RAS),
    "nifti_lps": lambda case, folder: written(case, folder, ".nii.gz", *LPS),
    "nifti_permuted": lambda case, folder: written(case, folder, ".nii.gz", *PERMUTED),
    "nrrd": lambda case, folder: written(case, folder, ".nrrd", *RAS),
    "mha": lambda case, folder: written(case, folder, ".mha", *PERMUTED),
}


def volumes(result: CaseResult) -> pd.Series:
    frame = result.measurements.select(quantity="volume").to_frame()
    return frame.set_index(["structure", "side"]).value.dropna()


@pytest.fixture(scope="module")
def thigh() -> LabelledCase:
    return myoscope.synthesize("ct_thigh", 2026, myoscope.SynthesisOptions(spacing_mm=(4.0, 4.0, 6.0)))


@pytest.fixture(scope="module")
def measured(thigh: LabelledCase) -> CaseResult:
    return myoscope.measure(thigh.scan, thigh.segmentation)


@pytest.fixture(scope="module")
def analyzed(thigh: LabelledCase) -> CaseResult:
    return myoscope.analyze(thigh.scan, model=MODEL, device="cpu")


@pytest.mark.parametrize("name", FORMATS)
def test_given_labels_measure_the_same_in_every_format(
    name: str, thigh: LabelledCase, measured: CaseResult, tmp_path: Path
) -> None:
    source = FORMATS[name](thigh, tmp_path)
    beside = source.with_name(source.name.replace("scan", "labels"))
    labels = beside if beside != source and beside.exists() else thigh.segmentation
    found = volumes(myoscope.measure(source, labels))
    assert len(found) > 70
    pd.testing.assert_series_equal(found, volumes(measured), rtol=TOLERANCE)


@pytest.mark.parametrize("name", FORMATS)
def test_a_model_finds_the_same_in_every_format(
    name: str, thigh: LabelledCase, analyzed: CaseResult, tmp_path: Path
) -> None:
    result = myoscope.analyze(FORMATS[name](thigh, tmp_path), model=MODEL, device="cpu")
    found = volumes(result)
    assert found["femur", "left"] > 100
    assert found["vastus_lateralis", "right"] > 200
    pd.testing.assert_series_equal(found, volumes(analyzed), rtol=TOLERANCE)
    assert result.segmentation.grid.is_same(result.scan.grid)


def test_an_oblique_scan_measures_the_same(thigh: LabelledCase, analyzed: CaseResult) -> None:
    """Nothing in the way of the data depends on where the patient's axes point."""
    from dataclasses import replace

    c, s = np.cos(np.radians(12)), np.sin(np.radians(12))
    grid = replace(thigh.scan.grid, direction=(c, -s, 0.0, s, c, 0.0, 0.0, 0.0, 1.0))
    result = myoscope.analyze(replace(thigh.scan, grid=grid), model=MODEL, device="cpu")
    pd.testing.assert_series_equal(volumes(result), volumes(analyzed), rtol=OBLIQUE_TOLERANCE)
