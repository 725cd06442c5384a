from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from myoscope import InputError, Recipe
from myoscope.benchmarking.plan import CASES, FIRST_SEED, QUICK_CASES, Choice, plan, seeds
from myoscope.benchmarking.sources import FileSource, SeedSource, user_cases
from myoscope.plugins import describe


def made(count: int, *, quick: bool, sites: dict[str, str], structures: tuple[str, ...]) -> tuple[SeedSource, ...]:
    info = describe("ct_thigh")
    recipe = info.recipes["ct_thigh/unetr_small"]
    trained = {"thigh": ("sartorius", "gracilis"), "hip": ("piriformis",)}
    recipes: dict[str, Recipe] = {name: replace(recipe, structures=own) for name, own in trained.items()}
    found = seeds(
        replace(info, recipes=recipes, sites=sites), replace(recipe, structures=structures), Choice(quick=quick)
    )
    assert [source.seed for source in found] == [FIRST_SEED + number for number in range(count)]
    return found


def test_the_cases_of_a_model_are_those_of_its_sites() -> None:
    sites = {"front": "thigh", "hip": "hip", "inside": "thigh"}
    found = made(CASES, quick=False, sites=sites, structures=("sartorius", "gracilis"))
    assert [source.options.site for source in found] == ["front", "inside", "front", "inside", "front"]
    assert {source.options.spacing_mm for source in found} == {None}


def test_quick_cases_are_few_and_at_the_spacing_of_the_model_but_leave_out_no_site() -> None:
    found = made(QUICK_CASES, quick=True, sites={}, structures=("sartorius",))
    assert {source.options.spacing_mm for source in found} == {(5.0, 5.0, 6.0)}
    assert {source.options.site for source in found} == {""}
    three = {"front": "thigh", "inside": "thigh", "back": "thigh"}
    assert len(made(3, quick=True, sites=three, structures=("sartorius", "gracilis"))) == 3


def test_every_installed_model_of_a_modality_is_planned_on_its_synthetic_cases() -> None:
    entries = plan(Choice(("ct_thigh",), quick=True))
    assert ("ct_thigh/unetr_small", "synthetic") in {(entry.model, entry.data) for entry in entries}
    assert len({entry.model for entry in entries}) == len(entries)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.mark.parametrize(("images", "labels"), [("images", "labels"), ("imagesTr", "labelsTr")])
def test_images_and_labels_are_matched_by_name_and_none_is_dropped(tmp_path: Path, images: str, labels: str) -> None:
    touch(tmp_path, f"{images}/a.nii.gz", f"{images}/b.nrrd", f"{labels}/a.nii.gz", f"{labels}/c.seg.nrrd")
    touch(tmp_path, f"{labels}/a_labels.tsv", f"{images}/.hidden", f"{images}/d/water.nii.gz", f"{labels}/d.nii.gz")
    assert user_cases(tmp_path) == (
        FileSource("a", tmp_path / images / "a.nii.gz", tmp_path / labels / "a.nii.gz"),
        FileSource("b", tmp_path / images / "b.nrrd", None),
        FileSource("c", None, tmp_path / labels / "c.seg.nrrd"),
        FileSource("d", tmp_path / images / "d", tmp_path / labels / "d.nii.gz"),
    )


def test_further_channels_of_nnunet_are_no_cases_of_their_own(tmp_path: Path) -> None:
    touch(tmp_path, "imagesTr/a_0000.nii.gz", "imagesTr/a_0001.nii.gz", "labelsTr/a.nii.gz")
    first, labels = tmp_path / "imagesTr" / "a_0000.nii.gz", tmp_path / "labelsTr" / "a.nii.gz"
    assert user_cases(tmp_path) == (FileSource("a", first, labels),)


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no labelled cases"):
        user_cases(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match="holds no cases"):
        user_cases(tmp_path)
