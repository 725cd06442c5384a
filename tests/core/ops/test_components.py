from __future__ import annotations

import numpy as np

from myoscope.ops.components import fill_holes, keep_largest, remove_islands


def blobs() -> np.ndarray:
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[1:5, 1:5, 1:5] = 1
    labels[6:8, 6:8, 6:8] = 1
    labels[9, 9, 9] = 1
    labels[1, 8, 8] = 2
    return labels


def test_only_the_largest_component_of_each_value_stays() -> None:
    kept = keep_largest(blobs())
    assert np.bincount(kept.ravel()).tolist() == [1000 - 65, 64, 1]


def test_components_stay_when_they_are_large_beside_the_largest() -> None:
    labels = blobs()
    kept = remove_islands(labels, smallest_share=0.1)
    assert np.bincount(kept.ravel()).tolist() == [1000 - 73, 72, 1]
    assert np.array_equal(labels, blobs())


def test_voxels_that_meet_at_an_edge_are_apart() -> None:
    labels = np.zeros((2, 4, 4), np.uint8)
    labels[:, :2, :2] = 1
    labels[0, 2, 2] = 1
    assert np.count_nonzero(keep_largest(labels)) == 8


def test_an_empty_map_and_a_picture_work_too() -> None:
    assert not keep_largest(np.zeros((3, 3, 3), np.uint8)).any()
    assert keep_largest(np.array([[1, 1, 0, 1]], np.uint8)).tolist() == [[1, 1, 0, 0]]


def test_what_a_ring_encloses_is_filled_and_a_bay_is_not() -> None:
    rings = np.zeros((9, 15), np.bool_)
    rings[2:7, 2:7] = rings[2:7, 9:15] = True
    rings[3:6, 3:6] = rings[3:6, 10:15] = False
    filled = rings.copy()
    filled[3:6, 3:6] = True
    assert np.array_equal(fill_holes(rings), filled)


def test_faces_alone_open_a_hole() -> None:
    diamond = np.abs(np.arange(7)[:, None] - 3) + np.abs(np.arange(7)[None, :] - 3) == 2
    assert fill_holes(diamond).sum() == diamond.sum() + 5
