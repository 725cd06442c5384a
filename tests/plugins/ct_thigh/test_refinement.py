from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from myoscope import Grid, Scan, Segmentation, Subject
from myoscope.ops.orient import from_lps
from myoscope_ct_thigh.checks import check
from myoscope_ct_thigh.measures import measure
from myoscope_ct_thigh.refinement import refine
from myoscope_ct_thigh.structures import STRUCTURES

SHARED = Path(__file__).parents[4] / "shared" / "data" / "anatomy"
SIZE, SPACING = (160, 60, 24), (2.0, 2.0, 5.0)
UPRIGHT = Grid.identity(SIZE, SPACING, (-160.0, -60.0, 0.0))
ALL = frozenset(STRUCTURES.names)
#: Structure, mm lateral of the middle, mm behind the femur, radius in mm.
LEG = (
    ("femur", 80, 0, 14),
    ("vastus_lateralis", 112, -6, 16),
    ("gracilis", 40, 14, 14),
    ("adductor_magnus", 62, 30, 16),
)


def legs() -> np.ndarray:
    """Two legs of cylinders in LPS order, the left with 100 more."""
    labels = np.zeros(SIZE[::-1], np.uint8)
    x, y = (np.arange(SIZE[0]) - 79.5) * SPACING[0], (np.arange(SIZE[1]) - 29.5) * SPACING[1]
    for sign, offset in ((-1, 0), (1, 100)):
        for name, lateral, behind, radius in LEG:
            inside = (x[None] - sign * lateral) ** 2 + (y[:, None] - behind) ** 2 <= radius**2
            labels[2:22, inside] = STRUCTURES[name].id + offset
    return labels


def case(
    labels: np.ndarray, grid: Grid = UPRIGHT, *, sides_split: bool = False, by_model: bool = False
) -> tuple[Scan, Segmentation]:
    """Bone at 900 HU, muscle at 50, fat at -100 everywhere else."""
    hu = np.select([labels % 100 == 28, labels > 0], [900, 50], -100).astype(np.int16)
    scan = Scan("ct_thigh", {"ct": hu}, grid, "legs")
    return scan, Segmentation(labels, grid, STRUCTURES, ALL, sides_split, by_model)


def unsplit(labels: np.ndarray) -> np.ndarray:
    return (labels % 100).astype(np.uint8)


def test_two_legs_are_split_and_a_models_islands_go() -> None:
    noisy = unsplit(legs())
    noisy[3:5, 2:4, 150:153] = 9
    refined = refine(*case(noisy, by_model=True))
    assert refined.sides_split
    assert np.array_equal(refined.labels, legs())
    assert noisy[3, 2, 150] == 9


def test_the_islands_of_given_labels_stay() -> None:
    noisy = unsplit(legs())
    noisy[3:5, 2:4, 150:153] = 9
    refined = refine(*case(noisy))
    assert np.array_equal(refined.labels % 100, noisy)


@pytest.mark.parametrize(
    "grid",
    [
        Grid(SIZE, SPACING, (0, 0, 0), (-1, 0, 0, 0, -1, 0, 0, 0, 1)),
        Grid((24, 160, 60), (5.0, 2.0, 2.0), (0, 0, 0), (0, -1, 0, 0, 0, -1, -1, 0, 0)),
        Grid(SIZE, SPACING, (0, 0, 0), (1, 0, 0, 0, 0.8, -0.6, 0, 0.6, 0.8)),
    ],
    ids=["flipped", "permuted", "oblique"],
)
def test_sides_follow_the_patient_and_not_the_array(grid: Grid) -> None:
    truth = np.ascontiguousarray(from_lps(legs(), grid))
    assert np.array_equal(refine(*case(unsplit(truth), grid)).labels, truth)


@pytest.mark.parametrize("offset", [0, 100])
def test_a_single_leg_gets_its_side_from_its_medial_muscles(offset: int) -> None:
    truth = legs()
    single = np.where((truth > 100) == bool(offset), truth, 0).astype(np.uint8)
    refined = refine(*case(unsplit(single)))
    assert refined.sides_split
    assert np.array_equal(refined.labels, single)


def test_a_single_leg_that_does_not_tell_its_side_stays_unsplit_with_a_finding() -> None:
    truth = legs()
    muscle = (truth == STRUCTURES["vastus_lateralis"].id) | (truth == STRUCTURES["adductor_magnus"].id)
    single = np.where(truth == 28, 28, np.where(muscle, STRUCTURES["rectus_femoris"].id, 0)).astype(np.uint8)
    single[:, 2:20, 30:60] = STRUCTURES["rectus_femoris"].id
    refined = refine(*case(single))
    assert not refined.sides_split
    assert [finding.code for finding in refined.findings] == ["side_unknown"]


