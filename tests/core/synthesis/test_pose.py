import numpy as np
import pytest

from myoscope import Grid
from myoscope.synthesis import Anatomy
from myoscope.synthesis.anatomy import Deformation, deformed_onto, enclosing_grid
from myoscope.synthesis.pose import MOST_DEG, Pose, draw_pose

GRID = Grid.identity((80, 40, 40), (4.0, 4.0, 10.0), (-158.0, -78.0, -195.0))
KNOTS = np.zeros((3, 7, 6, 5), dtype=np.float32)
RIGHT_FEMUR, LEFT_FEMUR, RIGHT_MUSCLE, LEFT_MUSCLE = 28, 128, 3, 103


def legs() -> Anatomy:
    """Return two upright femora, each with a muscle 32 mm in front of it, and a pelvis above them."""
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    for column, femur, muscle in ((20, RIGHT_FEMUR, RIGHT_MUSCLE), (59, LEFT_FEMUR, LEFT_MUSCLE)):
        labels[:30, 18:22, column - 1 : column + 2] = femur
        labels[:30, 10:14, column - 1 : column + 2] = muscle
    labels[32:, 15:25, 15:25] = 29
    return Anatomy(labels, GRID, "legs")


def shown(pose: Pose) -> np.ndarray:
    return deformed_onto(legs(), GRID, Deformation(np.eye(3), KNOTS, mirrored=False, pose=pose), GRID)


def center(labels: np.ndarray, value: int, plane: int) -> np.ndarray:
    """Return x and y in mm."""
    row, column = (index.mean() for index in np.nonzero(labels[plane] == value))
    return np.array(GRID.position((column, row, float(plane)))[:2])


def test_legs_that_lie_as_they_did_give_the_same_labels() -> None:
    assert np.array_equal(shown(Pose((0.0, 0.0), (0.0, 0.0))), legs().labels)


def test_a_turned_leg_turns_its_muscle_about_its_femur_and_leaves_the_other_leg_and_the_pelvis_alone() -> None:
    labels = shown(Pose((float(np.deg2rad(20.0)), 0.0), (0.0, 0.0)))
    arm = center(labels, RIGHT_MUSCLE, 3) - center(labels, RIGHT_FEMUR, 3)
    before = center(legs().labels, RIGHT_MUSCLE, 3) - center(legs().labels, RIGHT_FEMUR, 3)
    angle = np.arctan2(before[0] * arm[1] - before[1] * arm[0], before @ arm)
    assert abs(np.rad2deg(angle)) == pytest.approx(20.0, abs=4.0)
    assert np.linalg.norm(arm) == pytest.approx(np.linalg.norm(before), abs=4.0)
    for value in (LEFT_FEMUR, LEFT_MUSCLE, 29):
        assert np.array_equal(labels == value, legs().labels == value)


def test_legs_move_apart_by_what_was_asked_each_to_its_own_side() -> None:
    labels = shown(Pose((0.0, 0.0), (16.0, 8.0)))
    for value, moved in ((RIGHT_FEMUR, -16.0), (RIGHT_MUSCLE, -16.0), (LEFT_FEMUR, 8.0), (LEFT_MUSCLE, 8.0)):
        assert center(labels, value, 3)[0] - center(legs().labels, value, 3)[0] == pytest.approx(moved, abs=0.1)


@pytest.mark.parametrize("girth", [0.75, 1.4])
def test_girth_moves_muscles_and_makes_them_thicker_and_leaves_bones_and_the_inner_border(girth: float) -> None:
    labels, before = shown(Pose((0.0, 0.0), (0.0, 0.0), (girth, 1.0))), legs().labels
    plane = 16  # girth is full here, in the middle of the femur
    half = 78.0 - 20.0  # mm from the line between the legs to the core of bone
    assert center(labels, RIGHT_FEMUR, plane)[0] - center(before, RIGHT_FEMUR, plane)[0] == pytest.approx(
        -half * (girth - 1), abs=2.0
    )
    arm, arm_before = (
        np.linalg.norm(center(shape, RIGHT_MUSCLE, plane) - center(shape, RIGHT_FEMUR, plane))
        for shape in (labels, before)
    )
    assert arm - 20.0 == pytest.approx(girth * (arm_before - 20.0), abs=2.0)
    assert (labels[plane] == RIGHT_FEMUR).sum() == (before[plane] == RIGHT_FEMUR).sum()
    assert ((labels[plane] == RIGHT_MUSCLE).sum() > (before[plane] == RIGHT_MUSCLE).sum()) == (girth > 1)
    for value in (LEFT_FEMUR, LEFT_MUSCLE, 29):
        assert np.array_equal(labels == value, before == value)
    for end in (0, 31):  # the knee and what lies above the femur
        assert np.array_equal(labels[end], before[end])


