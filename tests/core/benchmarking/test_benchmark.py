"""Toys whose results are known: thresholds that segment the phantom, and plugins that fail in every way."""

from __future__ import annotations

import csv
import json
import pickle
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import myoscope
from myoscope import Benchmark, InputError, SynthesisOptions, UsageError
from myoscope.benchmarking.values import FIRST_SEED, BenchmarkRow, MeasureError
from myoscope.cli import main
from myoscope.io import write_labelled_case

NAMES = ("limb_phantom", "mortal", "unimportable")
Steps = list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def data(toys: Path) -> Path:
    """Two phantoms of the user's, an image without labels, labels without an image, and an image that is none."""
    folder = toys / "mine"
    for seed in (1, 2, 3, 4):
        write_labelled_case(myoscope.synthesize("limb_phantom", seed, SynthesisOptions(size=(40, 40, 24))), folder)
    (folder / "labels" / "limb_phantom_00003.nii.gz").unlink()
    (folder / "images" / "limb_phantom_00004.nii.gz").unlink()
    (folder / "images" / "broken.nii.gz").write_bytes(b"nothing")
    return folder


@pytest.fixture(scope="module")
def steps() -> Steps:
    return []


@pytest.fixture(scope="module")
def result(toys: Path, data: Path, steps: Steps) -> Benchmark:
    assert toys.is_dir()
    return myoscope.benchmark(NAMES, quick=True, data=data, device="cpu", progress=lambda *step: steps.append(step))


def rows(result: Benchmark, modality: str, data: str = "synthetic") -> list[BenchmarkRow]:
    return [row for row in result.rows if (row.modality, row.data) == (modality, data)]


def test_thresholds_that_are_right_have_a_perfect_score_and_no_measurement_error(result: Benchmark) -> None:
    (row,) = rows(result, "limb_phantom")
    assert (row.model, row.case_id, row.cases, row.failed, row.status) == (
        "limb_phantom/thresholds", "all", 2, 0, "ok",
    )  # fmt: skip
    assert (row.dice, row.dice_sd, row.dice_n, row.hd95_mm, row.assd_mm) == (1.0, 0.0, 4, 0.0, 0.0)
    assert (row.dice_left_out, row.surface_left_out, row.surface_n) == (0, 0, 4)
    assert (row.quantity, row.unit, row.error_median_pct) == ("volume", "mL", 0.0)
    assert 0 < row.seconds < 60
    assert 50 < row.peak_memory_mb < 4000


def test_the_true_values_are_those_of_the_seeds(result: Benchmark) -> None:
    cases = [myoscope.synthesize("limb_phantom", FIRST_SEED + n) for n in range(2)]
    volumes = [
        np.count_nonzero(case.segmentation.labels == label) * case.scan.grid.voxel_volume_ml
        for case in cases
        for label in (1, 2)
    ]
    (error,) = (error for error in result.measures if error.data == "synthetic")
    assert (error.modality, error.quantity, error.n, error.left_out, error.n_zero) == (
        "limb_phantom",
        "volume",
        4,
        0,
        0,
    )
    assert error.mean_true == pytest.approx(np.mean(volumes))
    assert error.bias == 0


def test_cases_of_the_users_are_recognized_and_what_is_missing_is_a_row(result: Benchmark) -> None:
    total, *failures = rows(result, "limb_phantom", "mine")
    assert (total.cases, total.failed, total.dice, total.status) == (3, 1, 1.0, "1 of 3 cases failed")
    assert [(row.case_id, row.reason) for row in failures] == [
        ("limb_phantom_00003", "There is no label file of this name.")
    ]
    orphans = {row.case_id: row.reason for row in rows(result, "", "mine")}
    assert set(orphans) == {"broken", "limb_phantom_00004"}
    assert orphans["limb_phantom_00004"] == "There is no image of this name."
    assert "fits no modality" in orphans["broken"]


