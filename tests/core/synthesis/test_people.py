from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from myoscope import THIGH_STRUCTURES, Grid, InputError, StructureSet
from myoscope.io import write_volume
from myoscope.metrics import dice, overlap_counts, precision
from myoscope.synthesis import Anatomy
from myoscope.synthesis.people import Person, Reshaped, person_from_file, reshaped, warping
from myoscope.synthesis.people.bones import slimmed
from myoscope.synthesis.people.flow import Flow, splines
from myoscope.synthesis.people.matching import Affine, matched, shared_ids
from myoscope.synthesis.people.warping import Level, Warp

STRUCTURES = StructureSet(THIGH_STRUCTURES)
WHOLE = Grid.identity((70, 32, 60), (4.0, 4.0, 5.0), (-138.0, -62.0, -147.5))
MUSCLES = (1, 2, 3, 5, 8)
FEMUR = 28
#: How the phantom person differs: in size, in place, and by a bend of the legs, in mm.
SCALE, SHIFT, BEND = np.array([1.1, 1.1, 0.9]), np.array([12.0, -7.0, 400.0]), 9.0


def leg_labels(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the labels of two phantom legs: a femur and five muscles that begin, end and bulge around it."""
    along = np.clip(z / 300 + 0.5, 0, 1)
    bulge = np.sin(np.pi * along)
    radius = {
        1: 9 + 0 * z,
        2: 18 * along,
        3: 20 * (1 - along),
        5: 17 * bulge,
        8: 8 + 10 * (along > 0.6),
        FEMUR: 10 + 0 * z,
    }
    place = {1: (0, 30), 2: (0, -34), 3: (32, -10), 5: (-30, -10), 8: (24, 22), FEMUR: (0, 0)}
    labels = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), dtype=np.uint8)
    for side, sign in ((0, 1), (100, -1)):  # the right leg lies at negative x
        for value, (lateral, back) in place.items():
            inside = np.hypot(x + sign * (62 + lateral), y - back) < radius[value]
            labels[inside & (np.abs(z) < 140)] = value + side
    return labels


def phantom() -> Anatomy:
    z, y, x = (
        o + s * np.arange(n) for n, s, o in zip(WHOLE.shape, WHOLE.spacing_mm[::-1], WHOLE.origin[::-1], strict=True)
    )
    return Anatomy(leg_labels(x[None, None], y[None, :, None], z[:, None, None]), WHOLE, "phantom")


def on_person(grid: Grid, bend: float) -> np.ndarray:
    """Return the phantom's labels as the person's body has them."""
    z, y, x = (
        o + s * np.arange(n) for n, s, o in zip(grid.shape, grid.spacing_mm[::-1], grid.origin[::-1], strict=True)
    )
    x, y, z = (
        (v - s) / w for v, s, w in zip((x[None, None], y[None, :, None], z[:, None, None]), SHIFT, SCALE, strict=True)
    )
    return leg_labels(x + 0 * y, y + bend * np.sin(z / 60) * np.sign(x), z)


def person(bend: float, *, low: float = -110.0, spacing_z: float = 15.0) -> Person:
    """Return five muscles of a person on slices far apart, from `low` in the phantom's heights on."""
    size = (106, 50, int((115 - low) * SCALE[2] / spacing_z))
    grid = Grid.identity(size, (3.0, 3.0, spacing_z), (SHIFT[0] - 157.5, SHIFT[1] - 73.5, SHIFT[2] + low * SCALE[2]))
    labels = on_person(grid, bend)
    return Person(np.where(np.isin(labels % 100, MUSCLES), labels, 0).astype(np.uint8), grid, "someone")


@pytest.fixture(scope="module")
def bent() -> Reshaped:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warping, "LEVELS", tuple(replace(level, steps=12) for level in warping.LEVELS))
        return reshaped(phantom(), person(BEND))


def test_the_anatomy_is_found_on_a_person_of_another_size_at_another_place() -> None:
    start = matched(phantom(), person(0.0), MUSCLES)
    assert np.allclose(start.matrix, np.diag([1 / np.sqrt(1.1 * 0.9), 1 / np.sqrt(1.1 * 0.9), 1 / 0.9]), atol=0.04)
    assert np.allclose(start.matrix @ SHIFT + start.offset, 0.0, atol=5.0)


def test_a_part_of_the_thigh_is_found_at_its_level() -> None:
    start = matched(phantom(), person(0.0, low=0.0, spacing_z=8.0), MUSCLES)
    assert (start.matrix @ SHIFT + start.offset)[2] == pytest.approx(0.0, abs=10.0)


def test_the_deformed_muscles_are_the_persons(bent: Reshaped) -> None:
    assert np.mean(list(bent.dice_before.values())) < 0.75
    assert min(bent.dice.values()) > 0.8
    assert np.mean(list(bent.dice.values())) > 0.9


def test_what_the_person_does_not_show_follows_the_muscles_around_it(bent: Reshaped) -> None:
    truth = on_person(bent.anatomy.grid, BEND)
    shown = slice(40, -40)  # slices of 2 mm within the person's
    counts = overlap_counts(bent.anatomy.labels[shown], truth[shown])
    # The person is wider than long, and bones take the size between: they lie within the truth.
    assert min(precision(counts[value]) for value in (FEMUR, FEMUR + 100)) > 0.95
    assert min(dice(counts[value]) for value in (FEMUR, FEMUR + 100)) > 0.75


def test_the_whole_anatomy_is_there_and_nothing_folds(bent: Reshaped) -> None:
    assert set(np.unique(bent.anatomy.labels)) == set(np.unique(phantom().labels))
    assert bent.anatomy.grid.spacing_mm == (1.5, 1.5, 2.0)
    height = bent.anatomy.labels.any(axis=(1, 2)).sum() * 2.0
    assert height == pytest.approx(280 * 0.9, rel=0.1)
    assert bent.smallest_jacobian > 0.1


