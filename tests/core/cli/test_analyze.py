from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_one_command_writes_every_file_of_a_case(run: Run, image: Path, package: Path, tmp_path: Path) -> None:
    said = run("analyze", image, "-o", tmp_path / "out", "--model", package, "-d", "cpu")
    assert said.code == 0, said.err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "ct_thigh_00001_dseg.nii.gz", "ct_thigh_00001.seg.nrrd", "ct_thigh_00001_labels.tsv", "measurements.csv",
        "measurements.json", "slices.csv", "findings.json", "preview.png", "report.html", "run.json",
    }  # fmt: skip
    assert said.out.startswith("ct_thigh_00001 (ct_thigh): ")
    assert f"report: {tmp_path / 'out' / 'report.html'}" in said.out
    assert said.out.splitlines()[-1].startswith("Research use only.")
    model = json.loads((tmp_path / "out" / "run.json").read_text())["model"]
    assert model["id"] == "ct_thigh/tiny"


def test_quiet_says_nothing_and_the_options_reach_the_files(
    run: Run, image: Path, package: Path, tmp_path: Path
) -> None:
    said = run(
        "analyze", image, "-o", tmp_path / "out", "--model", package, "-q", "--no-report", "--sex", "female",
        "--height-m", "1.58", "--subject-id", "P7", "-rs", "sartorius", "femur",
    )  # fmt: skip
    assert (said.code, said.out, said.err) == (0, "", "")
    assert not (tmp_path / "out" / "report.html").exists()
    with (tmp_path / "out" / "measurements.csv").open() as stream:
        assert {row["structure"] for row in csv.DictReader(stream)} <= {"sartorius", "femur"}


def test_the_map_of_confidence_is_a_file_when_asked_for(run: Run, image: Path, package: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = run(
        "analyze", image, "-o", out, "--model", package, "-q", "--no-report", "-d", "cpu", "--confidence",
        "--backend", "torch", "--overlap", "0",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert (out / "ct_thigh_00001_confidence.nii.gz").is_file()
    told = json.loads((out / "run.json").read_text())
    assert told["model"]["backend"].startswith("torch cpu ")
    assert 0 < told["certainty"]["mean"] < 1


def test_an_overlap_of_a_whole_window_is_a_usage_error(run: Run, image: Path, package: Path, tmp_path: Path) -> None:
    said = run("analyze", image, "-o", tmp_path / "out", "--model", package, "--overlap", "1")
    assert said.code == 2
    assert "An overlap of 1.0 is not a share of a window." in said.err


def test_an_unknown_structure_is_a_usage_error(run: Run, image: Path, package: Path, tmp_path: Path) -> None:
    said = run("analyze", image, "-o", tmp_path / "out", "--model", package, "-rs", "tongue")
    assert said.code == 2
    assert "error: No structure is called 'tongue'.\n`myoscope structures MODALITY` lists the names." in said.err
    assert not (tmp_path / "out").exists()


def test_an_unknown_model_is_a_model_error(run: Run, image: Path, tmp_path: Path) -> None:
    said = run("analyze", image, "-o", tmp_path / "out", "--model", "ct_thigh/absent")
    assert said.code == 4
    assert "ct_thigh/absent" in said.err


def test_a_device_that_is_not_there_is_a_usage_error(run: Run, image: Path, package: Path, tmp_path: Path) -> None:
    said = run("analyze", image, "-o", tmp_path / "out", "--model", package, "-d", "abacus")
    assert said.code == 2
    assert "abacus" in said.err


def test_verbose_adds_the_traceback_with_case_and_stage(run: Run, image: Path, tmp_path: Path) -> None:
    said = run("analyze", image, "-o", tmp_path / "out", "--model", "ct_thigh/absent", "-v")
    assert said.code == 4
    assert "Traceback" in said.err
    assert "case: ct_thigh_00001, modality: ct_thigh" in said.err
    assert "stage: segment" in said.err


def test_a_reference_adds_its_table_and_its_means(
    run: Run, image: Path, labels: Path, package: Path, tmp_path: Path
) -> None:
    said = run("analyze", image, "-o", tmp_path / "out", "--model", package, "--reference", labels, "-d", "cpu")
    assert said.code == 0, said.err
    with (tmp_path / "out" / "evaluation.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["side"] for row in rows} <= {"left", "right", "both"}
    assert "mean Dice: " in said.out
    assert "Agreement with the reference" in (tmp_path / "out" / "report.html").read_text()


def test_a_bad_reference_is_one_sentence_and_no_files(run: Run, image: Path, package: Path, tmp_path: Path) -> None:
    given = ("analyze", image, "-o", tmp_path / "out", "--model", package, "-q", "--reference")
    said = run(*given, tmp_path / "absent.nii.gz")
    assert (said.code, said.err) == (3, f"error: There is no label file at {tmp_path / 'absent.nii.gz'}.\n")
    said = run(*given, image)
    assert said.code == 3
    assert said.err.startswith(f"error: {image.name} holds ")
    assert not (tmp_path / "out").exists()
