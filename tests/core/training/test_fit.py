"""A whole tiny training run: data folder in, package out, killed and resumed."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import myoscope
from myoscope import InputError, LabelledCase, OutputError, Recipe, SynthesisOptions, UsageError
from myoscope.io import write_labelled_case
from myoscope.models import ModelPackage, load_network, read_package
from myoscope.plugins import open_modality
from myoscope.training import TrainingRun, train
from myoscope.training.fit import command_line, find_recipe, precision_on, validation_interval
from myoscope.training.scoring import HeldOut, score_cases

NAME = "ct_thigh/tiny"
EPOCHS = 2


@pytest.fixture(scope="module")
def recipe(tiny_recipe: Recipe) -> Iterator[Recipe]:
    """The small recipe, known to the plugin while the tests of this file run."""
    from myoscope_ct_thigh.recipes import RECIPES

    training = replace(tiny_recipe.training, max_epochs=EPOCHS, precision="32-true")
    tiny = replace(tiny_recipe, window=(16, 16, 16), training=training)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, NAME, tiny)
        yield tiny


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "data"
    for seed in range(6):
        options = SynthesisOptions(spacing_mm=(14.0, 14.0, 24.0))
        write_labelled_case(myoscope.synthesize("ct_thigh", seed, options), folder)
    return folder


@pytest.fixture(scope="module")
def told() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def package(
    recipe: Recipe, data: Path, tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, int, int]]
) -> ModelPackage:
    run = TrainingRun(recipe.name, data, tmp_path_factory.mktemp("run") / "r", seed=7)
    return train(run, progress=lambda *step: told.append(step))


@pytest.fixture(scope="module")
def out(package: ModelPackage) -> Path:
    return package.folder.parent


def test_a_run_writes_a_whole_package_that_says_what_it_is(package: ModelPackage, recipe: Recipe) -> None:
    card = package.card
    assert read_package(package.folder) == package
    there = "cuda" if torch.cuda.is_available() else "cpu"
    assert (card.id, card.modality, card.backend, card.seed, card.device) == (NAME, "ct_thigh", "torch", 7, there)
    assert card.recipe.training == recipe.training
    assert card.trained_on == "4 labelled cases: the folder 'data'"
    assert card.usual_certainty is not None
    assert 0 <= card.usual_certainty < 1
    assert card.held_out.startswith("2 cases of the same folder (fold 0) kept out of training")
    assert card.command == f"myoscope train {NAME} --data data -o r --fold 0 --seed 7"
    assert {score.structure for score in card.scores} == {"vastus_lateralis", "femur"}
    assert all(score.count == 4 and 0.0 <= score.dice_mean <= 1.0 for score in card.scores)


@pytest.mark.usefixtures("package")
def test_a_run_tells_what_it_found_and_then_its_epochs(told: list[tuple[str, int, int]]) -> None:
    assert told[:6] == [("prepare", done, 6) for done in range(1, 7)]
    assert told[6] == ("check: 6 cases, 2 of 2 structures labelled", 0, 1)
    assert all(stage.startswith("check: ") for stage, _, _ in told[6:-EPOCHS])
    assert told[-EPOCHS:] == [("train", 1, EPOCHS), ("train", 2, EPOCHS)]


def test_a_run_keeps_logs_and_checkpoints(out: Path) -> None:
    with (out / "logs" / "csv-0" / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(r["val_dice"]) >= 0 for r in rows if r["val_dice"]] == [True] * EPOCHS
    assert list((out / "logs" / "tensorboard").glob("events.out.tfevents.*"))
    assert {path.name for path in (out / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    assert len(list((out / "cache").glob("*.npz"))) == 6


def test_the_same_run_gives_the_same_weights(package: ModelPackage, data: Path, tmp_path: Path) -> None:
    again = train(TrainingRun(NAME, data, tmp_path / "r", seed=7))
    assert again.card.sha256 == package.card.sha256
    assert again.card.scores == package.card.scores


def test_a_run_that_was_killed_and_resumed_gives_the_weights_of_an_unbroken_one(
    package: ModelPackage, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kill comes in the middle of the second epoch."""
    from myoscope.training import module

    made: list[int] = []
    real = module.random_window

    def window(*args: object, **options: object) -> object:
        made.append(1)
        if len(made) > 6:
            raise MemoryError("killed")
        return real(*args, **options)

    run = TrainingRun(NAME, data, tmp_path / "r", seed=7)
    with monkeypatch.context() as patch:
        patch.setattr(module, "random_window", window)
        with pytest.raises(MemoryError, match="killed"):
            train(run)
    assert not (tmp_path / "r" / "model").exists()
    assert (tmp_path / "r" / "checkpoints" / "last.ckpt").is_file()
    made.clear()
    with monkeypatch.context() as patch:
        patch.setattr(module, "random_window", lambda *args, **options: made.append(1) or real(*args, **options))
        resumed = train(replace(run, resume=True))
    assert len(made) == 4  # the second epoch alone
    assert resumed.card.sha256 == package.card.sha256


