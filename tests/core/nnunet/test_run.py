"""One whole nnU-Net run on the CPU: convert, plan, train, export, predict."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import InputError, ModelError, Recipe
from myoscope.metrics import dice, overlap_counts
from myoscope.models import ModelCard, ModelPackage, read_package
from myoscope.models.card import card_json
from myoscope.nnunet import LabelledFrame, Workspace, export, fit, label_frames
from myoscope.nnunet.checkpoints import read_checkpoint
from myoscope.nnunet.predicting import load_predictor

EPOCHS, SEED, SIZE = 3, 5, 64
Frames = tuple[LabelledFrame, ...]


def predicted(frames: Frames, package: ModelPackage) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    stack = np.stack([frame.image for frame in frames])
    return label_frames(stack, None, package, device="cpu", on_frame=lambda: None)


def test_the_plan_stays_within_the_recipe(trained: Any) -> None:
    plans = json.loads((trained.workspace.preprocessed / "nnUNetPlans.json").read_text())
    plan = plans["configurations"]["2d"]
    assert list(plans["configurations"]) == ["2d"]
    assert plan["patch_size"] == [SIZE, SIZE]
    assert plan["batch_size"] == 2
    assert plan["architecture"]["arch_kwargs"]["features_per_stage"] == [4, 8, 8, 8, 8]
    assert plan["normalization_schemes"] == ["ZScoreNormalization"]


def test_the_loss_falls_and_every_epoch_is_told(trained: Any) -> None:
    with (trained.workspace.fold / "epochs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3] == list(trained.told)
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"]) - 0.3
    assert float(rows[-1]["val_dice"]) > float(rows[0]["val_dice"])


def test_both_muscles_are_found_on_frames_held_out(trained: Any, frames: Frames) -> None:
    """Chance would be a Dice of about 0.2: each muscle fills a ninth of the frame."""
    labels, confidence = predicted(frames[6:], trained.package)
    for label, frame in zip(labels, frames[6:], strict=True):
        counts = overlap_counts(label, frame.label)
        assert min(dice(counts[1]), dice(counts[2])) > 0.6
    assert labels.shape == (2, SIZE, SIZE)
    assert confidence.dtype == np.float32
    assert ((confidence > 1 / 3) & (confidence < 1)).all()


def test_nothing_was_printed_but_to_the_log(trained: Any, frames: Frames, capfd: pytest.CaptureFixture[str]) -> None:
    predicted(frames[:1], trained.package)
    assert capfd.readouterr() == ("", "")
    assert "Epoch 2" in (trained.workspace.root / "nnunet.log").read_text()


def test_a_run_leaves_nnunets_folders_as_they_were(trained: Any) -> None:
    from nnunetv2 import paths

    assert trained.package
    for variable in (paths.nnUNet_raw, paths.nnUNet_preprocessed, paths.nnUNet_results):
        assert "get" not in vars(variable)
        assert variable.get() == os.environ.get(variable.env_var_name)


def test_the_package_holds_a_card_and_weights_and_no_pickle(trained: Any) -> None:
    assert sorted(path.name for path in trained.package.folder.iterdir()) == ["card.json", "model.safetensors"]
    card = trained.package.card
    assert (card.backend, card.recipe.window, card.recipe.spacing_mm) == ("nnunet", (SIZE, SIZE), ())
    assert read_package(trained.package.folder) == trained.package


def test_the_package_predicts_what_nnunet_itself_predicts_from_its_checkpoint(trained: Any, frames: Frames) -> None:
    """nnU-Net reads its own results folder and file; the package keeps weights in half precision."""
    import torch
    from nnunetv2.imageio.natural_image_reader_writer import NaturalImage2DIO
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    theirs = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    theirs.initialize_from_trained_model_folder(str(trained.workspace.results), (0,))
    image, facts = NaturalImage2DIO().read_images([str(trained.workspace.raw / "imagesTr" / "frame_7_0000.png")])
    labels, shares = theirs.predict_single_npy_array(image, facts, save_or_return_probabilities=True)
    ours = load_predictor(trained.package, "cpu")(frames[7].image, (999.0, 1.0, 1.0))
    assert np.abs(ours - shares[:, 0]).max() < 0.01
    assert (predicted(frames[7:], trained.package)[0][0] == labels[0]).mean() > 0.999


def test_with_the_weights_rounded_alike_both_predictions_are_the_same(trained: Any, frames: Frames) -> None:
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    theirs = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    theirs.initialize_from_trained_model_folder(str(trained.workspace.results), (0,))
    theirs.list_of_parameters = [{k: v.half().float() for k, v in theirs.list_of_parameters[0].items()}]
    image = frames[6].image[None, None].astype(np.float32)
    labels, shares = theirs.predict_single_npy_array(image, {"spacing": (999, 1, 1)}, save_or_return_probabilities=True)
    ours = load_predictor(trained.package, "cpu")(frames[6].image, (999.0, 1.0, 1.0))
    assert np.array_equal(ours, shares[:, 0])
    assert np.array_equal(predicted(frames[6:7], trained.package)[0], labels)


def test_the_confidence_is_the_mean_winning_share_of_what_was_found(trained: Any, frames: Frames) -> None:
    shares = load_predictor(trained.package, "cpu")(frames[6].image, (999.0, 1.0, 1.0))
    found = shares.argmax(axis=0) > 0
    _, confidence = predicted(frames[6:7], trained.package)
    assert shares.sum(axis=0) == pytest.approx(1.0, abs=1e-5)
    assert confidence[0] == pytest.approx(shares.max(axis=0)[found].mean(), rel=1e-6)


def test_a_black_frame_shows_nothing_and_is_sure_of_nothing(trained: Any) -> None:
    counted: list[int] = []
    labels, confidence = label_frames(
        np.zeros((2, 40, 50), dtype=np.uint8), None, trained.package, device="cpu", on_frame=lambda: counted.append(1)
    )
    assert not labels.any()
    assert confidence.tolist() == [0.0, 0.0]
    assert len(counted) == 2


def test_a_frame_of_another_size_keeps_its_own_pixels(trained: Any, frames: Frames) -> None:
    """Larger than the network's window and with black borders, as nnU-Net crops and tiles it."""
    wide = np.zeros((1, 80, 150), dtype=np.uint8)
    wide[0, 8:72, 40:104] = frames[7].image
    labels, _ = label_frames(wide, None, trained.package, device="cpu", on_frame=lambda: None)
    inside = labels[0, 8:72, 40:104]
    assert np.count_nonzero(labels) == np.count_nonzero(inside)
    assert np.array_equal(inside, predicted(frames[7:], trained.package)[0][0])