def test_a_process_that_dies_and_a_case_that_cannot_be_made_are_rows(result: Benchmark) -> None:
    total, *failures = rows(result, "mortal")
    assert (total.cases, total.failed, total.status) == (2, 2, "2 of 2 cases failed")
    assert np.isnan(total.dice)
    assert [row.reason for row in failures] == ["Its process ended with exit code 7.", "ValueError: odd"]


def test_a_plugin_that_cannot_be_imported_is_named_and_breaks_only_itself(result: Benchmark) -> None:
    (row,) = rows(result, "unimportable", "")
    assert row.is_failure
    assert "no_such_module" in row.reason
    assert (row.model, row.cases) == ("", 0)


def test_progress_counts_every_case_that_has_a_model(result: Benchmark, steps: Steps) -> None:
    assert result.rows
    assert steps == [("benchmark", done, 7) for done in range(8)]


def test_the_files_hold_every_row_and_say_what_ran_where(result: Benchmark, tmp_path: Path) -> None:
    result.save(tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"benchmark.csv", "benchmark_measures.csv", "benchmark.json", "benchmark.html"}
    for name, kind, values in (
        ("benchmark.csv", BenchmarkRow, result.rows),
        ("benchmark_measures.csv", MeasureError, result.measures),
    ):
        with (tmp_path / "out" / name).open(newline="") as stream:
            table = list(csv.DictReader(stream))
        assert list(table[0]) == list(kind.__dataclass_fields__)
        assert [row["data"] for row in table] == [value.data for value in values]
    facts = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert facts["machine"]["versions"]["myoscope"] == myoscope.__version__
    assert facts["machine"]["cores"] >= 1
    assert [model["id"] for model in facts["models"]] == ["limb_phantom/thresholds", "mortal/thresholds"]
    assert len(facts["models"][0]["sha256"]) == 64
    assert (facts["quick"], facts["seed"], facts["device"]) == (True, FIRST_SEED, "cpu")


class Text(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else_and_names_models_and_failures(result: Benchmark, tmp_path: Path) -> None:
    page = Text((result.save(tmp_path) / "benchmark.html").read_text(encoding="utf-8"))
    assert page.links == []
    for word in ("Research use only.", "limb_phantom/thresholds", "Its process ended with exit code 7.", "Volume"):
        assert word in page.text
    assert "no_such_module" in page.text
    assert "2 models of 3 modalities" in page.text


def test_the_value_survives_pickle_and_knows_sums_from_failures(result: Benchmark) -> None:
    assert repr(pickle.loads(pickle.dumps(result))) == repr(result)  # noqa: S301
    assert len(result.sums) + len(result.failures) == len(result.rows)
    assert [row.model for row in result.sums] == ["limb_phantom/thresholds"] * 2 + ["mortal/thresholds"]


@pytest.mark.usefixtures("toys")
def test_the_command_writes_what_it_can_and_exits_with_5(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "-o", str(tmp_path / "out"), "-m", "unimportable", "--quick", "-d", "cpu"]) == 5
    said = capsys.readouterr()
    assert "error: 1 failed, the rest is done and written. unimportable all: The plugin" in said.err
    assert (tmp_path / "out" / "benchmark.csv").is_file()


@pytest.mark.usefixtures("toys")
def test_what_is_wrong_with_the_call_is_said_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No modality is called 'leg'"):
        myoscope.benchmark(("limb_phantom", "leg"))
    with pytest.raises(UsageError, match="abacus"):
        myoscope.benchmark(("limb_phantom",), device="abacus")
    with pytest.raises(InputError, match="holds no labelled cases"):
        myoscope.benchmark(("limb_phantom",), data=tmp_path)
    assert main(["benchmark", "-o", str(tmp_path / "out"), "-m", "leg", "-q"]) == 2
    assert main(["benchmark", "-o", str(tmp_path / "out"), "--data", str(tmp_path), "-m", "limb_phantom", "-q"]) == 3
    assert not (tmp_path / "out").exists()
