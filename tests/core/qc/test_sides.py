from __future__ import annotations

import numpy as np

from myoscope import THIGH_STRUCTURES, Grid, StructureSet
from myoscope.ops.regions import summarize
from myoscope.qc.sides import side_finding, swapped_sides

STRUCTURES = StructureSet(THIGH_STRUCTURES)


def labels() -> np.ndarray:
    array = np.zeros((3, 4, 20), np.uint8)
    array[:, 1, 3], array[:, 1, 16], array[:, 2, 5], array[:, 3, 15] = 1, 101, 2, 102
    array[0, 0, 9] = 3
    return array


def test_labels_whose_left_lies_on_the_patients_right_are_named() -> None:
    grid = Grid.identity((20, 4, 3), (1, 1, 1), (0, 0, 0))
    assert swapped_sides(summarize(labels(), grid), STRUCTURES) == ()
    mirrored = summarize(labels()[:, :, ::-1], grid)
    assert swapped_sides(mirrored, STRUCTURES) == ("sartorius", "rectus_femoris")


def test_the_patients_axes_count_and_not_the_arrays() -> None:
    flipped = Grid((20, 4, 3), (1, 1, 1), (19, 0, 0), (-1, 0, 0, 0, 1, 0, 0, 0, 1))
    assert swapped_sides(summarize(labels()[:, :, ::-1], flipped), STRUCTURES) == ()


def test_a_finding_is_made_of_names_and_of_none_there_is_none() -> None:
    (finding,) = side_finding(["sartorius"])
    assert (finding.code, finding.severity) == ("side_disagrees_with_geometry", "error")
    assert "sartorius" in finding.message
    assert side_finding([]) == ()
