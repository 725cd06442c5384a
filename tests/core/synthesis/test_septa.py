import numpy as np
import pytest

from myoscope import Grid
from myoscope.synthesis.septa import BICEPS, PART_OFFSET, parts, septa

GRID = Grid.identity((60, 50, 6), (2.0, 2.0, 6.0), (0.0, 0.0, 0.0))
FEMUR = 28
SEEDS = range(40)


def thigh() -> np.ndarray:
    """Return a right thigh of a femur, a biceps femoris beside it and another muscle."""
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[:, 20:30, 5:15] = FEMUR
    labels[:, 15:35, 20:40] = BICEPS
    labels[:, 40:48, 5:50] = 3
    return labels


def drawn() -> list[np.ndarray]:
    return [parts(thigh(), GRID, np.random.default_rng(seed)) for seed in SEEDS]


def test_septa_lie_on_both_sides_of_a_border_in_the_plane_and_nowhere_else() -> None:
    labels = np.zeros((2, 5, 6), dtype=np.uint8)
    labels[0, :, :3], labels[0, :, 3:], labels[1] = 1, 2, 2
    share = septa(labels, Grid.identity((6, 5, 2), (2.0, 4.0, 1.0), (0.0, 0.0, 0.0)), 1.0)
    np.testing.assert_allclose(share[0, 2], [0.0, 0.0, 0.25, 0.25, 0.0, 0.0])
    assert not share[1].any()


def test_a_septum_takes_the_share_of_the_voxel_that_its_half_fills() -> None:
    labels = np.zeros((1, 4, 4), dtype=np.uint8)
    labels[0, 2:] = 7
    grid = Grid.identity((4, 4, 1), (2.0, 4.0, 1.0), (0.0, 0.0, 0.0))
    np.testing.assert_allclose(septa(labels, grid, 2.0)[0, :, 0], [0.0, 0.25, 0.25, 0.0])
    assert septa(labels, grid, 50.0).max() == pytest.approx(0.7)


def test_parts_are_of_the_same_structures_and_bone_is_whole() -> None:
    for found in drawn():
        assert np.array_equal(found % PART_OFFSET, thigh())
        assert found[thigh() == FEMUR].max() == FEMUR


def test_the_biceps_is_in_two_parts_more_often_than_another_muscle() -> None:
    counts = {value: sum((found == value + PART_OFFSET).any() for found in drawn()) for value in (BICEPS, 3)}
    assert 20 < counts[BICEPS] < 37
    assert 2 < counts[3] < 18


def test_both_parts_of_a_muscle_are_a_fair_share_of_it_and_a_sheet_lies_between() -> None:
    whole = np.count_nonzero(thigh() == BICEPS)
    for found in drawn():
        second = np.count_nonzero(found == BICEPS + PART_OFFSET)
        if second:
            assert 0.1 < second / whole < 0.9
            inner = np.s_[:, 17:33, 22:38]
            assert septa(found, GRID, 1.0)[inner].any()
            assert not septa(thigh(), GRID, 1.0)[inner].any()


def test_one_head_of_the_biceps_is_nearer_to_the_femur() -> None:
    x = np.broadcast_to(np.arange(60), GRID.shape)
    nearer = [
        x[found == BICEPS + PART_OFFSET].mean() < x[found == BICEPS].mean()
        for found in drawn()
        if (found == BICEPS + PART_OFFSET).any()
    ]
    assert np.mean(nearer) > 0.9