def test_what_a_model_labels_around_a_spine_is_cleared() -> None:
    trunk = np.zeros(SIZE[::-1], np.uint8)
    trunk[:, 10:40, 10:150] = 3
    trunk[:, 20:40, 70:90] = 28
    scan, segmentation = case(trunk, by_model=True)
    assert not refine(scan, segmentation).labels.any()
    assert refine(scan, replace(segmentation, by_model=False)).labels.any()


def test_a_model_finds_the_muscles_of_the_hip_alone_far_above_the_femur() -> None:
    labels = unsplit(legs())
    labels[labels == STRUCTURES["adductor_magnus"].id] = STRUCTURES["gluteus_maximus"].id
    labels[9:][labels[9:] == STRUCTURES["femur"].id] = 0
    expected = labels.copy()
    # 30 mm above the last slice with a femur, the eighth, are six slices of 5 mm.
    expected[15:][expected[15:] != STRUCTURES["gluteus_maximus"].id] = 0
    scan, segmentation = case(labels, by_model=True)
    assert np.array_equal(refine(scan, segmentation).labels % 100, expected)
    assert np.array_equal(refine(scan, replace(segmentation, by_model=False)).labels % 100, labels)


def test_a_vertebra_above_the_hip_is_no_muscle_of_a_model() -> None:
    labels = unsplit(legs())
    labels[9:] = 0
    expected = labels.copy()
    psoas = STRUCTURES["psoas"].id
    labels[16:22, 20:30, 60:70] = expected[16:22, 20:30, 60:70] = psoas
    labels[16:22, 20:34, 74:86] = psoas
    scan, segmentation = case(labels, by_model=True)
    hu = scan.image.copy()
    hu[16:22, 20:34, 74:86] = 160
    bony = Scan("ct_thigh", {"ct": hu}, UPRIGHT, "bony")
    assert np.array_equal(refine(bony, segmentation).labels % 100, expected)


def test_a_models_femur_that_is_no_bone_is_not_believed() -> None:
    scan, segmentation = case(unsplit(legs()), by_model=True)
    soft = Scan("ct_thigh", {"ct": np.minimum(scan.image, 60)}, UPRIGHT, "soft")
    assert not refine(soft, segmentation).labels.any()


def test_an_arm_beside_the_trunk_is_no_thigh() -> None:
    trunk = np.zeros(SIZE[::-1], np.uint8)
    trunk[:, 10:40, 45:115] = 3
    trunk[:, 20:40, 75:85] = 28
    trunk[:, 20:30, 145:155] = 28
    scan, segmentation = case(trunk, by_model=True)
    hu = scan.image.copy()
    hu[:, :, 125:140] = -1000
    arm = Scan("ct_thigh", {"ct": hu}, UPRIGHT, "arm")
    assert not refine(arm, segmentation).labels.any()


def test_split_labels_are_not_touched() -> None:
    scan, segmentation = case(legs()[:, :, ::-1].copy(), sides_split=True)
    assert refine(scan, segmentation) is segmentation


@pytest.mark.shared
@pytest.mark.parametrize("name", ["vhm", "vhf"])
def test_real_anatomy_is_split_and_lies_within_its_limits(name: str) -> None:
    sitk = pytest.importorskip("SimpleITK")
    path = SHARED / f"{name}_thigh_labels.nii.gz"
    if not path.exists():
        pytest.skip("needs the shared anatomy")
    image = sitk.ReadImage(path)
    truth = sitk.GetArrayFromImage(image)
    grid = Grid(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    scan, segmentation = case(unsplit(truth), grid)
    refined = refine(scan, segmentation)
    assert np.mean(refined.labels[truth > 0] % 100 != truth[truth > 0] % 100) < 0.001
    kept = refined.labels > 0
    assert np.mean(refined.labels[kept] != truth[kept]) < 0.001
    codes = {finding.code for finding in check(scan, refined, measure(scan, refined, Subject()))}
    assert codes.isdisjoint({"volume_outside_anatomy", "sides_differ", "side_disagrees_with_geometry"})
    for half in (0, 100):
        side = np.where((truth > 100) == bool(half), truth, 0).astype(np.uint8)
        alone = refine(scan, replace(segmentation, labels=unsplit(side)))
        assert np.mean(alone.labels[alone.labels > 0] != side[alone.labels > 0]) < 0.001
