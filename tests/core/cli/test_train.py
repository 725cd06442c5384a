from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import myoscope.training
from myoscope.data.progress import Progress
from myoscope.models import read_package
from myoscope.training import TrainingRun

Run = Callable[..., Any]


def test_the_options_become_a_training_run(
    run: Run, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[TrainingRun] = []

    def train(training: TrainingRun, *, progress: Progress) -> object:
        asked.append(training)
        progress("train", 1, 3)
        return read_package(package)

    monkeypatch.setattr(myoscope.training, "train", train)
    said = run(
        "train", "ct_thigh/unetr_small", "--data", tmp_path, "-o", tmp_path / "r", "--fold", "2", "--max-epochs", "3",
        "-d", "cpu", "--seed", "5", "--resume",
    )  # fmt: skip
    assert asked == [TrainingRun("ct_thigh/unetr_small", tmp_path, tmp_path / "r", 2, 3, True, "cpu", 5)]
    assert said.out == f"model: {package}\nheld out: nothing\n"


def test_an_unknown_recipe_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    said = run("train", "ct_thigh/absent", "--data", tmp_path, "-o", tmp_path / "r")
    assert said.code == 2
    assert "ct_thigh/unetr_small" in said.err
    assert not (tmp_path / "r").exists()


def test_a_data_folder_without_images_is_bad_input(run: Run, tmp_path: Path) -> None:
    said = run("train", "ct_thigh/unetr_small", "--data", tmp_path, "-o", tmp_path / "r")
    assert said.code == 3
    assert "holds no labelled cases" in said.err
    assert not (tmp_path / "r").exists()


def test_resuming_without_a_checkpoint_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    said = run("train", "ct_thigh/unetr_small", "--data", tmp_path, "-o", tmp_path / "r", "--resume")
    assert said.code == 2
    assert "Start without --resume." in said.err
