from dataclasses import replace

import numpy as np
import pytest

from myoscope import Grid, InferenceOptions, LabelledCase, Scan, UsageError
from myoscope.inference import choose_device, run_model, segment
from myoscope.models import ModelPackage, find_model, load_network
from myoscope.plugins import open_modality

torch = pytest.importorskip("torch")


def test_the_cpu_is_always_there() -> None:
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["abacus", "gpu:x", "gpu:-1", "", "cuda", "mps"])
def test_a_device_that_is_unknown_or_absent_is_a_usage_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"is not available.*auto, cpu, gpu, gpu:N or mps"):
        choose_device(name)


@pytest.mark.parametrize(("count", "name"), [(0, "gpu"), (0, "gpu:0"), (2, "gpu:2")])
def test_a_gpu_beyond_those_of_the_machine_is_a_usage_error(
    count: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(UsageError, match=f"this machine has {count} GPUs"):
        choose_device(name)


def test_gpus_go_by_number_and_auto_takes_one_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert [choose_device(name) for name in ("auto", "gpu", "gpu:1", "mps")] == ["cuda", "cuda:0", "cuda:1", "mps"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == "cpu"


def test_a_scan_gets_ids_of_the_recipe_on_its_own_grid_and_the_same_bytes_twice(
    thigh: LabelledCase, tiny_package: ModelPackage
) -> None:
    plugin = open_modality("ct_thigh")
    recipe, structures = tiny_package.card.recipe, plugin.describe().structures
    told: list[tuple[int, int]] = []
    found = [
        segment(
            thigh.scan, plugin.preprocess(thigh.scan, recipe), load_network(tiny_package, plugin, "cpu"), recipe,
            structures, device="cpu", progress=lambda done, total: told.append((done, total)),
        ).labels
        for _ in range(2)
    ]  # fmt: skip
    assert found[0].shape == thigh.scan.grid.shape
    assert found[0].dtype == np.uint8
    assert set(np.unique(found[0]).tolist()) == {0, 3, 28}
    assert found[0].tobytes() == found[1].tobytes()
    windows = told[0][1]
    assert told == [(done, windows) for done in range(1, windows + 1)] * 2


@pytest.mark.parametrize("model", ["ct_thigh/unetr_small", "ct_thigh/unet_slices"])
def test_an_embedded_model_finds_muscle_and_bone(thigh: LabelledCase, model: str) -> None:
    """On a scan far coarser than those it was trained on; its figures are in its card."""
    plugin = open_modality("ct_thigh")
    package = find_model(model, "ct_thigh")
    recipe = package.card.recipe
    network = load_network(package, plugin, "cpu")
    prepared = plugin.preprocess(thigh.scan, recipe)
    found = segment(thigh.scan, prepared, network, recipe, plugin.describe().structures, device="cpu").labels
    tissue = thigh.segmentation.labels > 0
    assert 2 * ((found > 0) & tissue).sum() / ((found > 0).sum() + tissue.sum()) > 0.7


def test_a_model_says_what_ran_it_and_how_sure_it_was_and_gives_the_map_when_asked(
    thigh: LabelledCase, tiny_package: ModelPackage
) -> None:
    plugin = open_modality("ct_thigh")
    options = InferenceOptions(backend="torch", confidence=True)
    found = run_model(thigh.scan, plugin, tiny_package, device="cpu", options=options)
    assert found.ran_by.startswith("torch cpu ")
    assert f", {torch.get_num_threads()} thread" in found.ran_by
    assert found.confidence_map.shape == found.labels.shape
    assert found.certainty.by_structure.keys() == {"vastus_lateralis", "femur"}
    low, high = min(found.certainty.by_structure.values()), max(found.certainty.by_structure.values())
    assert 0 < low <= found.certainty.mean <= high < 1
    again = run_model(thigh.scan, plugin, tiny_package, device="cpu", options=replace(options, confidence=False))
    assert again.confidence_map is None
    assert np.array_equal(again.labels, found.labels)
    assert again.certainty == found.certainty


def test_a_scan_of_which_a_model_is_less_sure_than_it_usually_is_gets_a_finding(
    thigh: LabelledCase, tiny_package: ModelPackage
) -> None:
    strict = replace(tiny_package, card=replace(tiny_package.card, usual_certainty=1.0))
    options = InferenceOptions(backend="torch")
    found = run_model(thigh.scan, open_modality("ct_thigh"), strict, device="cpu", options=options)
    assert [finding.code for finding in found.findings] == ["low_confidence"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (InferenceOptions(mirror=True), "mirror"),
        (InferenceOptions(overlap=0.1, blending="constant"), "overlap, blending"),
    ],
)
def test_a_picture_has_no_windows_to_overlap_blend_or_mirror(
    options: InferenceOptions, named: str, tiny_package: ModelPackage
) -> None:
    picture = Scan("ct_thigh", {"ct": np.zeros((8, 8), dtype=np.uint8)}, Grid.picture((8, 8), None), "frame")
    with pytest.raises(UsageError, match=f"{named} chosen for frame, a picture"):
        run_model(picture, open_modality("ct_thigh"), tiny_package, device="cpu", options=options)


def test_a_model_that_nnunet_runs_takes_none_of_the_options(thigh: LabelledCase, tiny_package: ModelPackage) -> None:
    theirs = replace(tiny_package, card=replace(tiny_package.card, backend="nnunet"))
    options = InferenceOptions(backend="torch", confidence=True)
    with pytest.raises(UsageError, match="backend, confidence chosen for a model that nnU-Net runs"):
        run_model(thigh.scan, open_modality("ct_thigh"), theirs, device="cpu", options=options)
