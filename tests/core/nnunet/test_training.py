"""`train`: a folder of labelled frames in, a scored package out. Frames come from a stand-in for a plugin."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import (
    ULTRASOUND_STRUCTURES,
    Calibration,
    Grid,
    OutputError,
    Recipe,
    Scan,
    Segmentation,
    StructureSet,
    UsageError,
    View,
)  # fmt: skip
from myoscope.inference import run_model
from myoscope.models import ModelPackage
from myoscope.nnunet import LabelledFrame, train
from myoscope.training import TrainingRun

STRUCTURES = StructureSet(ULTRASOUND_STRUCTURES, {})
IDS = np.array([0, STRUCTURES["peroneus_longus"].id, STRUCTURES["peroneus_brevis"].id], dtype=np.uint8)
#: Tissue lies within borders of 5 pixels at the left and 3 above.
VIEW = View(left=5, top=3, width=64, height=64)
PEOPLE = ("ann", "ann", "bea", "bea", "cid", "cid", "dan", "eve")


def read(image: Path, label: Path, recipe: Recipe, _modality: object) -> tuple[Scan, Segmentation]:
    """Stand where the plugin reads a frame and its labels."""
    grid = Grid.picture((72, 70), (0.2, 0.2))
    scan = Scan("ultrasound", {"bmode": grey(image)}, grid, image.stem, calibration=Calibration("drawn", VIEW))
    return scan, Segmentation(IDS[grey(label)], grid, STRUCTURES, frozenset(recipe.structures), sides_split=False)


def grey(path: Path) -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


@pytest.fixture(scope="module")
def plugin() -> Any:
    return SimpleNamespace(
        describe=lambda: SimpleNamespace(structures=STRUCTURES), refine=lambda _scan, segmentation: segmentation
    )


@pytest.fixture(scope="module")
def data(frames: tuple[LabelledFrame, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames") / "data"
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for frame in frames:
        for part, array in (("images", frame.image), ("labels", frame.label)):
            bordered = np.zeros((70, 72), dtype=np.uint8)
            bordered[VIEW.slices] = array
            cv2.imwrite(str(folder / part / f"{frame.name}.png"), bordered)
    rows = [f"{frame.name}.png,{who}" for frame, who in zip(frames, PEOPLE, strict=True)]
    (folder / "subjects.csv").write_text("\n".join(["file,subject", *rows]) + "\n")
    return folder


@pytest.fixture(autouse=True, scope="module")
def stand_in(plugin: Any) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("myoscope.nnunet.training.open_modality", lambda _name: plugin)
        for module in ("nnunet.training", "training.scoring"):
            patch.setattr(f"myoscope.{module}.read_labelled", read)
        yield


@pytest.fixture(scope="module")
def told() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return TrainingRun("ultrasound/peroneus_tiny", data, tmp_path_factory.mktemp("run") / "r", device="cpu", seed=5)


@pytest.fixture(scope="module")
def package(run: TrainingRun, recipe: Recipe, told: list[tuple[str, int, int]]) -> ModelPackage:
    return train(run, recipe, progress=lambda *step: told.append(step))


def test_a_run_writes_a_package_scored_on_the_people_held_out(package: ModelPackage, run: TrainingRun) -> None:
    card = package.card
    assert package.folder == run.out / "model"
    assert (card.backend, card.seed, card.device) == ("nnunet", 5, "cpu")
    assert card.trained_on == "6 labelled cases: the folder 'data'"
    assert card.held_out.startswith("2 cases of the same folder (fold 0)")
    assert [(s.structure, s.count) for s in card.scores] == [("peroneus_longus", 2), ("peroneus_brevis", 2)]
    assert min(score.dice_mean for score in card.scores) > 0.6


@pytest.mark.usefixtures("package")
def test_the_split_is_by_subject(run: TrainingRun) -> None:
    """Every fifth of five people by name is held out: ann, with both of her frames."""
    raw = run.out / "nnunet" / "raw" / "Dataset001_myoscope"
    split = json.loads((raw / "splits_final.json").read_text())
    assert split[0]["val"] == ["case_00000", "case_00001"]
    assert len(split[0]["train"]) == 6


@pytest.mark.usefixtures("package")
def test_a_run_tells_its_steps(told: list[tuple[str, int, int]]) -> None:
    assert [step for step in told if step[0] == "train"] == [("train", n, 3) for n in (1, 2, 3)]
    assert told[7:9] == [("convert", 8, 8), ("plan", 0, 1)]


def test_the_package_labels_a_whole_frame_within_its_tissue(
    package: ModelPackage, plugin: Any, data: Path, recipe: Recipe
) -> None:
    scan, truth = read(data / "images" / "frame_0.png", data / "labels" / "frame_0.png", recipe, plugin)
    found = run_model(scan, plugin, package, device="cpu")
    labels, confidence = found.labels, found.confidence
    assert labels.shape == scan.grid.shape
    assert set(np.unique(labels)) == set(IDS.tolist())
    assert (labels == truth.labels).mean() > 0.8
    outside = labels.copy()
    outside[VIEW.slices] = 0
    assert not outside.any()
    assert len(confidence) == 1


def test_a_second_start_without_resume_is_refused(package: ModelPackage, run: TrainingRun, recipe: Recipe) -> None:
    with pytest.raises(OutputError, match=r"holds a run already.*--resume"):
        train(run, recipe)
    assert package.folder.is_dir()


def test_resuming_nothing_is_refused(run: TrainingRun, recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no checkpoint to resume from"):
        train(replace(run, out=tmp_path / "r", resume=True), recipe)
    assert not (tmp_path / "r").exists()


@pytest.mark.usefixtures("package")
def test_resuming_with_another_fold_is_refused(run: TrainingRun, recipe: Recipe) -> None:
    with pytest.raises(UsageError, match=r"other cases than fold 1.*was started with"):
        train(replace(run, fold=1, resume=True), recipe)


def test_a_longer_run_continues_where_the_shorter_one_ended(
    package: ModelPackage, run: TrainingRun, recipe: Recipe
) -> None:
    longer = replace(recipe, training=replace(recipe.training, max_epochs=4))
    told: list[tuple[str, int, int]] = []
    again = train(replace(run, resume=True), longer, progress=lambda *step: told.append(step))
    assert told == [("train", 4, 4)]
    assert again.card.sha256 != package.card.sha256
    epochs = run.out / "nnunet/results/Dataset001_myoscope/nnUNetTrainer__nnUNetPlans__2d/fold_0/epochs.csv"
    with epochs.open(newline="") as stream:
        assert [row["epoch"] for row in csv.DictReader(stream)] == ["1", "2", "3", "4"]


def test_a_recipe_that_nnunet_cannot_train_is_refused_before_any_work(
    run: TrainingRun, recipe: Recipe, tmp_path: Path
) -> None:
    wrong = replace(recipe, training=replace(recipe.training, optimizer="adam"))
    with pytest.raises(UsageError, match="asks for optimizer 'adam'"):
        train(replace(run, out=tmp_path / "r"), wrong)
    assert not (tmp_path / "r").exists()
