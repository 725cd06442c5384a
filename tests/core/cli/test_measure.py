from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

Run = Callable[..., Any]


def test_the_volume_of_a_label_is_its_voxels_times_their_volume(
    run: Run, image: Path, labels: Path, tmp_path: Path
) -> None:
    said = run("measure", image, labels, "-o", tmp_path / "out", "--no-report")
    assert said.code == 0, said.err
    voxels = int((np.asarray(nib.load(labels).dataobj) == 1).sum())
    with (tmp_path / "out" / "measurements.csv").open() as stream:
        rows = [r for r in csv.DictReader(stream) if (r["structure"], r["side"]) == ("sartorius", "right")]
    volume = next(float(row["value"]) for row in rows if row["quantity"] == "volume")
    assert voxels > 0
    assert volume == pytest.approx(voxels * 6 * 6 * 12 / 1000, rel=1e-5)


def test_the_summary_counts_structures_and_tells_every_finding(
    run: Run, image: Path, labels: Path, tmp_path: Path
) -> None:
    said = run("measure", image, labels, "-o", tmp_path / "out", "--no-report")
    findings = json.loads((tmp_path / "out" / "findings.json").read_text())
    assert " of 29 structures measured" in said.out
    assert f"findings: {len(findings)}" in said.out
    assert all(f["message"] in said.out and f["action"] in said.out for f in findings)
    assert "report:" not in said.out
    assert said.err.splitlines() == ["recognize", "load", "read labels", "refine", "measure", "check", "write"]


def test_a_subject_file_gives_what_the_single_facts_give(run: Run, image: Path, labels: Path, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"height_m": 1.6, "sex": "male"}')
    run("measure", image, labels, "-o", tmp_path / "a", "--no-report", "--subject", tmp_path / "p.json")
    run("measure", image, labels, "-o", tmp_path / "b", "--no-report", "--height-m", "1.6", "--sex", "male")
    assert "volume_height2" in (tmp_path / "a" / "measurements.csv").read_text()
    assert (tmp_path / "a" / "measurements.csv").read_bytes() == (tmp_path / "b" / "measurements.csv").read_bytes()


def test_a_subject_file_and_single_facts_exclude_each_other(
    run: Run, image: Path, labels: Path, tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text("{}")
    said = run("measure", image, labels, "-o", tmp_path / "o", "--subject", tmp_path / "p.json", "--height-m", "1.6")
    assert said.code == 2
    assert "--subject and --height-m exclude each other" in said.err


def test_files_by_contrast_take_the_place_of_input_and_not_of_labels(run: Run, labels: Path, tmp_path: Path) -> None:
    said = run("measure", labels, "-o", tmp_path / "out", "--water", tmp_path / "absent.nii.gz")
    assert (said.code, said.err.splitlines()[-1]) == (3, f"error: There is nothing at {tmp_path / 'absent.nii.gz'}.")
    said = run("measure", labels, labels, "-o", tmp_path / "out", "--fat", labels)
    assert said.code == 2
    assert f"error: INPUT ({labels}) and --fat exclude each other.\nGive the one or the other.\n" in said.err
    assert not (tmp_path / "out").exists()
