from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from myoscope import InputError, LabelledCase, Recipe, UsageError
from myoscope.io import write_labelled_case, write_volume
from myoscope.plugins import open_modality
from myoscope.training.cases import PreparedCase, narrowed, prepare, prepare_folder, split
from myoscope.training.checking import LabelFacts
from myoscope.training.fit import find_recipe
from myoscope.training.subjects import Membership


def named(*names: str) -> tuple[PreparedCase, ...]:
    image, label = np.zeros((1, 2, 2, 2), dtype=np.float16), np.zeros((2, 2, 2), dtype=np.uint8)
    nowhere = (Path("image"), Path("label"))
    facts = LabelFacts(frozenset(), sides_split=False, named=False)
    return tuple(PreparedCase(name, nowhere, Membership(name), image, label, facts) for name in names)


def files(cases: tuple[PreparedCase, ...]) -> list[str]:
    return [case.file for case in cases]


@pytest.mark.parametrize("count", [5, 6, 13])
def test_every_case_validates_in_exactly_one_fold(count: int) -> None:
    cases = named(*(f"case{n:02d}" for n in range(count)))
    held = []
    for fold in range(5):
        kept, held_out = split(cases, fold)
        assert not set(files(kept)) & set(files(held_out))
        assert sorted(files(kept) + files(held_out)) == files(cases)
        held += files(held_out)
    assert sorted(held) == files(cases)


def test_the_split_follows_the_names_not_the_order_given() -> None:
    cases = named("d", "a", "c", "e", "b", "f")
    kept, held_out = split(cases, 1)
    assert files(held_out) == ["b"]
    assert files(kept) == ["a", "c", "d", "e", "f"]
    again = split(cases[::-1], 1)
    assert (files(again[0]), files(again[1])) == (files(kept), files(held_out))


def test_too_few_cases_are_refused() -> None:
    with pytest.raises(UsageError, match=r"3 subjects are too few to hold out fold 4.*at least 5"):
        split(named("a", "b", "c"), 4)
    with pytest.raises(UsageError, match="1 subjects are too few"):
        split(named("a"), 0)


@pytest.mark.parametrize("fold", [-1, 5])
def test_a_fold_that_does_not_exist_is_refused(fold: int) -> None:
    with pytest.raises(UsageError, match="folds are 0 to 4"):
        split(named("a", "b", "c", "d", "e"), fold)


def test_a_prepared_case_has_channels_of_both_sides_and_background_for_the_rest(
    thigh: LabelledCase, tiny_recipe: Recipe
) -> None:
    image, label = prepare(thigh.scan, thigh.segmentation, tiny_recipe, open_modality("ct_thigh"))
    assert image.dtype == np.float16
    assert image.shape == (1, *label.shape)
    assert set(np.unique(label)) == {0, 1, 2}
    voxel_ml = 12 * 12 * 24 / 1000
    for channel, ids in ((1, (3, 103)), (2, (28, 128))):
        truth_ml = np.isin(thigh.segmentation.labels, ids).sum() * thigh.scan.grid.voxel_volume_ml
        assert (label == channel).sum() * voxel_ml == pytest.approx(truth_ml, rel=0.15)
    bone, outside = image[0][label == 2], image[0][:, 0, 0]
    assert bone.mean() > image[0][label == 1].mean() > outside.mean()


def test_an_image_without_labels_is_refused(thigh: LabelledCase, tiny_recipe: Recipe, tmp_path: Path) -> None:
    data = write_labelled_case(thigh, tmp_path / "data")
    shutil.rmtree(data / "labels")
    with pytest.raises(InputError, match=r"1 of 1 images have no label map in .*labels: ct_thigh_00003\.nii\.gz"):
        prepare_folder(data, tmp_path / "cache", tiny_recipe, open_modality("ct_thigh"))


