from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from myoscope import CaseResult, LabelledCase, OutputError, Station, report
from myoscope.data.segmentation import Certainty
from myoscope.io import Volume, read_labels, read_volume, write_case, write_labelled_case
from myoscope.report import drawn
from myoscope.report.drawn import Drawn

FILES = {
    "case1_dseg.nii.gz",
    "case1.seg.nrrd",
    "case1_labels.tsv",
    "measurements.csv",
    "measurements.json",
    "slices.csv",
    "findings.json",
    "run.json",
    "preview.png",
    "report.html",
}
PREVIEW = b"\x89PNG picture"


@pytest.fixture(autouse=True)
def plain_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are tested with the report."""
    monkeypatch.setattr(drawn, "draw", lambda _: Drawn(PREVIEW, None))
    monkeypatch.setattr(report, "report_html", lambda *_: "<html>page</html>")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_every_file_of_a_case_is_written(tmp_path: Path, result: CaseResult) -> None:
    assert write_case(result, tmp_path / "new" / "out") == tmp_path / "new" / "out"
    assert names(tmp_path / "new" / "out") == FILES
    assert names(tmp_path / "new") == {"out"}
    assert (tmp_path / "new" / "out" / "preview.png").read_bytes() == PREVIEW


def test_a_scan_fused_from_stations_is_written_channel_by_channel(tmp_path: Path, result: CaseResult) -> None:
    water = result.scan.image.astype(np.float32) / 3
    stations = (Station("hips", (-604.0, -590.0)), Station("knees", (-614.0, -600.0)))
    channels = {"water": water, "fat": -water}
    fused = dataclasses.replace(result, scan=dataclasses.replace(result.scan, channels=channels, stations=stations))
    write_case(fused, tmp_path)
    assert names(tmp_path) == FILES | {"case1_water.nrrd", "case1_fat.nrrd"}
    for name, array in channels.items():
        volume = read_volume(tmp_path / f"case1_{name}.nrrd")
        np.testing.assert_array_equal(volume.array, array)
        assert volume.array.dtype == np.float32
        assert volume.grid.is_same(result.scan.grid)
        header = sitk.ReadImage(str(tmp_path / f"case1_{name}.nrrd"))
        assert header.GetMetaData("contrast") == name
        assert header.GetMetaData("stations") == "hips from -604.0 to -590.0 mm; knees from -614.0 to -600.0 mm"
        assert header.GetMetaData("note").startswith("Research use only")


def test_a_scan_of_one_station_is_not_written_again(tmp_path: Path, result: CaseResult) -> None:
    scan = dataclasses.replace(result.scan, stations=(Station("thigh", (-614.0, -600.0)),))
    write_case(dataclasses.replace(result, scan=scan), tmp_path)
    assert names(tmp_path) == FILES


def test_save_without_report_leaves_the_page_out(tmp_path: Path, result: CaseResult) -> None:
    result.save(tmp_path, report=False)
    assert names(tmp_path) == FILES - {"report.html"}


def test_other_files_stay_and_files_of_the_case_are_replaced(tmp_path: Path, result: CaseResult) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "findings.json").write_text("old")
    write_case(result, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert json.loads((tmp_path / "findings.json").read_text()) == []
    assert names(tmp_path) == {*FILES, "notes.txt"}


@pytest.mark.parametrize("stop", [RuntimeError("broken"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["myoscope.report.report_html", "myoscope.io.case_files.write_run"])
def test_an_error_leaves_the_folder_as_it_was(
    tmp_path: Path, result: CaseResult, monkeypatch: pytest.MonkeyPatch, place: str, stop: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise stop

    monkeypatch.setattr(place, fail)
    (tmp_path / "findings.json").write_text("old")
    for folder in (tmp_path, tmp_path / "deep" / "out"):
        with pytest.raises(type(stop)):
            write_case(result, folder)
    assert names(tmp_path) == {"findings.json"}
    assert (tmp_path / "findings.json").read_text() == "old"


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, result: CaseResult) -> None:
    (tmp_path / "out").touch()
    for folder in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(OutputError, match="cannot be written"):
            write_case(result, folder)


def test_labels_are_uint8_on_the_scans_grid_without_a_time_stamp(tmp_path: Path, result: CaseResult) -> None:
    write_case(result, tmp_path)
    path = tmp_path / "case1_dseg.nii.gz"
    image = nib.load(path)
    assert image.get_data_dtype() == np.uint8
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 1)
    assert b"research use only" in gzip.decompress(path.read_bytes())[:348]
    assert path.read_bytes()[4:8] == bytes(4)
    back = read_volume(path)
    np.testing.assert_array_equal(back.array, result.segmentation.labels)
    assert back.grid.is_same(result.scan.grid)


def test_the_table_is_bids(tmp_path: Path, result: CaseResult) -> None:
    write_case(result, tmp_path)
    rows = list(csv.DictReader((tmp_path / "case1_labels.tsv").read_text().splitlines(), delimiter="\t"))
    assert [(row["index"], row["name"]) for row in rows[:3]] == [
        ("0", "background"),
        ("1", "sartorius_right"),
        ("2", "rectus_femoris_right"),
    ]
    assert rows[1]["color"] == "#e69f00"
    assert len(rows) == 7


def test_measurements_are_tidy_with_empty_cells_for_nan(tmp_path: Path, result: CaseResult) -> None:
    write_case(result, tmp_path)
    table = pd.read_csv(tmp_path / "measurements.csv")
    assert list(table.columns) == [
        *("case_id", "modality", "structure", "side", "quantity", "value", "unit", "method", "complete", "reason")
    ]
    assert list(table["value"].isna()) == [False, True]
    assert table["value"][0] == 1.23457
    assert list(table["complete"]) == [True, False]
    content = json.loads((tmp_path / "measurements.json").read_text())
    assert "Research use only" in content["notice"]
    assert [row["value"] for row in content["measurements"]] == [1.23457, None]
    assert content["measurements"][1]["reason"] == "cut by the field of view"


def test_slices_and_run_are_written(tmp_path: Path, result: CaseResult) -> None:
    write_case(result, tmp_path)
    table = pd.read_csv(tmp_path / "slices.csv")
    assert list(table.columns) == [
        *("case_id", "structure", "side", "slice", "position_mm", "area_cm2", "intensity_mean")
    ]
    assert table["area_cm2"][0] == 0.0123457
    run = json.loads((tmp_path / "run.json").read_text())
    assert "Research use only" in run["notice"]
    assert run["versions"] == {"myoscope": "0.1.0"}
    assert run["stages"] == [{"stage": "load", "seconds": 0.25, "peak_memory_mb": 100.0}]
    assert run["certainty"] is None


def test_what_a_model_says_of_its_own_certainty_is_written(tmp_path: Path, result: CaseResult) -> None:
    sure = np.random.default_rng(0).integers(0, 256, result.segmentation.labels.shape, dtype=np.uint8)
    certainty = Certainty(0.75, {"sartorius": 0.75}, {"sartorius": 0.6})
    segmentation = dataclasses.replace(result.segmentation, confidence_map=sure, certainty=certainty)
    write_case(dataclasses.replace(result, segmentation=segmentation), tmp_path)
    assert names(tmp_path) == FILES | {"case1_confidence.nii.gz"}
    volume = read_volume(tmp_path / "case1_confidence.nii.gz")
    np.testing.assert_array_equal(volume.array, sure)
    assert volume.grid.is_same(result.segmentation.grid)
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["certainty"] == {"mean": 0.75, "by_structure": {"sartorius": 0.75}, "expected_dice": {"sartorius": 0.6}}


def test_two_runs_give_identical_bytes_but_for_the_run_file(tmp_path: Path, result: CaseResult) -> None:
    write_case(result, tmp_path / "a")
    time.sleep(1.1)
    write_case(result, tmp_path / "b")
    for name in FILES - {"run.json"}:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_a_labelled_case_reads_back(
    tmp_path: Path, result: CaseResult, phantom: Volume, same_volume: Callable[[Volume, Volume], None]
) -> None:
    write_labelled_case(LabelledCase(result.scan, result.segmentation, {"seed": 7}), tmp_path)
    write_labelled_case(LabelledCase(result.scan, result.segmentation, {"seed": 8}), tmp_path)
    same_volume(read_volume(tmp_path / "images" / "case1.nii.gz"), phantom)
    structures = result.segmentation.structures
    back = read_labels(tmp_path / "labels" / "case1.nii.gz", structures, on=phantom.grid)
    np.testing.assert_array_equal(back.labels, result.segmentation.labels)
    assert json.loads((tmp_path / "facts" / "case1.json").read_text()) == {"seed": 8}
    assert names(tmp_path) == {"images", "labels", "facts"}