def copied(package: ModelPackage, folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Copy a package with another card."""
    shutil.copytree(package.folder, folder)
    card = json.loads(card_json(package.card))
    change(card["recipe"]["network_options"])
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def test_changed_plans_are_noticed_when_the_package_is_read(trained: Any, tmp_path: Path) -> None:
    def change(options: dict[str, Any]) -> None:
        options["blueprint"]["plans"]["configurations"]["2d"]["normalization_schemes"] = ["NoNormalization"]

    with pytest.raises(ModelError, match="plans of ultrasound/peroneus_tiny do not match their hash"):
        read_package(copied(trained.package, tmp_path / "changed", change))


def test_a_package_without_plans_is_refused(trained: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no nnU-Net plans"):
        read_package(copied(trained.package, tmp_path / "without", lambda options: options.clear()))


def test_changed_weights_are_noticed(trained: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(trained.package.folder, tmp_path / "changed")
    with (folder / "model.safetensors").open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\x55")
    with pytest.raises(ModelError, match="weights of ultrasound/peroneus_tiny do not match its card"):
        read_package(folder)


def test_weights_of_another_plan_are_refused(trained: Any, frames: Frames, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from myoscope.models.package import sha256_of

    folder = shutil.copytree(trained.package.folder, tmp_path / "other")
    state = load_file(folder / "model.safetensors")
    state.popitem()
    save_file(state, folder / "model.safetensors")
    card = replace(trained.package.card, sha256=sha256_of(folder / "model.safetensors"))
    (folder / "card.json").write_text(card_json(card))
    with pytest.raises(ModelError, match="do not fit the network of its plans"):
        predicted(frames[:1], read_package(folder))


def test_a_run_that_was_killed_and_resumed_gives_the_weights_of_an_unbroken_one(
    trained: Any, recipe: Recipe, tmp_path: Path
) -> None:
    """The kill comes in the middle of the second epoch."""
    import torch

    from myoscope.nnunet.trainer import Trainer

    workspace = Workspace(tmp_path)
    for name in ("raw", "preprocessed"):
        shutil.copytree(trained.workspace.root / name, tmp_path / name)
    steps: list[int] = []
    real = Trainer.train_step

    def step(self: Trainer, batch: dict[str, Any]) -> Any:
        steps.append(1)
        if len(steps) > 12:
            raise MemoryError("killed")
        return real(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "train_step", step)
        with pytest.raises(MemoryError, match="killed"):
            fit(recipe, workspace, seed=SEED)
    assert not (workspace.fold / "checkpoint_final.pth").exists()
    told: list[int] = []
    fit(recipe, workspace, seed=SEED, resume=True, on_epoch=told.append)
    assert told == [2, 3]
    unbroken, resumed = (
        read_checkpoint(w.fold / "checkpoint_final.pth")["network_weights"] for w in (trained.workspace, workspace)
    )
    assert all(torch.equal(unbroken[name], resumed[name]) for name in unbroken)
    longer = replace(recipe, training=replace(recipe.training, max_epochs=EPOCHS + 1))
    fit(longer, workspace, seed=SEED, resume=True, on_epoch=told.append)
    assert told == [2, 3, 4]


def on_a_grid(trained: Any, card: ModelCard, tmp_path: Path) -> ModelPackage:
    """Return the trained model as one that was trained on pixels of 0.2 mm."""
    results = shutil.copytree(trained.workspace.results, tmp_path / "results")
    plans = json.loads((results / "plans.json").read_text())
    plans["image_reader_writer"] = "SimpleITKIO"
    plans["configurations"]["2d"]["spacing"] = [0.2, 0.2]
    (results / "plans.json").write_text(json.dumps(plans))
    return export(results, card, tmp_path / "scaled")


def test_a_model_on_a_grid_refuses_frames_without_a_scale(
    trained: Any, card: ModelCard, frames: Frames, tmp_path: Path
) -> None:
    package = on_a_grid(trained, card, tmp_path)
    assert package.card.recipe.spacing_mm == (0.2, 0.2)
    with pytest.raises(InputError, match=r"needs the size of a pixel.*--spacing-mm or --depth-mm"):
        predicted(frames[:1], package)


def test_a_model_on_a_grid_sees_a_finer_picture_at_its_own_scale(
    trained: Any, card: ModelCard, frames: Frames, tmp_path: Path
) -> None:
    """On its own grid it is the model without one; a picture twice as fine has its muscles at the same places."""
    package = on_a_grid(trained, card, tmp_path)
    same, _ = label_frames(frames[6].image[None], (0.2, 0.2), package, device="cpu", on_frame=lambda: None)
    assert np.array_equal(same, predicted(frames[6:7], trained.package)[0])
    fine = frames[6].image.repeat(2, axis=0).repeat(2, axis=1)[None]
    finer, _ = label_frames(fine, (0.1, 0.1), package, device="cpu", on_frame=lambda: None)
    blind, _ = label_frames(fine, (0.2, 0.2), package, device="cpu", on_frame=lambda: None)
    told, untold = (overlap_counts(found[0, ::2, ::2], same[0]) for found in (finer, blind))
    assert min(dice(told[1]), dice(told[2])) > 0.85
    assert min(dice(untold[1]), dice(untold[2])) < 0.6
