from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import GeometryError, Grid
from myoscope.io import read_volume
from myoscope.ops.fat import fat_fraction
from myoscope.ops.orient import from_lps
from myoscope_dixon_mri.swaps import Swap, find_swaps, unswap

Volume = NDArray[np.float32]
Pair = tuple[Volume, Volume]
SHARED = Path(__file__).parents[4] / "shared" / "data" / "mri"
SLICES, ROWS, COLUMNS = 16, 72, 128
PIXEL_MM, SLICE_MM, FINER = 2.6, 6.0, 2
GRID = Grid.identity((COLUMNS, ROWS, SLICES), (PIXEL_MM, PIXEL_MM, SLICE_MM), (0.0, 0.0, 0.0))
NOISE = 9.0
#: Thickness of subcutaneous fat in mm and fat fraction of muscle.
PEOPLE = [(2.5, 0.03), (2.5, 0.5), (4.0, 0.25), (8.0, 0.03), (15.0, 0.5), (25.0, 0.05), (40.0, 0.1)]


class Painter:
    """Paints water and fat on a fine grid; the scan is its average."""

    def __init__(self) -> None:
        shape = (ROWS * FINER, COLUMNS * FINER)
        self.y, self.x = ((np.indices(shape) + 0.5).T * PIXEL_MM / FINER).T
        self.y, self.x = self.y - self.y.mean(), self.x - self.x.mean()
        self.water, self.fat = np.zeros(shape), np.zeros(shape)

    def ellipse(self, x: float, y: float, radii: tuple[float, float], percent: float | Volume, signal: float) -> None:
        inside = ((self.x - x) / radii[0]) ** 2 + ((self.y - y) / radii[1]) ** 2 < 1
        fat = np.broadcast_to(np.asarray(percent) / 100, inside.shape)[inside]
        self.water[inside], self.fat[inside] = signal * (1 - fat), signal * fat

    def limb(self, x: float, radii: tuple[float, float], fat_mm: float, muscle: float | Volume) -> None:
        for percent, depth in ((8.0, 0.0), (92.0, 1.5), (muscle, 1.5 + fat_mm)):
            self.ellipse(x, 0.0, (radii[0] - depth, radii[1] - depth), percent, 300.0)

    def bone(self, x: float, y: float, radius: float, cortex: float) -> None:
        self.ellipse(x, y, (radius, radius), 10.0, 15.0)
        self.ellipse(x, y, (radius - cortex, radius - cortex), 90.0, 300.0)

    def scan(self) -> tuple[Volume, Volume]:
        water, fat = (a.reshape(ROWS, FINER, COLUMNS, FINER).mean((1, 3)) for a in (self.water, self.fat))
        return water, fat


