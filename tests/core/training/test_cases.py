from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from myoscope import InputError, LabelledCase, Recipe, UsageError
from myoscope.io import write_labelled_case
from myoscope.plugins import open_modality
from myoscope.training.cases import PreparedCase, prepare, prepare_folder, split
from myoscope.training.subjects import Membership


def named(*names: str) -> tuple[PreparedCase, ...]:
    image, label = np.zeros((1, 2, 2, 2), dtype=np.float16), np.zeros((2, 2, 2), dtype=np.uint8)
    nowhere = (Path("image"), Path("label"))
    return tuple(PreparedCase(name, nowhere, Membership(name), image, label) for name in names)


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
    with pytest.raises(InputError, match=r"ct_thigh_00003\.nii\.gz has no label map in"):
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