@pytest.mark.usefixtures("recipe")
def test_a_run_told_to_terminate_stops_as_interrupted_and_can_be_resumed(data: Path, tmp_path: Path) -> None:
    def terminate(stage: str, done: int, _total: int) -> None:
        if stage == "train" and done == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    run = TrainingRun(NAME, data, tmp_path / "r", seed=7)
    with pytest.raises(KeyboardInterrupt):
        train(run, progress=terminate)
    assert (run.out / "checkpoints" / "last.ckpt").is_file()
    assert not (run.out / "model").exists()


def test_a_structure_that_nobody_labels_is_left_out_of_the_model(
    package: ModelPackage, recipe: Recipe, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is the one that a recipe without that structure gives, byte for byte."""
    from myoscope_ct_thigh.recipes import RECIPES

    monkeypatch.setitem(RECIPES, NAME, replace(recipe, structures=("vastus_lateralis", "multifidus", "femur")))
    told: list[str] = []
    run = TrainingRun(NAME, data, tmp_path / "r", seed=7)
    trained = train(run, progress=lambda stage, _done, _total: told.append(stage))
    assert "check: no training case labels multifidus; the model will not look for it" in told
    assert trained.card.recipe.structures == ("vastus_lateralis", "femur")
    assert trained.card.sha256 == package.card.sha256


def test_nnunet_too_is_given_checked_cases_and_the_structures_that_they_label(
    recipe: Recipe, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from myoscope_ct_thigh.recipes import RECIPES

    asked = replace(recipe, network="nnunet", structures=("femur", "multifidus"))
    monkeypatch.setitem(RECIPES, NAME, asked)
    given: list[Recipe] = []
    monkeypatch.setattr("myoscope.nnunet.train", lambda _run, recipe, progress: given.append(recipe))
    told: list[str] = []
    run = TrainingRun(NAME, data, tmp_path / "r", device="cpu")
    train(run, progress=lambda stage, _done, _total: told.append(stage))
    assert given == [replace(asked, structures=("femur",))]
    assert "check: no training case labels multifidus; the model will not look for it" in told


def test_gradients_are_added_up_and_a_run_that_gets_no_better_stops_early(
    recipe: Recipe, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a learning rate the second validation, after the fourth epoch, is no better than the first."""
    import torch

    from myoscope_ct_thigh.recipes import RECIPES

    plan = replace(
        recipe.training, learning_rate=0.0, max_epochs=9, validate_every=2, patience=1, accumulate=2, labelled_share=0.5
    )
    monkeypatch.setitem(RECIPES, NAME, replace(recipe, training=plan))
    train(TrainingRun(NAME, data, tmp_path / "r", device="cpu"))
    last = torch.load(tmp_path / "r" / "checkpoints" / "last.ckpt", weights_only=True)
    batches = 4 // plan.batch_size
    assert last["epoch"] == 3
    assert last["global_step"] == 4 * batches // 2


@pytest.mark.parametrize(
    ("changes", "epochs"),
    [
        ({"validate_every": 2, "max_epochs": 12}, 2),
        ({"validate_every": 2, "max_epochs": 1}, 1),
        ({"patience": 3, "max_epochs": 12}, 1),
        ({"max_epochs": 80}, 10),
        ({"max_epochs": 3}, 1),
    ],
)
def test_every_run_is_validated_however_short_it_is(tiny_recipe: Recipe, changes: dict[str, int], epochs: int) -> None:
    assert validation_interval(replace(tiny_recipe.training, **changes)) == epochs  # type: ignore[arg-type]


def test_another_seed_gives_other_weights(package: ModelPackage, data: Path, tmp_path: Path) -> None:
    other = train(TrainingRun(NAME, data, tmp_path / "r", device="cpu", seed=8, max_epochs=1))
    assert other.card.sha256 != package.card.sha256
    assert other.card.command.endswith("--max-epochs 1 --seed 8")


@pytest.mark.usefixtures("recipe")
def test_the_figures_are_of_the_weights_as_they_are_stored(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[dict[str, torch.Tensor]] = []

    def keep(pairs: object, network: torch.nn.Module, *others: Any) -> HeldOut:
        scored.append({name: weights.clone() for name, weights in network.state_dict().items()})
        return score_cases(pairs, network, *others)  # type: ignore[arg-type]

    monkeypatch.setattr("myoscope.training.fit.score_cases", keep)
    package = train(TrainingRun(NAME, data, tmp_path / "r", device="cpu", max_epochs=1))
    stored = load_network(package, open_modality("ct_thigh"), "cpu").state_dict()
    assert all(torch.equal(scored[0][name], weights) for name, weights in stored.items())


def test_a_second_start_without_resume_is_refused(out: Path, data: Path) -> None:
    before = (out / "checkpoints" / "last.ckpt").read_bytes()
    with pytest.raises(OutputError, match=r"holds a run already.*--resume"):
        train(TrainingRun(NAME, data, out, device="cpu"))
    assert (out / "checkpoints" / "last.ckpt").read_bytes() == before


@pytest.mark.parametrize("name", ["ct_thigh/unetr_small", "dixon_mri/unet_slices"])
def test_an_embedded_model_is_a_start_for_its_own_recipe(name: str, tmp_path: Path) -> None:
    """The folder has no cases, which is what stops it."""
    (tmp_path / "data").mkdir()
    with pytest.raises(InputError):
        train(TrainingRun(name, tmp_path / "data", tmp_path / "r", device="cpu", init=name))


@pytest.mark.usefixtures("recipe")
def test_resuming_nothing_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no checkpoint to resume from"):
        train(TrainingRun(NAME, data, tmp_path / "r", device="cpu", resume=True))


def test_an_unknown_recipe_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"No recipe is called 'ct_thigh/absent'.*ct_thigh/unetr_small"):
        find_recipe("ct_thigh/absent")


@pytest.mark.usefixtures("recipe")
def test_labels_on_another_grid_are_refused(thigh: LabelledCase, tmp_path: Path) -> None:
    data = write_labelled_case(thigh, tmp_path / "data")
    small = myoscope.synthesize("ct_thigh", 3, SynthesisOptions(spacing_mm=(20.0, 20.0, 40.0)))
    write_labelled_case(replace(small, scan=replace(small.scan, case_id="other")), tmp_path / "small")
    (tmp_path / "small" / "labels" / "other.nii.gz").replace(data / "labels" / "ct_thigh_00003.nii.gz")
    with pytest.raises(InputError, match="lies on another grid"):
        train(TrainingRun(NAME, data, tmp_path / "r", device="cpu"))


def test_training_from_a_model_begins_with_its_weights(
    recipe: Recipe, package: ModelPackage, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a learning rate of 0 it ends with them as well."""
    from myoscope_ct_thigh.recipes import RECIPES

    still = replace(recipe, training=replace(recipe.training, learning_rate=0.0, max_epochs=1))
    monkeypatch.setitem(RECIPES, NAME, still)
    run = TrainingRun(NAME, data, tmp_path / "r", device="cpu", seed=3, init=str(package.folder))
    ended = train(run)
    assert ended.card.sha256 == package.card.sha256
    assert ended.card.command.endswith(f"--seed 3 --init {package.folder}")
    parent = package.card
    assert f"started from {NAME} (sha256 {parent.sha256[:12]}): {parent.trained_on}" in ended.card.trained_on
    assert set(parent.licenses) <= set(ended.card.licenses)


def test_the_command_repeats_a_run(tmp_path: Path) -> None:
    run = TrainingRun(NAME, tmp_path / "data", tmp_path / "r", fold=2, max_epochs=9, seed=4)
    assert command_line(run) == f"myoscope train {NAME} --data data -o r --fold 2 --max-epochs 9 --seed 4"


def test_the_package_analyzes_a_scan(package: ModelPackage, thigh: LabelledCase) -> None:
    result = myoscope.analyze(thigh.scan, model=str(package.folder), device="cpu")
    assert result.provenance.model is not None
    assert result.provenance.model.sha256 == package.card.sha256
    assert result.segmentation.predicted == {"vastus_lateralis", "femur"}


def test_two_devices_train_together(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    """Each takes half of the windows, so there are half as many steps, and the card says how to repeat it."""
    package = train(TrainingRun(recipe.name, data, tmp_path / "r", device="cpu", seed=7, max_epochs=1, devices=2))
    last = torch.load(tmp_path / "r" / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["global_step"] == 4 // recipe.training.batch_size // 2
    assert package.card.command.endswith("--max-epochs 1 --seed 7 --devices 2")
    assert {score.structure for score in package.card.scores} == {"vastus_lateralis", "femur"}


@pytest.mark.usefixtures("recipe")
def test_more_gpus_than_there_are_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this machine has"):
        train(TrainingRun(NAME, data, tmp_path / "r", device="gpu", devices=64))
    assert not (tmp_path / "r").exists()


@pytest.mark.usefixtures("recipe")
def test_a_device_by_its_number_is_one(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("myoscope.inference.choose_device", lambda _name: "cuda:1")
    with pytest.raises(UsageError, match=r"2 devices asked for, but gpu:1 is one"):
        train(TrainingRun(NAME, data, tmp_path / "r", device="gpu:1", devices=2))


PC = {"architecture": "x86_64", "cpu_name": "Intel Xeon", "amx_bf16": False, "avx512_bf16": False}


@pytest.mark.parametrize(
    ("kind", "can", "expected"),
    [
        ("gpu", PC, "bf16-mixed"),
        ("cpu", PC | {"amx_bf16": True, "avx512_bf16": True}, "bf16-mixed"),
        ("cpu", PC | {"avx512_bf16": True}, "32-true"),
        ("cpu", PC | {"cpu_name": "AMD Zen 4", "avx512_bf16": True}, "bf16-mixed"),
        ("cpu", PC | {"cpu_name": "AMD Zen 2"}, "32-true"),
        ("cpu", {"architecture": "arm64", "bf16": True}, "bf16-mixed"),
        ("cpu", {"architecture": "arm64", "bf16": False}, "32-true"),
    ],
)
def test_half_precision_is_for_processors_that_gain_by_it(
    tiny_recipe: Recipe, kind: str, can: dict[str, object], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: can)
    assert precision_on(kind, replace(tiny_recipe.training, precision="bf16-mixed")) == expected