def station(site: str, fat_mm: float, infiltration: float, seed: int = 0) -> Pair:
    """Water and fat of one table position; coil shading and Rician noise of 3% of the signal."""
    random = np.random.default_rng(seed)
    planes = []
    for k in range(SLICES):
        painter, size = Painter(), 1 + 0.01 * k
        patches = np.kron(random.random((ROWS * FINER // 4, COLUMNS * FINER // 4)), np.ones((4, 4)))
        muscle = 100 * np.clip(infiltration * 2 * patches, 0, 1).astype(np.float32)
        if site == "pelvis":
            radii = (85 * size + fat_mm, 55 * size + fat_mm)
            painter.limb(0.0, radii, fat_mm, muscle)
            painter.ellipse(0.0, -10.0, (60.0, 30.0), np.where(patches > 0.6, 5.0, 92.0).astype(np.float32), 280.0)
            for x in (-55.0, 55.0):
                painter.bone(x, 10.0, 22.0, 3.0)
                painter.limb(2.4 * x * (radii[0] + 32) / 132, (26.0, 22.0), min(fat_mm, 5.0), muscle)
        for sign in (-1, 1) if site in {"thigh", "touching", "knee"} else ():
            radius = min((38.0 if site == "knee" else 52.0) * size + fat_mm, 80.0)
            x = sign * (radius + (-2.0 if site == "touching" else 3.0))
            painter.limb(x, (radius, 0.95 * radius), min(fat_mm, 0.6 * radius), muscle)
            # Two of three slices of a knee station cross the condyles, which are marrow through and through.
            condyles = site == "knee" and k >= SLICES // 3
            painter.bone(x, -4.0, 26.0 if condyles else 13.0, 1.0 if condyles else 6.0)
        if site == "single":
            painter.limb(20.0, (60.0 * size + fat_mm, 58.0 * size + fat_mm), fat_mm, muscle)
            painter.bone(20.0, 0.0, 13.0, 6.0)
        planes.append(painter.scan())
    shading = 1 + 0.5 * np.sin(np.arange(COLUMNS) / 17.0)
    water, fat = (np.stack(images) * shading for images in zip(*planes, strict=True))
    return rician(water, random), rician(fat, random)


def rician(image: NDArray[np.float64], random: np.random.Generator) -> Volume:
    real, imaginary = (random.normal(0, NOISE, image.shape) for _ in range(2))
    return np.hypot(image + real, imaginary).astype(np.float32)


def exchanged(pair: Pair, where: Any) -> Pair:
    water, fat = (image.copy() for image in pair)
    water[where], fat[where] = pair[1][where], pair[0][where]
    return water, fat


def swap_of(pair: Pair, grid: Grid = GRID) -> Swap:
    (swap,) = find_swaps(*pair, grid)
    return swap


CASES = [(site, *person) for site in ("thigh", "touching", "knee", "pelvis") for person in PEOPLE]


@pytest.mark.parametrize(("site", "fat_mm", "infiltration"), CASES)
def test_nothing_is_found_in_a_clean_station_and_a_whole_exchange_always(
    site: str, fat_mm: float, infiltration: float
) -> None:
    water, fat = station(site, fat_mm, infiltration)
    assert find_swaps(water, fat, GRID) == ()
    swap = swap_of((fat, water))
    assert swap.region == "whole station"
    assert swap.mask.all()
    assert swap.share == 1.0


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("site", ["thigh", "touching", "knee"])
def test_one_leg_over_ten_slices_is_found_and_undone(site: str, person: tuple[float, float]) -> None:
    pair = station(site, *person, seed=1)
    where = np.s_[4:14, :, COLUMNS // 2 :]
    wrong = exchanged(pair, where)
    swap = swap_of(wrong)
    assert swap.region == "left leg, slices 5 to 14 from the feet"
    assert 0.2 < swap.share < 0.4
    body = np.isfinite(fat_fraction(*pair).percent)
    for corrected, truth in zip(unswap(*wrong, (swap,)), pair, strict=True):
        assert np.mean(corrected[body] != truth[body]) < 0.005


def test_a_whole_leg_is_found_with_its_name() -> None:
    pair = station("thigh", 8.0, 0.05)
    assert swap_of(exchanged(pair, np.s_[:, :, : COLUMNS // 2])).region == "right leg"


def test_a_slab_of_both_sides_is_one_region() -> None:
    pair = station("pelvis", 12.0, 0.05)
    swap = swap_of(exchanged(pair, np.s_[:6]))
    assert swap.region == "slices 1 to 6 from the feet"
    assert np.array_equal(np.flatnonzero(swap.mask.all(axis=(1, 2))), np.arange(6))
    assert not swap.mask[6:].any()


def test_half_a_pelvis_is_not_called_a_leg() -> None:
    pair = station("pelvis", 12.0, 0.05)
    swap = swap_of(exchanged(pair, np.s_[:, :, : COLUMNS // 2]))
    assert swap.region == "right half"


def test_two_regions_are_told_apart() -> None:
    pair = station("thigh", 8.0, 0.05)
    wrong = exchanged(exchanged(pair, np.s_[:4, :, : COLUMNS // 2]), np.s_[8:, :, COLUMNS // 2 :])
    swaps = find_swaps(*wrong, GRID)
    assert [s.region for s in swaps] == [
        "right leg, slices 1 to 4 from the feet",
        "left leg, slices 9 to 16 from the feet",
    ]
    assert find_swaps(*unswap(*wrong, swaps), GRID) == ()


def test_a_single_leg_is_whole_too() -> None:
    water, fat = station("single", 6.0, 0.1)
    assert find_swaps(water, fat, GRID) == ()
    assert swap_of((fat, water)).region == "whole station"


@pytest.mark.parametrize("fat_mm", [12.0, 30.0])
def test_pixels_too_large_to_show_skin_do_not_mislead(fat_mm: float) -> None:
    coarse = Grid.identity((COLUMNS // 2, ROWS // 2, SLICES), (2 * PIXEL_MM, 2 * PIXEL_MM, SLICE_MM), (0.0, 0.0, 0.0))
    water, fat = (a.reshape(SLICES, ROWS // 2, 2, -1, 2).mean((2, 4)) for a in station("thigh", fat_mm, 0.1))
    assert find_swaps(water, fat, coarse) == ()
    assert swap_of((fat, water), coarse).region == "whole station"


@pytest.mark.parametrize(
    ("size", "spacing_mm", "direction"),
    [
        (GRID.size, GRID.spacing_mm, (-1, 0, 0, 0, -1, 0, 0, 0, 1)),
        (GRID.size, GRID.spacing_mm, (1, 0, 0, 0, -1, 0, 0, 0, -1)),
        ((ROWS, SLICES, COLUMNS), (PIXEL_MM, SLICE_MM, PIXEL_MM), (0, 0, 1, 1, 0, 0, 0, 1, 0)),
    ],
    ids=["turned", "head first", "sagittal"],
)
def test_sides_and_slices_follow_the_grid_however_the_array_lies(
    size: tuple[int, ...], spacing_mm: tuple[float, ...], direction: tuple[float, ...]
) -> None:
    pair = exchanged(station("thigh", 8.0, 0.05), np.s_[:6, :, COLUMNS // 2 :])
    laid = Grid(size, spacing_mm, (0.0, 0.0, 0.0), direction)
    water, fat = (from_lps(image, laid) for image in pair)
    swap = swap_of((water, fat), laid)
    assert swap.region == "left leg, slices 1 to 6 from the feet"
    assert np.array_equal(swap.mask, from_lps(swap_of(pair).mask, laid))


def test_the_evidence_says_what_was_read() -> None:
    water, fat = station("thigh", 12.0, 0.05)
    words = swap_of((fat, water)).evidence.split()
    under_the_skin, beneath = (int(word.rstrip("%")) for word in words if word.endswith("%"))
    assert under_the_skin < 30
    assert beneath > under_the_skin
    assert words[-2:] == [str(SLICES), "slices"]


def test_images_are_untouched_and_the_same_images_give_the_same_bytes() -> None:
    water, fat = station("thigh", 8.0, 0.05)
    before = water.copy(), fat.copy()
    first, second = swap_of((fat, water)), swap_of((fat, water))
    corrected = unswap(fat, water, (first,))
    assert first.mask.tobytes() == second.mask.tobytes()
    assert (first.region, first.share, first.evidence) == (second.region, second.share, second.evidence)
    for image, original, copy in zip((water, fat), before, corrected, strict=True):
        assert np.array_equal(image, original)
        assert np.array_equal(image, copy)
        assert image is not copy


def test_without_a_body_nothing_is_found() -> None:
    empty = np.zeros(GRID.shape, np.float32)
    assert find_swaps(empty, empty, GRID) == ()


def test_images_off_their_grid_are_refused() -> None:
    with pytest.raises(GeometryError, match="their grid needs"):
        find_swaps(np.ones((2, 3, 4)), np.ones(GRID.shape), GRID)


@pytest.fixture(scope="module")
def calves() -> tuple[Pair, Grid]:
    if not SHARED.is_dir():
        pytest.skip("the shared data is not beside the project")
    water, fat = (read_volume(SHARED / f"calf_dixon_{name}.nii.gz") for name in ("water", "fat"))
    return (water.array.astype(np.float32), fat.array.astype(np.float32)), water.grid


@pytest.mark.shared
def test_real_calves_are_clean_and_their_exchange_is_found(calves: tuple[Pair, Grid]) -> None:
    (water, fat), grid = calves
    assert find_swaps(water, fat, grid) == ()
    assert swap_of((fat, water), grid).region == "whole station"


@pytest.mark.shared
def test_one_real_leg_is_restored_bit_by_bit(calves: tuple[Pair, Grid]) -> None:
    pair, grid = calves
    wrong = exchanged(pair, np.s_[5:15, :, : grid.size[0] // 2])
    swap = swap_of(wrong, grid)
    assert swap.region == "left leg, slices 6 to 15 from the feet"
    body = np.isfinite(fat_fraction(*pair).percent)
    for corrected, truth in zip(unswap(*wrong, (swap,)), pair, strict=True):
        assert np.array_equal(corrected[body], truth[body])
