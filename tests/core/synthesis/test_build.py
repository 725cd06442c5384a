import numpy as np
import pytest

from myoscope import Grid
from myoscope.synthesis.build import built, draw_loss, packed, swollen, wasted

GRID = Grid.identity((60, 40, 4), (2.0, 2.0, 6.0), (0.0, 0.0, 0.0))


def two_muscles(gap: int) -> np.ndarray:
    """Return two right muscles side by side, so many voxels apart, and one of the left leg further away."""
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[:, 10:30, 5:15] = 3
    labels[:, 10:30, 15 + gap : 25 + gap] = 4
    labels[:, 10:30, 45:55] = 103
    return labels


def pack(labels: np.ndarray, reach_mm: float) -> np.ndarray:
    # So few knots that the field of kept gaps stays below its threshold for this seed.
    return packed(labels, GRID, reach_mm, np.random.default_rng(4))


def test_a_narrow_gap_between_two_muscles_is_shared_by_them() -> None:
    labels = two_muscles(2)
    filled = pack(labels, 4.0)
    assert (filled[:, 12:28, 15] == 3).all()
    assert (filled[:, 12:28, 16] == 4).all()
    assert np.array_equal(filled[labels > 0], labels[labels > 0])


def test_a_wide_gap_and_the_outer_border_stay() -> None:
    labels = two_muscles(8)
    assert np.array_equal(pack(labels, 4.0), labels)


def test_legs_do_not_grow_together() -> None:
    labels = two_muscles(2)
    labels[:, 10:30, 28:38] = 103
    filled = pack(labels, 4.0)
    assert (filled[:, :, 27] == 0).all()


def test_bone_does_not_grow() -> None:
    labels = two_muscles(2)
    labels[labels == 4] = 28
    filled = pack(labels, 4.0)
    assert np.count_nonzero(filled == 28) == np.count_nonzero(labels == 28)
    assert (filled[:, 12:28, 15:17] == 3).all()


def test_swollen_muscles_gain_their_depth_on_either_side_leave_bone_and_what_is_nearer_to_others() -> None:
    gain = np.zeros(256)
    gain[[3, 4]] = 2.1, 6.1  # one and three voxels
    labels = two_muscles(3)
    labels[:, 10:30, 30:32] = 28
    thicker = swollen(labels, GRID, gain)
    assert np.array_equal(thicker[1, 20, :32], [0] * 4 + [3] * 12 + [0] + [4] * 13 + [28] * 2)
    assert np.count_nonzero(thicker[1, :, 10] == 3) == 22
    assert np.array_equal(thicker == 103, labels == 103)
    assert np.array_equal(thicker[labels > 0], labels[labels > 0])


@pytest.mark.parametrize(("loss_mm", "left"), [(0.0, 10), (2.1, 6), (6.1, 2)])
def test_a_wasted_muscle_loses_its_depth_on_either_side_and_others_nothing(loss_mm: float, left: int) -> None:
    loss = np.zeros(256, dtype=np.float32)
    loss[3] = loss_mm
    labels = two_muscles(2)
    thinner = wasted(labels, GRID, loss)
    assert np.count_nonzero(thinner[1, 20] == 3) == left
    for value in (4, 103):
        assert np.array_equal(thinner == value, labels == value)


def test_losses_are_of_muscles_alone_and_differ_between_people() -> None:
    drawn = [draw_loss(np.random.default_rng(seed)) for seed in range(20)]
    assert all(not loss[[0, 28, 29, 128, 129]].any() for loss in drawn)
    assert len({loss.tobytes() for loss in drawn}) > 15


def test_bodies_are_packed_swollen_wasted_or_left_and_labels_only_grow_or_only_shrink() -> None:
    labels, seen = two_muscles(2), set()
    for seed in range(40):
        made = built(labels, GRID, np.random.default_rng(seed))
        assert np.isin(made[labels > 0], (0, 3, 4, 103)).all()
        seen.add(int(np.sign(np.count_nonzero(made) - np.count_nonzero(labels))))
    assert seen == {-1, 0, 1}
