from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def folders(labels: Path, tmp_path: Path) -> tuple[Path, Path]:
    prediction, reference = tmp_path / "p", tmp_path / "r"
    for folder, ending in ((prediction, "_dseg"), (reference, "")):
        folder.mkdir()
        shutil.copy(labels, folder / f"case{ending}.nii.gz")
    return prediction, reference


def test_labels_against_themselves_are_perfect(run: Run, labels: Path, tmp_path: Path) -> None:
    said = run("evaluate", labels, labels, "-o", tmp_path / "out")
    assert said.code == 0, said.err
    with (tmp_path / "out" / "evaluation.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["side"] for row in rows} == {"left", "right"}
    present = [row for row in rows if row["status"] == "ok"]
    assert present
    assert {(row["dice"], row["assd_mm"], row["hd_mm"]) for row in present} == {("1", "0", "0")}
    assert "names: ct_thigh" in said.out
    assert (tmp_path / "out" / "evaluation.html").is_file()


def test_without_surfaces_the_cells_are_empty(run: Run, labels: Path, tmp_path: Path) -> None:
    assert run("evaluate", labels, labels, "-o", tmp_path / "out", "--no-surface", "-q").out == ""
    with (tmp_path / "out" / "evaluation.csv").open() as stream:
        assert {row["hd95_mm"] for row in csv.DictReader(stream)} == {""}


def test_a_whole_batch_is_done_with_exit_code_0(run: Run, folders: tuple[Path, Path], tmp_path: Path) -> None:
    assert run("evaluate", *folders, "-o", tmp_path / "out").code == 0


def test_a_case_without_a_partner_is_a_row_and_exit_code_5(
    run: Run, folders: tuple[Path, Path], labels: Path, tmp_path: Path
) -> None:
    shutil.copy(labels, folders[0] / "lonely.nii.gz")
    said = run("evaluate", *folders, "-o", tmp_path / "out")
    assert said.code == 5
    assert "1 of 2 cases failed" in said.err
    text = (tmp_path / "out" / "evaluation.csv").read_text()
    assert "lonely" in text
    assert "case" in text


@pytest.mark.parametrize("missing", ["prediction", "reference"])
def test_a_missing_file_is_bad_input_and_writes_nothing(run: Run, labels: Path, tmp_path: Path, missing: str) -> None:
    pair = [tmp_path / "none.nii.gz", labels]
    said = run("evaluate", *(pair if missing == "prediction" else pair[::-1]), "-o", tmp_path / "out")
    assert said.code == 3
    assert "nothing at" in said.err
    assert not (tmp_path / "out").exists()


def test_an_unknown_modality_is_a_usage_error(run: Run, labels: Path, tmp_path: Path) -> None:
    assert run("evaluate", labels, labels, "-o", tmp_path / "out", "-m", "x-ray").code == 2