def test_a_folder_without_images_is_refused(tiny_recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no labelled cases.*Put scans into images/"):
        prepare_folder(tmp_path, tmp_path / "cache", tiny_recipe, open_modality("ct_thigh"))
    assert not (tmp_path / "cache").exists()


def test_a_case_comes_from_the_cache_as_it_went_in(
    thigh: LabelledCase, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_labelled_case(thigh, tmp_path / "data")
    plugin = open_modality("ct_thigh")
    (first,) = prepare_folder(data, tmp_path / "cache", tiny_recipe, plugin)
    image, label = prepare(thigh.scan, thigh.segmentation, tiny_recipe, plugin)
    assert np.array_equal(first.image, image)
    assert np.array_equal(first.label, label)
    monkeypatch.setattr("myoscope.training.cases.prepare", None)
    (second,) = prepare_folder(data, tmp_path / "cache", tiny_recipe, plugin)
    assert second.file == first.file == "ct_thigh_00003.nii.gz"
    assert np.array_equal(first.image, second.image)
    assert first.facts == second.facts
    assert first.facts.sides_split
    assert set(tiny_recipe.structures) < first.facts.structures


def test_every_case_at_fault_is_named_and_nothing_is_left_half_done(
    thigh: LabelledCase, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """One label map is empty, one holds a value of no structure, one lies on another grid, one is sound."""
    data = tmp_path / "data"
    for name in ("empty", "sound", "strange", "elsewhere"):
        write_labelled_case(replace(thigh, scan=replace(thigh.scan, case_id=name)), data)
    labels, grid = thigh.segmentation.labels, thigh.scan.grid
    write_volume(np.zeros_like(labels), grid, data / "labels" / "empty.nii.gz")
    write_volume(np.where(labels == 28, 77, labels), grid, data / "labels" / "strange.nii.gz")
    write_volume(labels, replace(grid, origin=(9.0, 9.0, 9.0)), data / "labels" / "elsewhere.nii.gz")
    with pytest.raises(InputError) as caught:
        prepare_folder(data, tmp_path / "cache", tiny_recipe, open_modality("ct_thigh"))
    told = str(caught.value)
    assert told.startswith("3 of 4 cases cannot be trained on:\n")
    assert "empty.nii.gz: empty.nii.gz holds no label, none of the structures of ct_thigh/tiny." in told
    assert "strange.nii.gz: strange.nii.gz holds labels that mean nothing here: 77." in told
    assert "elsewhere.nii.gz: elsewhere.nii.gz lies on another grid than the scan" in told
    assert "sound" not in told


def test_other_names_or_another_table_never_meet_an_old_cache(
    thigh: LabelledCase, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    data = write_labelled_case(thigh, tmp_path / "data")
    (data / "images").rename(data / "imagesTr")
    (data / "labels").rename(data / "labelsTr")
    write_volume(
        (thigh.segmentation.labels % 100 == 28).astype(np.uint8),
        thigh.scan.grid,
        data / "labelsTr" / "ct_thigh_00003.nii.gz",
    )
    voxels = []
    for name in ("femur", "vastus_lateralis"):
        (data / "dataset.json").write_text(json.dumps({"labels": {"background": 0, name: 1}}))
        (case,) = prepare_folder(data, tmp_path / "cache", tiny_recipe, open_modality("ct_thigh"))
        assert case.facts == LabelFacts(frozenset({name}), sides_split=False, named=True)
        voxels.append([int((case.label == channel).sum()) for channel in (1, 2)])
    (none, bone), (same, rest) = voxels
    assert (none, rest) == (0, 0)
    assert same == bone > 0


def test_channels_follow_the_structures_that_are_left() -> None:
    recipe = find_recipe("dixon_mri/unetr")
    first, second, third = recipe.structures[:3]
    (case,) = named("a")
    case.label.flat[:4] = (0, 1, 2, 3)
    (left,) = narrowed((case,), recipe, (first, third))
    assert left.label.flat[:4].tolist() == [0, 1, 0, 2]
    assert narrowed((case,), recipe, recipe.structures)[0].label.flat[:4].tolist() == [0, 1, 2, 3]
    assert second not in (first, third)
