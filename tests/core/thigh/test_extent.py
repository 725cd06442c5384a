from __future__ import annotations

import numpy as np

from myoscope import THIGH_STRUCTURES, Grid, Segmentation, StructureSet
from myoscope.ops.orient import to_lps
from myoscope.thigh.extent import midline, only_slices, trunk_and_legs

STRUCTURES = StructureSet(THIGH_STRUCTURES)


def test_only_the_slices_counted_from_the_feet_stay_whatever_the_axes() -> None:
    grid = Grid((4, 4, 6), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (-1, 0, 0, 0, 1, 0, 0, 0, -1))
    labels = np.full(grid.shape, 3, np.uint8)
    segmentation = Segmentation(labels, grid, STRUCTURES, frozenset(STRUCTURES.names), sides_split=False)
    kept = to_lps(only_slices(segmentation, slice(1, 3)).labels, grid)[0]
    assert kept.any(axis=(1, 2)).tolist() == [False, True, True, False, False, False]
    assert not only_slices(segmentation, None).labels.any()


def test_an_arm_beside_the_body_is_left_out_and_legs_are_not() -> None:
    body = np.zeros((20, 60), np.bool_)
    body[2:18, 2:20] = body[4:18, 24:42] = True
    body[8:12, 50:54] = True
    kept = trunk_and_legs(body)
    assert np.array_equal(kept[:, :45], body[:, :45])
    assert not kept[:, 45:].any()
    assert not trunk_and_legs(np.zeros((4, 4), np.bool_)).any()


def test_the_midline_is_that_of_a_trunk_and_a_single_leg_has_none() -> None:
    body = np.zeros((2, 10, 50), np.bool_)
    body[0, :, 5:45] = True
    body[1, :, 20:30] = True
    near = midline(body, 10.0)
    assert np.flatnonzero(near[0]).tolist() == list(range(21, 29))
    assert not near[1].any()