def test_the_same_pair_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warping, "LEVELS", (Level((64.0, 64.0, 96.0), (20.0, 20.0, 28.0), 6.0, 3),))
    one, two = (reshaped(phantom(), person(BEND)) for _ in range(2))
    assert one.anatomy.labels.tobytes() == two.anatomy.labels.tobytes()


def test_an_even_velocity_carries_every_place_as_far() -> None:
    flow = Flow(Grid.identity((9, 8, 7), (5.0, 6.0, 7.0), (10.0, 20.0, 30.0)))
    velocity = torch.tensor([3.0, -4.0, 5.0])[:, None, None, None].expand(3, 7, 8, 9)
    moved = flow.displaced(torch.tensor([[20.0, 40.0, 50.0]]), flow.displacement(velocity))
    assert np.allclose(moved, [[23.0, 36.0, 55.0]], atol=1e-4)


def test_the_flow_back_undoes_the_flow() -> None:
    grid = Grid.identity((30, 30, 30), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0))
    flow = Flow(grid)
    nodes = flow.nodes.permute(3, 0, 1, 2) * 4.0
    velocity = 6.0 * torch.sin(nodes.flip(0) / 20.0)
    places = torch.tensor([[50.0, 60.0, 70.0], [44.0, 52.0, 61.0]])
    there = flow.displaced(places, flow.displacement(velocity))
    assert (there - places).abs().max() > 3
    assert np.allclose(flow.displaced(there, flow.displacement(-velocity)), places, atol=0.3)


def test_splines_of_one_weight_are_flat() -> None:
    assert np.allclose(splines(20, 5.0, 12.0, 12).sum(dim=1), 1.0)


@pytest.mark.parametrize(("slope", "expected"), [(0.0, 1.0), (0.5, 1.5), (-1.5, -0.5)])
def test_the_jacobian_tells_stretching_from_folding(slope: float, expected: float) -> None:
    grid = Grid.identity((6, 5, 4), (2.0, 3.0, 4.0), (0.0, 0.0, 0.0))
    displacement = np.zeros((3, 4, 5, 6), dtype=np.float32)
    displacement[1] = slope * 3.0 * np.arange(5)[:, None]
    warp = Warp(Affine(np.eye(3), np.zeros(3)), displacement, grid)
    assert np.allclose(warp.jacobian, expected)


def test_a_bone_that_has_swollen_gets_its_size_back_from_its_border_inward() -> None:
    grid = Grid.identity((41, 41, 3), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    y, x = np.mgrid[:41, :41]
    disk = np.hypot(x - 20, y - 20) < 16
    labels = np.broadcast_to(np.where(disk, FEMUR + 100, 3), grid.shape).astype(np.uint8)
    displacement = np.zeros((3, *grid.shape), dtype=np.float32)
    displacement[0] = -0.75 * x  # a quarter of the volume remains
    found = slimmed(Anatomy(labels, grid, "swollen"), Warp(Affine(np.eye(3), np.zeros(3)), displacement, grid))
    bone = found == FEMUR + 100
    assert np.all(bone.sum(axis=(1, 2)) == round(disk.sum() / 4))
    assert np.hypot(x - 20, y - 20)[bone[1]].max() < 9
    assert np.array_equal(found == 3, labels == 3)
    assert np.all(found[labels == FEMUR + 100][~bone[labels == FEMUR + 100]] == 0)


def test_a_bone_that_has_shrunk_stays_as_it_is() -> None:
    grid = Grid.identity((9, 9, 3), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    labels = np.full(grid.shape, FEMUR, dtype=np.uint8)
    displacement = np.zeros((3, *grid.shape), dtype=np.float32)
    displacement[0] = 0.5 * np.arange(9)
    found = slimmed(Anatomy(labels, grid, "shrunk"), Warp(Affine(np.eye(3), np.zeros(3)), displacement, grid))
    assert np.array_equal(found, labels)


def test_two_label_maps_with_little_in_common_are_refused() -> None:
    labels = np.where(np.isin(person(0.0).labels % 100, (1, 2, 3)), person(0.0).labels, 0).astype(np.uint8)
    with pytest.raises(InputError, match="3 structures in common"):
        shared_ids(phantom(), replace(person(0.0), labels=labels))


def written(folder: Path, labels: np.ndarray) -> Path:
    return write_volume((labels % 100).astype(np.uint8), person(0.0).grid, folder / "thigh_007.nii.gz")


def test_sides_are_split_and_slices_cut_short_are_left_out(tmp_path: Path) -> None:
    whole = person(0.0)
    labels = whole.labels.copy()
    labels[-2:, :, :66] = 0  # only some of one leg near the hip
    labels[0] = 0
    found = person_from_file(written(tmp_path, labels), STRUCTURES)
    assert found.name == "thigh_007"
    assert np.array_equal(found.labels, whole.labels[1:-2])
    assert found.grid.origin == pytest.approx(whole.grid.position((0.0, 0.0, 1.0)))


def test_a_single_leg_is_refused(tmp_path: Path) -> None:
    labels = np.where(person(0.0).labels > 100, 0, person(0.0).labels)
    with pytest.raises(InputError, match="does not show two legs"):
        person_from_file(written(tmp_path, labels), STRUCTURES)


def test_too_few_slices_are_refused(tmp_path: Path) -> None:
    labels = person(0.0).labels.copy()
    labels[4:] = 0
    with pytest.raises(InputError, match="4 well labelled slices"):
        person_from_file(written(tmp_path, labels), STRUCTURES)
