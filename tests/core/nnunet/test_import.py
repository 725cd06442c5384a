"""A results folder that nnU-Net wrote becomes a package, or is refused by a sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from myoscope import ULTRASOUND_STRUCTURES, ModelError, StructureSet, UsageError
from myoscope.nnunet import LabelledFrame, import_results, label_frames

Change = Callable[[dict[str, Any]], object]
ID = "ultrasound/theirs"


@pytest.fixture(autouse=True)
def ultrasound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modality's structures, whether its plugin is installed or not."""
    known = SimpleNamespace(structures=StructureSet(ULTRASOUND_STRUCTURES, {}))
    monkeypatch.setattr("myoscope.plugins.describe", lambda _name: known)


@pytest.fixture
def results(trained: Any, tmp_path: Path) -> Path:
    folder: Path = shutil.copytree(trained.workspace.results, tmp_path / "nnUNetTrainer__nnUNetPlans__2d")
    return folder


def change(path: Path, how: Change) -> None:
    data = json.loads(path.read_text())
    how(data)
    path.write_text(json.dumps(data))


def test_an_imported_model_predicts_what_the_exported_one_does(
    trained: Any, results: Path, frames: tuple[LabelledFrame, ...], tmp_path: Path
) -> None:
    package = import_results(results, tmp_path / "model", model_id=ID)
    card = package.card
    assert (card.id, card.backend, card.recipe.structures) == (ID, "nnunet", trained.recipe.structures)
    assert (card.recipe.training.max_epochs, card.recipe.training.batch_size, card.recipe.window) == (3, 2, (64, 64))
    assert card.sha256 == trained.package.card.sha256
    stack = np.stack([frame.image for frame in frames[5:]])
    theirs, ours = (
        label_frames(stack, None, p, device="cpu", on_frame=lambda: None)[0] for p in (package, trained.package)
    )
    assert np.array_equal(theirs, ours)


def test_labels_get_the_names_that_the_user_gives_them(results: Path, tmp_path: Path) -> None:
    change(results / "dataset.json", lambda d: d.update(labels={"background": 0, "PL": 1, "peroneus_brevis": 2}))
    package = import_results(results, tmp_path / "model", model_id=ID, structures={"PL": "peroneus_longus"})
    assert package.card.recipe.structures == ("peroneus_longus", "peroneus_brevis")
    with pytest.raises(UsageError, match=r"label 'PL' is no structure of ultrasound.*peroneus_longus"):
        import_results(results, tmp_path / "other", model_id=ID)
    assert not (tmp_path / "other").exists()


def test_labels_are_ordered_by_their_number_not_by_their_place_in_the_file(results: Path, tmp_path: Path) -> None:
    turned = {"peroneus_brevis": 2, "background": 0, "peroneus_longus": 1}
    change(results / "dataset.json", lambda d: d.update(labels=turned))
    package = import_results(results, tmp_path / "model", model_id=ID)
    assert package.card.recipe.structures == ("peroneus_longus", "peroneus_brevis")


def flat(plans: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = plans["configurations"]["2d"]
    return found


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (lambda p: p.update(image_reader_writer="Tiff3DIO"), "read by 'Tiff3DIO'"),
        (lambda p: p.update(transpose_forward=[2, 0, 1]), "another direction"),
        (lambda p: flat(p)["architecture"].update(network_class_name="torch.hub.load"), "not one of nnU-Net's"),
        (lambda p: flat(p)["architecture"]["arch_kwargs"].update(conv_op="os.system"), "not PyTorch's own"),
        (lambda p: flat(p)["architecture"]["arch_kwargs"].update(nonlin="torch.nn.functional.torch.hub.load"), "own"),
        (lambda p: flat(p).update(preprocessor_name="Other"), "another preprocessor"),
        (lambda p: flat(p).update(patch_size=[8, 64, 64]), "window is not flat"),
        (lambda p: p.update(configurations={}), "did not write for pictures"),
        (lambda p: p.clear(), "did not write for pictures"),
    ],
)
def test_plans_that_cannot_be_run_are_refused_and_say_why(
    results: Path, tmp_path: Path, how: Change, words: str
) -> None:
    change(results / "plans.json", how)
    with pytest.raises(ModelError, match=words):
        import_results(results, tmp_path / "model", model_id=ID)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"labels": {"background": 0, "peroneus_longus": 1, "peroneus_brevis": 3}}, "not numbered"),
        ({"labels": {"background": 0, "both": [1, 2], "peroneus_brevis": 2}}, "not numbered"),
        ({"channel_names": {"0": "R", "1": "G", "2": "B"}}, "other than one channel"),
    ],
)
def test_a_data_set_of_another_kind_is_refused(
    results: Path, tmp_path: Path, facts: dict[str, Any], words: str
) -> None:
    change(results / "dataset.json", lambda d: d.update(facts))
    with pytest.raises(ModelError, match=words):
        import_results(results, tmp_path / "model", model_id=ID)


def test_a_model_of_volumes_is_refused(results: Path, tmp_path: Path) -> None:
    path = results / "fold_0" / "checkpoint_final.pth"
    checkpoint = torch.load(path, weights_only=False)
    checkpoint["init_args"]["configuration"] = "3d_fullres"
    torch.save(checkpoint, path)
    with pytest.raises(ModelError, match="has the configuration '3d_fullres'"):
        import_results(results, tmp_path / "model", model_id=ID)


def test_a_folder_that_is_no_results_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"plans\.json cannot be read.*Give an nnU-Net results folder"):
        import_results(tmp_path, tmp_path / "model", model_id=ID)


def test_an_id_that_is_none_is_refused(results: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'My model' is no id"):
        import_results(results, tmp_path / "model", model_id="My model")


def test_a_fold_that_was_not_trained_is_refused(results: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no checkpoint"):
        import_results(results, tmp_path / "model", model_id=ID, fold="all")


def test_a_network_with_residual_blocks_is_rebuilt_too(results: Path) -> None:
    """nnU-Net's other planner names it; only its weights are missing here."""
    from myoscope.nnunet.blueprint import blueprint_from

    plans, dataset = (json.loads((results / name).read_text()) for name in ("plans.json", "dataset.json"))
    architecture = flat(plans)["architecture"]
    architecture["network_class_name"] = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
    architecture["arch_kwargs"]["n_blocks_per_stage"] = architecture["arch_kwargs"].pop("n_conv_per_stage")
    network = blueprint_from(plans, dataset, (1,), "theirs").network().eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 1, 64, 64)).shape == (1, 3, 64, 64)
