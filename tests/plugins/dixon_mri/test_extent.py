from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from myoscope import Grid
from myoscope.ops.fat import fat_fraction
from myoscope_dixon_mri.extent import Seen, thigh_extent

Limbs = Callable[..., tuple[dict[str, NDArray[np.float32]], NDArray[np.uint8], Grid]]
SHARED = Path(__file__).parents[4] / "shared" / "data" / "mri"
FEMUR = (5.0, -5.0, 14.0)
TIBIA, FIBULA = (-20.0, -25.0, 14.0), (15.0, 10.0, 6.0)


def seen(limbs: tuple[dict[str, NDArray[np.float32]], NDArray[np.uint8], Grid], contrast: str = "") -> Seen:
    """What a network saw in all of both images, or in one contrast."""
    channels, labels, grid = limbs
    water, fat = channels["water"], channels["fat"]
    signal = {"": water + fat, "water": water, "fat": fat, "opposed_phase": np.abs(water - fat)}[contrast]
    percent = None if contrast else fat_fraction(water, fat).percent
    return Seen(signal, labels == 28, labels == 3, percent, grid)


@pytest.mark.parametrize("contrast", ["", "water", "fat", "opposed_phase"])
def test_a_thigh_is_believed_in_every_contrast(limbs: Limbs, contrast: str) -> None:
    assert thigh_extent(seen(limbs(FEMUR), contrast)) == slice(0, 12)


@pytest.mark.parametrize("rind", [3.0, 30.0])
def test_a_thigh_is_believed_however_much_fat_is_under_the_skin(limbs: Limbs, rind: float) -> None:
    assert thigh_extent(seen(limbs(FEMUR, rind=rind))) == slice(0, 12)


def test_a_thin_cortex_may_have_gaps(limbs: Limbs) -> None:
    """A rim of one pixel shares some of them with marrow, which is bright: the bone stays one with its marrow."""
    scan = seen(limbs(FEMUR))
    signal = scan.signal.copy()
    for half in (slice(0, 80), slice(80, 160)):
        femur = scan.femur[0][:, half]
        rows, columns = np.nonzero(femur)
        j, i = np.indices(femur.shape)
        angle = np.degrees(np.arctan2(j - rows.mean(), i - columns.mean())) % 180
        open_there = (np.abs(angle - 50) < 14) | binary_erosion(femur)
        signal[:, :, half][:, open_there & femur] = 350.0
    assert thigh_extent(replace(scan, signal=signal)) == slice(0, 12)


@pytest.mark.parametrize("contrast", ["", "water"])
@pytest.mark.parametrize("bones", [(TIBIA,), (FIBULA,), (TIBIA, FIBULA)])
def test_bones_of_a_calf_are_no_femur(
    limbs: Limbs, bones: tuple[tuple[float, float, float], ...], contrast: str
) -> None:
    assert thigh_extent(seen(limbs(*bones, radius=55.0, rind=5.0), contrast)) is None


def test_a_few_slices_of_a_thigh_are_believed_when_the_scan_has_no_more(limbs: Limbs) -> None:
    assert thigh_extent(seen(limbs(FEMUR, slices=2))) == slice(0, 2)


def test_a_femur_in_a_few_slices_of_a_long_scan_is_not_believed(limbs: Limbs) -> None:
    whole = seen(limbs(FEMUR, slices=12))
    few = whole.femur & (np.arange(12) < 2)[:, None, None]
    assert thigh_extent(replace(whole, femur=few)) is None


def test_what_is_called_femur_must_be_bone(limbs: Limbs) -> None:
    scan = seen(limbs(FEMUR))
    shifted = np.roll(scan.femur, 12, axis=1)
    assert thigh_extent(replace(scan, femur=shifted, muscle=(scan.muscle | scan.femur) & ~shifted)) is None


def test_gas_has_a_dark_rim_but_no_marrow(limbs: Limbs) -> None:
    scan = seen(limbs(FEMUR))
    signal, percent = scan.signal.copy(), scan.percent.copy()  # type: ignore[union-attr]
    signal[scan.femur], percent[scan.femur] = 0.0, np.nan
    assert thigh_extent(replace(scan, signal=signal, percent=percent)) is None


def test_a_bone_in_the_middle_of_the_body_is_a_spine() -> None:
    j, i = np.meshgrid(np.arange(80) - 39.5, np.arange(150) - 74.5, indexing="ij")
    body, away = (np.abs(j) < 34) & (np.abs(i) < 64), np.hypot(j, i)
    spine = away < 6
    signal = np.where(spine, np.where(away < 3, 300.0, 0.0), np.where(body, 250.0, 0.0)).astype(np.float32)
    shape = (12, 80, 150)
    arrays = [np.broadcast_to(a, shape).copy() for a in (signal, spine, body & ~spine)]
    grid = Grid.identity((150, 80, 12), (2.5, 2.5, 8.0), (0.0, 0.0, 0.0))
    assert thigh_extent(Seen(arrays[0], arrays[1], arrays[2], None, grid)) is None
    beside = [np.roll(a, 30, axis=2) for a in (arrays[1], signal[None] * spine)]
    aside = np.where(beside[0], beside[1], np.where(np.broadcast_to(body, shape), 250.0, 0.0)).astype(np.float32)
    moved = Seen(aside, beside[0], np.broadcast_to(body, shape) & ~beside[0], None, grid)
    assert thigh_extent(moved) == slice(0, 12)


def test_a_network_without_any_femur_saw_no_thigh(limbs: Limbs) -> None:
    scan = seen(limbs(FEMUR))
    assert thigh_extent(replace(scan, femur=np.zeros_like(scan.femur))) is None


def test_slices_far_from_the_femur_are_left_out(limbs: Limbs) -> None:
    channels, labels, grid = limbs(FEMUR, slices=60)
    labels[:20][labels[:20] == 28] = 0
    labels[32:][labels[32:] == 28] = 0
    # 40 mm below and 170 mm above the slices 20 to 31, which are 8 mm thick.
    scan = seen((channels, labels, grid))
    assert thigh_extent(scan) == slice(15, 53)
    assert thigh_extent(replace(scan, upright=False)) == slice(0, 53)


@pytest.mark.shared
def test_real_calves_are_no_thighs_whatever_is_called_femur_and_muscle() -> None:
    from scipy import ndimage

    from myoscope.io import read_volume
    from myoscope.ops.orient import to_lps

    if not SHARED.exists():
        pytest.skip("needs the shared MRI")
    (water, grid), (fat, _) = (
        to_lps(volume.array[::3, 80:240].astype(np.float32), replace(volume.grid, size=(320, 160, 8)))
        for volume in (read_volume(SHARED / f"calf_dixon_{name}.nii.gz") for name in ("water", "fat"))
    )
    total = water + fat
    leg = np.stack([ndimage.binary_fill_holes(plane > 30) for plane in total])
    depth = np.stack([ndimage.distance_transform_edt(plane, sampling=1.5) for plane in leg])
    dark = np.stack([ndimage.binary_fill_holes((s < 130) & (d > 3)) for s, d in zip(total, depth, strict=True)])
    percent = fat_fraction(water, fat).percent
    for bones in (dark, dark & (depth > 20), depth > 20):
        assert thigh_extent(Seen(total, bones, (depth > 4) & ~bones, percent, grid)) is None
