"""What is said of cases before they are trained on, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from myoscope import THIGH_STRUCTURES, Grid, InputError, Recipe, Segmentation, StructureSet, UsageError
from myoscope.training.checking import LabelFacts, each_case, facts_of, labelled, summary

THIGH = StructureSet(THIGH_STRUCTURES)
GRID = Grid.identity((4, 3, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))


def facts(*names: str, split: bool = False, named: bool = True) -> LabelFacts:
    return LabelFacts(frozenset(names), split, named)


def truth(values: list[int], grid: Grid = GRID, *, split: bool = False) -> Segmentation:
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels.flat[: len(values)] = values
    return Segmentation(labels, grid, THIGH, frozenset(THIGH.names), split)


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    return replace(tiny_recipe, structures=("vastus_lateralis", "femur", "gracilis"))


def test_facts_are_the_structures_present_on_either_side(recipe: Recipe) -> None:
    found = facts_of(truth([3, 103, 128], split=True), Path("a.nii.gz"), recipe)
    assert found == facts("vastus_lateralis", "femur", split=True, named=False)


@pytest.mark.parametrize(("values", "what"), [([], "no label"), ([1, 5], "only sartorius, vastus_medialis")])
def test_a_label_map_without_anything_of_the_recipe_is_refused(recipe: Recipe, values: list[int], what: str) -> None:
    with pytest.raises(InputError, match=rf"a\.nii\.gz holds {what}, none of the structures of ct_thigh/tiny"):
        facts_of(truth(values), Path("a.nii.gz"), recipe)


def test_a_picture_may_show_nothing(recipe: Recipe) -> None:
    assert facts_of(truth([], Grid.picture((4, 3), None)), Path("a.png"), recipe).structures == frozenset()


def test_every_fault_is_counted_and_the_first_few_are_told() -> None:
    told: list[tuple[str, int, int]] = []

    def read(image: Path, _label: Path) -> str:
        number = int(image.stem)
        if number % 2:
            raise UsageError("No contrast fits.") if number == 1 else InputError(f"Number {number} is broken.", "Mend.")
        return image.name

    files = [(Path(f"{n}.png"), Path(f"{n}.json")) for n in range(16)]
    with pytest.raises(InputError) as caught:
        each_case(files, read, lambda *step: told.append(step))
    lines = str(caught.value).splitlines()
    assert lines[0] == "8 of 16 cases cannot be trained on:"
    assert lines[1:3] == ["  1.png: No contrast fits.", "  3.png: Number 3 is broken. Mend."]
    assert lines[6].startswith("  and 3 more")
    assert told[-1] == ("prepare", 16, 16)
    assert each_case(files[::2], read) == tuple(f"{n}.png" for n in range(0, 16, 2))


def test_structures_that_any_case_labels_are_trained_in_the_order_of_the_recipe(recipe: Recipe) -> None:
    assert labelled([facts("gracilis", "sartorius"), facts("vastus_lateralis")], recipe) == (
        "vastus_lateralis",
        "gracilis",
    )
    with pytest.raises(InputError, match=r"No case labels any structure of ct_thigh/tiny: vastus_lateralis, femur"):
        labelled([facts("sartorius"), facts()], recipe)


def test_there_is_little_to_say_when_all_is_well(recipe: Recipe) -> None:
    assert summary([facts(*recipe.structures)] * 5, recipe, recipe.structures, 0) == (
        "5 cases, 3 of 3 structures labelled",
    )


def test_what_a_person_should_know_is_said_in_plain_lines(recipe: Recipe) -> None:
    seen = [
        facts("vastus_lateralis", "femur"),
        facts("vastus_lateralis", split=True),
        facts("vastus_lateralis", "gracilis", named=False),
        facts("sartorius", named=False),
    ]
    assert summary(seen, recipe, ("vastus_lateralis", "femur"), 2) == (
        "4 cases, 2 of 3 structures labelled",
        "no training case labels gracilis; the model will not look for it",
        "not in every case: missing are vastus_lateralis in 1 of 4, femur in 3 of 4",
        "1 of 4 label files hold none of these structures and count as background",
        "1 of 4 label maps tell left from right; the model learns both sides as one",
        "the values of 2 of 4 label files have no names and were taken as ids",
        "2 images without final labels are left out",
    )
