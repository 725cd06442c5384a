"""`analyze` with labels of a person to compare with."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import myoscope
from myoscope import CaseResult, Evaluation, GeometryError, LabelledCase, Segmentation, UnreadableError
from myoscope.io import write_volume
from myoscope.models import ModelPackage
from myoscope.report import report_html

SEARCHED = {"vastus_lateralis", "femur"}


@pytest.fixture(scope="module")
def compared(thigh: LabelledCase, tiny_package: ModelPackage) -> CaseResult:
    return analyze(thigh, tiny_package, reference=thigh.segmentation)


def analyze(thigh: LabelledCase, package: ModelPackage, **options: Any) -> CaseResult:
    return myoscope.analyze(thigh.scan, model=str(package.folder), device="cpu", **options)


def evaluation_of(result: CaseResult) -> Evaluation:
    assert result.evaluation is not None
    return result.evaluation


def overall(result: CaseResult, metric: str) -> Any:
    return next(r for r in evaluation_of(result).summary if (r.level, r.metric) == ("all", metric))


def merged(thigh: LabelledCase, *, split: bool) -> Segmentation:
    """The truth as the small model sees it: every muscle is vastus lateralis, every bone femur."""
    labels = thigh.segmentation.labels
    left = np.where(labels > 100, 100, 0) if split else 0
    bone = np.isin(labels % 100, (28, 29))
    merged = np.where(labels == 0, 0, np.where(bone, 28, 3) + left).astype(np.uint8)
    return replace(thigh.segmentation, labels=merged, predicted=frozenset(SEARCHED), sides_split=split)


def test_the_metrics_are_those_of_evaluate(thigh: LabelledCase, tiny_package: ModelPackage) -> None:
    truth = merged(thigh, split=True)
    result = analyze(thigh, tiny_package, reference=truth)
    alone = myoscope.evaluate(result.segmentation, truth).to_frame().drop(columns="case_id")
    assert set(alone.structure) == SEARCHED
    assert set(alone.side) == {"right", "left"}
    assert alone.dice.min() > 0.5
    pd.testing.assert_frame_equal(evaluation_of(result).to_frame().drop(columns="case_id"), alone)
    assert {row.case_id for row in evaluation_of(result).rows} == {thigh.scan.case_id}


def test_a_reference_that_does_not_split_sides_is_compared_as_a_whole(
    thigh: LabelledCase, tiny_package: ModelPackage
) -> None:
    result = analyze(thigh, tiny_package, reference=merged(thigh, split=False))
    assert [(row.structure, row.side) for row in evaluation_of(result).rows] == [
        ("vastus_lateralis", "both"), ("femur", "both"),
    ]  # fmt: skip
    assert overall(result, "dice").n == 2


def test_what_the_model_was_never_trained_to_find_is_in_no_mean_and_counted(compared: CaseResult) -> None:
    rows = evaluation_of(compared).rows
    strange = [row for row in rows if row.structure not in SEARCHED]
    assert {row.status for row in strange} == {"not predicted"}
    assert all(math.isnan(row.dice) and math.isnan(row.volume_pred_ml) and row.volume_ref_ml >= 0 for row in strange)
    assert len(strange) == 2 * 23
    assert (overall(compared, "dice").n, overall(compared, "dice").left_out) == (4, 46)


def test_without_a_reference_nothing_is_compared(
    thigh: LabelledCase, tiny_package: ModelPackage, compared: CaseResult
) -> None:
    plain = analyze(thigh, tiny_package)
    assert plain.evaluation is None
    assert plain.provenance.reference == ""
    pd.testing.assert_frame_equal(plain.measurements.to_frame(), compared.measurements.to_frame())
    assert "Agreement with the reference" not in report_html(plain)


def test_a_subset_is_compared_as_in_the_whole(
    thigh: LabelledCase, tiny_package: ModelPackage, compared: CaseResult
) -> None:
    result = analyze(thigh, tiny_package, reference=thigh.segmentation, roi_subset=("femur", "gracilis"))
    whole = evaluation_of(compared).to_frame()
    expected = whole[whole.structure.isin(["femur", "gracilis"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(evaluation_of(result).to_frame(), expected)
    assert (overall(result, "dice").n, overall(result, "dice").left_out) == (2, 2)


def test_a_file_is_read_onto_the_grid_of_the_scan_and_named(
    thigh: LabelledCase, tiny_package: ModelPackage, compared: CaseResult, tmp_path: Path
) -> None:
    path = write_volume(thigh.segmentation.labels, thigh.scan.grid, tmp_path / "truth.nii.gz")
    result = analyze(thigh, tiny_package, reference=path)
    pd.testing.assert_frame_equal(evaluation_of(result).to_frame(), evaluation_of(compared).to_frame())
    assert result.provenance.reference == "truth.nii.gz"
    assert result.provenance.stages[-1].stage == "evaluate"


@pytest.mark.parametrize("wrong", ["missing", "moved", "strange", "empty", "subset"])
def test_a_bad_reference_stops_before_the_network_runs(
    wrong: str, thigh: LabelledCase, tiny_package: ModelPackage, tmp_path: Path
) -> None:
    labels, grid = thigh.segmentation.labels, thigh.scan.grid
    path, options, kind, sentence = tmp_path / "truth.nii.gz", {}, UnreadableError, "no structure in common"
    if wrong == "missing":
        sentence = "There is no label file"
    elif wrong == "moved":
        kind, sentence = GeometryError, "another grid"
        write_volume(labels, replace(grid, origin=(0.0, 0.0, 5000.0)), path)
    elif wrong == "strange":
        write_volume(np.where(labels > 0, 9, 0).astype(np.uint8), grid, path)
    elif wrong == "empty":
        write_volume(labels * 0, grid, path)
    else:
        options = {"roi_subset": ("gracilis",)}
        write_volume(labels, grid, path)
    windows: list[int] = []

    def watch(stage: str, done: int, total: int) -> None:  # noqa: ARG001
        windows.extend([done] if stage == "segment" else [])

    with pytest.raises(kind, match=sentence):
        analyze(thigh, tiny_package, reference=path, progress=watch, **options)
    assert set(windows) <= {0}


def test_a_reference_in_memory_on_another_grid_is_refused(thigh: LabelledCase, tiny_package: ModelPackage) -> None:
    moved = replace(thigh.segmentation, grid=replace(thigh.scan.grid, origin=(0.0, 0.0, 5000.0)))
    with pytest.raises(GeometryError, match="does not lie on the scan's grid"):
        analyze(thigh, tiny_package, reference=moved)


def test_the_report_shows_means_with_what_they_leave_out_and_every_row(compared: CaseResult) -> None:
    html = report_html(compared)
    section = html.partition('<section aria-labelledby="agreement">')[2].partition("</section>")[0]
    dice = overall(compared, "dice")
    assert f"{dice.mean:.3f} ± {dice.sd:.3f}" in section
    assert "of 4 values; 46 left out" in section
    assert section.count('<th scope="row">') == len(evaluation_of(compared).rows)
    assert "never trained to find it" in section


def test_the_table_is_written_with_the_other_files_of_the_case(compared: CaseResult, tmp_path: Path) -> None:
    compared.save(tmp_path / "out", report=False)
    table = pd.read_csv(tmp_path / "out" / "evaluation.csv")
    assert list(table.columns) == list(evaluation_of(compared).to_frame().columns)
    assert len(table) == len(evaluation_of(compared).rows)
    assert (tmp_path / "out" / "measurements.csv").is_file()
    assert '"reference": "given in memory"' in (tmp_path / "out" / "run.json").read_text()


def test_a_compared_result_survives_pickle(compared: CaseResult) -> None:
    back = pickle.loads(pickle.dumps(compared))  # noqa: S301
    assert repr(back.evaluation) == repr(compared.evaluation)
