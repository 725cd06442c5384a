import numpy as np
import pytest

from myoscope import THIGH_STRUCTURES
from myoscope.synthesis import Anatomy, thigh_anatomy

IDS = {s.name: s.id for s in THIGH_STRUCTURES}
#: One side, mL: from slender to very muscular; adults' mean quadriceps is 1 to 2 L a side.
PLAUSIBLE_ML = {
    "rectus_femoris": (60, 500),
    "vastus_lateralis": (200, 1400),
    "vastus_intermedius": (120, 1000),
    "vastus_medialis": (120, 900),
    "adductor_magnus": (200, 1400),
    "gluteus_maximus": (300, 1900),
    "biceps_femoris": (90, 600),
    "femur": (250, 900),
}


@pytest.fixture(scope="module")
def anatomies() -> list[Anatomy]:
    return [thigh_anatomy(np.random.default_rng(seed)) for seed in range(4)]


def test_the_same_seed_gives_the_same_leg_and_another_seed_another(anatomies: list[Anatomy]) -> None:
    again = thigh_anatomy(np.random.default_rng(0))
    assert again.labels.tobytes() == anatomies[0].labels.tobytes()
    assert again.grid == anatomies[0].grid
    assert len({a.labels.tobytes() for a in anatomies}) == len(anatomies)


def test_both_sides_hold_the_same_structures_and_no_value_beyond_theirs(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        values = set(np.unique(anatomy.labels).tolist()) - {0}
        right = {v for v in values if v < 100}
        assert {v - 100 for v in values if v > 100} == right
        assert right <= set(IDS.values())
        assert {IDS[name] for name in PLAUSIBLE_ML} <= right


def test_the_left_leg_lies_to_the_left_of_the_right_one(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        x = np.flatnonzero((anatomy.labels == IDS["femur"]).any(axis=(0, 1)))
        left = np.flatnonzero((anatomy.labels == IDS["femur"] + 100).any(axis=(0, 1)))
        assert x.max() < left.min()


@pytest.mark.parametrize("name", sorted(PLAUSIBLE_ML))
def test_big_structures_have_volumes_that_people_have(anatomies: list[Anatomy], name: str) -> None:
    low, high = PLAUSIBLE_ML[name]
    for anatomy in anatomies:
        for offset in (0, 100):
            volume = (anatomy.labels == IDS[name] + offset).sum() * anatomy.grid.voxel_volume_ml
            assert low < volume < high


def test_quadriceps_lie_before_the_femur_and_hamstrings_behind(anatomies: list[Anatomy]) -> None:
    def middle_row(name: str) -> float:
        labels = anatomies[0].labels
        return float(np.argwhere(labels[len(labels) // 3] == IDS[name])[:, 0].mean())

    assert middle_row("rectus_femoris") < middle_row("femur") < middle_row("biceps_femoris")
