from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from myoscope import Grid, LabelledCase, Recipe, Scan
from myoscope.ops.orient import lps_grid, to_lps
from myoscope_ct_thigh.preprocessing import preprocess
from myoscope_ct_thigh.recipes import UNETR, UNETR_SMALL

GRID = Grid.identity((40, 36, 32), (2.0, 3.0, 4.0), (-40.0, -50.0, -60.0))
OWN = replace(UNETR, spacing_mm=GRID.spacing_mm)


def scan_of(array: np.ndarray, grid: Grid = GRID) -> Scan:
    return Scan("ct_thigh", {"ct": array}, grid, "case")


def body(hu: float = 50.0, dtype: type = np.int16) -> np.ndarray:
    """A box of tissue in air."""
    array = np.full(GRID.shape, -1000, dtype=dtype)
    array[10:22, 12:25, 14:29] = hu
    return array


def test_the_paper_window_and_gamma_map_hu_to_the_input() -> None:
    """((HU + 57) / 221) squared, clipped: 0 at -57 HU, 1 at 164 HU, 0.25 half-way."""
    hu = [-1000.0, -57.0, 53.5, 164.0, 1200.0, 0.0]
    array = np.full(GRID.shape, 50.0, dtype=np.float32)
    array[0, 0, : len(hu)] = hu
    found = preprocess(scan_of(array), OWN).image[0, 0, : len(hu)]
    np.testing.assert_allclose(found, [0.0, 0.0, 0.25, 1.0, 1.0, (57 / 221) ** 2], atol=1e-6)


def test_the_small_recipe_has_a_wider_window_and_no_gamma() -> None:
    array = np.full(GRID.shape, 40.0, dtype=np.float32)
    recipe = replace(UNETR_SMALL, spacing_mm=GRID.spacing_mm)
    np.testing.assert_allclose(preprocess(scan_of(array), recipe).image, 0.5, atol=1e-6)


def test_the_body_is_cut_out_whole_and_every_voxel_stays_in_its_place() -> None:
    array = body()
    prepared = preprocess(scan_of(array), OWN)
    windowed = np.clip((array + 57.0) / 221.0, 0, 1) ** 2
    offset = (np.array(prepared.grid.origin) - np.array(GRID.origin)) / np.array(GRID.spacing_mm)
    i, j, k = (round(o) for o in offset)
    depth, height, width = prepared.grid.shape
    np.testing.assert_allclose(offset, [i, j, k], atol=1e-9)
    np.testing.assert_allclose(prepared.image, windowed[k : k + depth, j : j + height, i : i + width], atol=1e-5)
    assert prepared.image.sum() == pytest.approx(windowed.sum(), rel=1e-5)
    assert prepared.image.size < array.size / 2


def test_a_table_and_other_small_pieces_do_not_count_as_body() -> None:
    array = body()
    array[:, 34:36, :] = 100
    assert preprocess(scan_of(array), OWN).grid == preprocess(scan_of(body()), OWN).grid


def test_the_result_has_the_spacing_of_the_recipe_and_covers_the_body() -> None:
    prepared = preprocess(scan_of(body()), UNETR)
    assert prepared.grid.spacing_mm == (1.5, 1.5, 2.0)
    assert prepared.image.dtype == np.float32
    assert tuple(prepared.channels) == UNETR.channels
    low = np.array(prepared.grid.origin) - 0.5 * np.array(prepared.grid.spacing_mm)
    high = low + np.array(prepared.grid.size) * np.array(prepared.grid.spacing_mm)
    first = np.array(GRID.position((14, 12, 10))) - 0.5 * np.array(GRID.spacing_mm)
    last = np.array(GRID.position((28, 24, 21))) + 0.5 * np.array(GRID.spacing_mm)
    assert (low <= first + 1e-6).all()
    assert (high >= last - 1e-6).all()
    value = (107 / 221) ** 2
    assert prepared.image.sum() * 4.5 == pytest.approx(value * 12 * 13 * 15 * 24, rel=0.03)


def test_a_scan_in_another_axis_order_gives_the_same_input() -> None:
    turned = Grid(
        (32, 40, 36), (4.0, 2.0, 3.0), GRID.position((39.0, 0.0, 0.0)), (0.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    )
    assert lps_grid(turned).is_same(GRID)
    array = np.ascontiguousarray(np.transpose(body()[:, :, ::-1], (1, 2, 0)))
    assert np.array_equal(to_lps(array, turned)[0], body())
    upright, found = preprocess(scan_of(body()), UNETR), preprocess(scan_of(array, turned), UNETR)
    assert found.grid.is_same(upright.grid)
    np.testing.assert_allclose(found.image, upright.image, atol=1e-5)


def test_an_oblique_scan_keeps_its_axes() -> None:
    c, s = np.cos(0.2), np.sin(0.2)
    oblique = replace(GRID, direction=(c, -s, 0.0, s, c, 0.0, 0.0, 0.0, 1.0))
    prepared = preprocess(scan_of(body(), oblique), UNETR)
    assert prepared.grid.direction == pytest.approx(oblique.direction)
    np.testing.assert_allclose(prepared.image, preprocess(scan_of(body()), UNETR).image, atol=1e-4)


def test_air_alone_gives_an_empty_input() -> None:
    prepared = preprocess(scan_of(np.full(GRID.shape, -1000, dtype=np.int16)), UNETR)
    assert not prepared.image.any()


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
@pytest.mark.parametrize("recipe", [UNETR, OWN], ids=["resampled", "own grid"])
@pytest.mark.parametrize("fills", [True, False], ids=["body fills the view", "body in air"])
def test_the_scan_is_untouched(dtype: type, recipe: Recipe, fills: bool) -> None:
    array = np.full(GRID.shape, 40, dtype=dtype) if fills else body(dtype=dtype)
    before = array.copy()
    scan = scan_of(array)
    preprocess(scan, recipe)
    assert np.array_equal(scan.image, before)


def test_two_calls_give_the_same_bytes(thigh: LabelledCase, tiny_recipe: Recipe) -> None:
    first, second = (preprocess(thigh.scan, tiny_recipe) for _ in range(2))
    assert first.grid == second.grid
    assert first.image.tobytes() == second.image.tobytes()
    assert 0.0 <= first.image.min() < first.image.max() <= 1.0


def test_two_legs_that_do_not_meet_are_both_kept() -> None:
    image = np.full((40, 40, 100), -1000, dtype=np.int16)
    image[:, 10:30, 10:40] = 50
    image[:, 12:28, 60:88] = 50
    scan = Scan("ct_thigh", {"ct": image}, Grid.identity((100, 40, 40), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0)), "legs")
    columns = np.flatnonzero((preprocess(scan, UNETR_SMALL).image > 0.4).any(axis=(0, 1)))
    assert (columns[-1] - columns[0]) * UNETR_SMALL.spacing_mm[0] == pytest.approx((88 - 10) * 4, abs=12)
