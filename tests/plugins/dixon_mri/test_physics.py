from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import Grid, UnreadableError
from myoscope.io import read_volume
from myoscope_dixon_mri.physics import contrasts_by_signal, phases_are_exchanged

SHARED = Path(__file__).parents[4] / "shared" / "data" / "mri"
Channels = dict[str, NDArray[np.float32]]
Thighs = tuple[Channels, Grid]
PAIRS = [("water", "fat"), ("in_phase", "opposed_phase")]


def orders(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(itertools.permutations(names))


@pytest.fixture(scope="module")
def calves() -> Thighs:
    if not SHARED.is_dir():
        pytest.skip("needs the shared MRI")
    water, fat = (read_volume(SHARED / f"calf_dixon_{name}.nii.gz") for name in ("water", "fat"))
    w, f = (volume.array[8:12, 60:260, 20:300].astype(np.float32) for volume in (water, fat))
    grid = Grid.identity((280, 200, 4), water.grid.spacing_mm, (0.0, 0.0, 0.0))
    return {"water": w, "fat": f, "in_phase": w + f, "opposed_phase": np.abs(w - f)}, grid


@pytest.mark.parametrize("order", orders(("water", "fat", "in_phase", "opposed_phase"))[::5])
def test_four_images_are_told_apart_in_any_order(thighs: Thighs, order: tuple[str, ...]) -> None:
    channels, grid = thighs
    guess = contrasts_by_signal([channels[name] for name in order], grid)
    assert guess.contrasts == order
    assert 0.5 < guess.confidence <= 1
    assert "of the signal" in guess.reason


@pytest.mark.parametrize("order", [order for pair in PAIRS for order in orders(pair)])
def test_two_images_are_told_apart_in_any_order(thighs: Thighs, order: tuple[str, ...]) -> None:
    channels, grid = thighs
    guess = contrasts_by_signal([channels[name] for name in order], grid)
    assert guess.contrasts == order
    assert 0.5 < guess.confidence <= 1


@pytest.mark.parametrize(
    "pair",
    [("water", "in_phase"), ("fat", "in_phase"), ("opposed_phase", "water"), ("fat", "opposed_phase"), ("fat", "fat")],
)  # fmt: skip
def test_pairs_that_belong_to_no_kind_are_refused(thighs: Thighs, pair: tuple[str, str]) -> None:
    channels, grid = thighs
    with pytest.raises(UnreadableError, match=r"neither clearly water and fat nor clearly.*--water F"):
        contrasts_by_signal([channels[name] for name in pair], grid)


def test_four_images_of_which_one_is_another_are_refused(thighs: Thighs) -> None:
    channels, grid = thighs
    images = [channels["water"], channels["fat"], channels["in_phase"], channels["fat"][:, ::-1]]
    with pytest.raises(UnreadableError, match="not clearly water, fat, in phase and opposed phase"):
        contrasts_by_signal(images, grid)


def test_three_images_are_refused(thighs: Thighs) -> None:
    channels, grid = thighs
    with pytest.raises(UnreadableError, match="3 images of one place do not say which contrast they are"):
        contrasts_by_signal(list(channels.values())[:3], grid)


def test_noise_is_refused(thighs: Thighs) -> None:
    grid = thighs[1]
    random = np.random.default_rng(3)
    images = [random.rayleigh(5.0, grid.shape).astype(np.float32) for _ in range(4)]
    for count in (2, 4):
        with pytest.raises(UnreadableError):
            contrasts_by_signal(images[:count], grid)


def test_the_orientation_of_the_array_does_not_matter(thighs: Thighs) -> None:
    channels, grid = thighs
    turned = Grid(grid.size, grid.spacing_mm, (190.0, 110.0, 0.0), (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0))
    assert contrasts_by_signal([channels["fat"], channels["water"]], turned).contrasts == ("fat", "water")


@pytest.mark.parametrize("names", [("water", "fat", "in_phase", "opposed_phase"), ("in_phase", "opposed_phase")])
def test_exchanged_phases_are_noticed_and_right_ones_are_not(thighs: Thighs, names: tuple[str, ...]) -> None:
    channels = {name: thighs[0][name] for name in names}
    exchanged = {**channels, "in_phase": channels["opposed_phase"], "opposed_phase": channels["in_phase"]}
    assert not phases_are_exchanged(channels)
    assert phases_are_exchanged(exchanged)


def test_swapped_water_and_fat_do_not_make_phases_exchanged(thighs: Thighs) -> None:
    channels = thighs[0]
    assert not phases_are_exchanged({**channels, "water": channels["fat"], "fat": channels["water"]})


def test_an_image_without_borders_tells_nothing_of_the_phases() -> None:
    flat = np.full((4, 20, 20), 100.0, dtype=np.float32)
    images = {"in_phase": flat, "opposed_phase": flat}
    assert not phases_are_exchanged(images)
    assert not phases_are_exchanged({**images, "water": flat, "fat": np.zeros_like(flat)})


@pytest.mark.shared
def test_real_calves_are_told_apart(calves: Thighs) -> None:
    channels, grid = calves
    for order in (("fat", "water"), ("opposed_phase", "in_phase")):
        assert contrasts_by_signal([channels[name] for name in order], grid).contrasts == order
    with pytest.raises(UnreadableError):
        contrasts_by_signal([channels["water"], channels["in_phase"]], grid)