def test_a_bent_hip_brings_the_leg_forward_the_more_the_lower_and_leaves_the_other_leg_and_the_pelvis_alone() -> None:
    labels = shown(Pose((0.0, 0.0), (0.0, 0.0), flexions=(float(np.deg2rad(15.0)), 0.0)))
    before = legs().labels
    tops = [29, 20, 12, 2]  # planes 10 mm apart; the bend reaches down over 0.4 of 290 mm
    moved = [center(before, RIGHT_FEMUR, k)[1] - center(labels, RIGHT_FEMUR, k)[1] for k in tops]
    assert moved[0] == pytest.approx(0.0, abs=0.5)
    assert moved[2] - moved[1] > 8.0
    assert moved[3] - moved[2] == pytest.approx(np.tan(np.deg2rad(15.0)) * 100.0, abs=4.0)
    assert (labels == RIGHT_FEMUR).sum() == (before == RIGHT_FEMUR).sum()
    for value in (LEFT_FEMUR, LEFT_MUSCLE, 29):
        assert np.array_equal(labels == value, before == value)


@pytest.mark.parametrize("degrees", [25.0, -25.0])
def test_the_grid_grows_on_the_side_to_which_a_leg_is_bent(degrees: float) -> None:
    bent, upright = (Pose((0.0, 0.0), (0.0, 0.0), flexions=(float(np.deg2rad(a)), 0.0)) for a in (degrees, 0.0))
    grown, usual = (
        enclosing_grid(legs(), Deformation(np.eye(3), KNOTS, mirrored=False, pose=pose), (4.0, 4.0, 10.0))
        for pose in (bent, upright)
    )
    deformation = Deformation(np.eye(3), KNOTS, mirrored=False, pose=bent)
    labels = deformed_onto(legs(), grown, deformation, grown)
    for value in (RIGHT_FEMUR, LEFT_FEMUR, RIGHT_MUSCLE, LEFT_MUSCLE):
        assert (labels == value).sum() == pytest.approx((legs().labels == value).sum(), rel=0.05)
    ends = [(grid.origin[1], grid.origin[1] + grid.size[1] * grid.spacing_mm[1]) for grid in (grown, usual)]
    front, back = ends[1][0] - ends[0][0], ends[0][1] - ends[1][1]
    wider, as_before = (front, back) if degrees > 0 else (back, front)
    assert wider == pytest.approx(np.tan(np.deg2rad(25.0)) * 232.0, abs=8.0)  # 290 mm, half of its 0.4 less
    assert as_before == pytest.approx(0.0, abs=4.0)


def test_no_leg_shows_a_part_of_the_other_one() -> None:
    labels = shown(Pose((float(np.deg2rad(MOST_DEG)), float(np.deg2rad(-MOST_DEG))), (0.0, 0.0)))
    left_half = labels[:, :, 40:]
    assert not np.isin(left_half, (RIGHT_FEMUR, RIGHT_MUSCLE)).any()
    assert not np.isin(labels[:, :, :40], (LEFT_FEMUR, LEFT_MUSCLE)).any()


def test_an_anatomy_of_one_leg_stays_as_it_is() -> None:
    anatomy = legs()
    one = Anatomy(np.where(anatomy.labels > 100, 0, anatomy.labels).astype(np.uint8), GRID, "one leg")
    pose = Pose((0.3, -0.3), (10.0, 10.0))
    labels = deformed_onto(one, GRID, Deformation(np.eye(3), KNOTS, mirrored=False, pose=pose), GRID)
    assert np.array_equal(labels, one.labels)


def test_drawn_poses_differ_and_keep_their_limits() -> None:
    poses = [draw_pose(np.random.default_rng(seed)) for seed in range(50)]
    assert len({pose.turns for pose in poses}) == len(poses)
    assert all(abs(turn) <= np.deg2rad(MOST_DEG) + 1e-9 for pose in poses for turn in pose.turns)
    assert all(outward >= 0 for pose in poses for outward in pose.outward_mm)
    flexions = np.rad2deg([pose.flexions for pose in poses])
    assert flexions.min() < -2.0
    assert 12.0 < flexions.max() < 26.0
    assert np.abs(flexions[:, 0] - flexions[:, 1]).max() < 15.0
    girths = np.array([pose.girths for pose in poses])
    assert girths.min() > 0.5
    assert girths.max() < 1.8
    assert 0.2 < (np.abs(girths - 1) > 0.15).all(axis=1).mean() < 0.6  # many, not all, are thick or thin
    assert np.abs(girths[:, 0] / girths[:, 1] - 1).max() < 0.25
