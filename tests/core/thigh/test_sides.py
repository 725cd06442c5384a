from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from myoscope import THIGH_STRUCTURES, Grid, Segmentation, StructureSet
from myoscope.ops.regions import summarize
from myoscope.thigh.sides import sides_of, split_legs, wrong_sides

STRUCTURES = StructureSet(THIGH_STRUCTURES)
GRID = Grid.identity((120, 40, 16), (3.0, 3.0, 6.0), (0.0, 0.0, 0.0))
#: Structure, first column on the right (mirrored on the left), first row, width.
LEG = (("femur", 26, 15, 8), ("vastus_lateralis", 10, 12, 12), ("gracilis", 46, 18, 6), ("adductor_magnus", 36, 24, 8))


def legs() -> np.ndarray:
    labels = np.zeros(GRID.shape, np.uint8)
    for name, first, row, width in LEG:
        value = STRUCTURES[name].id
        labels[2:14, row : row + width, first : first + width] = value
        labels[2:14, row : row + width, 120 - first - width : 120 - first] = value + 100
    return labels


def unsplit(labels: np.ndarray, *, by_model: bool = False) -> Segmentation:
    merged = (labels % 100).astype(np.uint8)
    return Segmentation(merged, GRID, STRUCTURES, frozenset(STRUCTURES.names), sides_split=False, by_model=by_model)


def test_two_legs_are_split() -> None:
    found = split_legs(unsplit(legs()))
    assert [str(side) for side in sides_of(found)] == ["right", "left"]
    assert np.array_equal(found.labels, legs())


def test_only_a_models_islands_go() -> None:
    noisy = legs()
    noisy[3:5, 1:3, 115:118] = 109
    assert np.array_equal(split_legs(unsplit(noisy, by_model=True)).labels, legs())
    assert np.array_equal(split_legs(unsplit(noisy)).labels, noisy)


@pytest.mark.parametrize("offset", [0, 100])
def test_a_single_leg_gets_its_side_from_its_medial_muscles(offset: int) -> None:
    truth = legs()
    alone = np.where((truth > 100) == bool(offset), truth, 0).astype(np.uint8)
    assert np.array_equal(split_legs(unsplit(alone)).labels, alone)


def test_a_bone_alone_has_no_side_and_says_so() -> None:
    found = split_legs(unsplit(np.where(legs() == 28, 28, 0).astype(np.uint8)))
    assert not found.sides_split
    assert [str(side) for side in sides_of(found)] == ["both"]
    assert [finding.code for finding in found.findings] == ["side_unknown"]


def test_nothing_labelled_is_split_and_empty() -> None:
    found = split_legs(unsplit(np.zeros(GRID.shape, np.uint8)))
    assert found.sides_split
    assert not found.labels.any()


def test_mirrored_labels_are_found() -> None:
    right_way = replace(unsplit(legs()), labels=legs(), sides_split=True)
    assert wrong_sides(right_way, summarize(right_way.labels, GRID)) == ()
    mirrored = replace(right_way, labels=np.ascontiguousarray(legs()[:, :, ::-1]))
    (finding,) = wrong_sides(mirrored, summarize(mirrored.labels, GRID))
    assert finding.code == "side_disagrees_with_geometry"
