from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from myoscope import Grid, Measurement, Segmentation, Side, Subject
from myoscope.thigh.sums import sum_of_sides, table_of
from myoscope_dixon_mri.balance import ANTERIOR, POSTERIOR, THIGH_AND_HIP, balance_rows
from myoscope_dixon_mri.structures import STRUCTURES

ANATOMY = Path(__file__).parents[4] / "shared" / "data" / "anatomy"
GRID = Grid.identity((2, 2, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
SPLIT = Segmentation(np.ones(GRID.shape, np.uint8), GRID, STRUCTURES, frozenset(STRUCTURES.names), sides_split=True)
KNEE = "cut by the field of view at the lower end"
Changed = dict[tuple[str, str], tuple[float, str]]


def volumes(changed: Changed | None = None) -> list[Measurement]:
    """Every structure has 100 mL on the right and 110 mL on the left, but those that are changed (value, reason)."""
    rows = []
    for structure in STRUCTURES:
        own = []
        for side, value in ((Side.RIGHT, 100.0), (Side.LEFT, 110.0)):
            volume, reason = (changed or {}).get((structure.name, side), (value, ""))
            own.append(Measurement(structure.name, side, "volume", volume, "mL", "count", not reason, reason))
        rows += own + sum_of_sides(table_of(own), structure.name, quantities=("volume",))
    return rows


def balance(changed: Changed | None = None, subject: Subject | None = None) -> dict[tuple[str, str, str], Measurement]:
    return table_of(balance_rows(volumes(changed), SPLIT, subject or Subject()))  # type: ignore[return-value]


def test_tmv_sums_the_21_muscles_of_thigh_and_hip() -> None:
    assert len(set(THIGH_AND_HIP)) == len(THIGH_AND_HIP) == 21
    assert set(THIGH_AND_HIP) <= set(STRUCTURES.names)
    found = balance()
    values = [found["thigh", side, "tmv"].value for side in ("right", "left", "both")]
    assert values == [2100.0, 2310.0, 4410.0]
    assert found["thigh", "both", "tmv"].complete
    assert "21 muscles" in found["thigh", "both", "tmv"].method


def test_tvi_is_tmv_by_height_squared_in_ml() -> None:
    row = balance(subject=Subject(height_m=2.0))["thigh", "both", "tvi"]
    assert (row.value, row.unit) == (4410 / 4, "mL/m2")


def test_the_back_to_front_ratio_is_that_of_three_to_five_muscles() -> None:
    changed = {(name, "right"): (50.0, "") for name in POSTERIOR}
    found = balance(changed)
    assert found["thigh", "right", "pa_ratio"].value == pytest.approx(150 / 500)
    assert found["thigh", "left", "pa_ratio"].value == pytest.approx(330 / 550)
    assert found["thigh", "both", "pa_ratio"].value == pytest.approx(480 / 1050)
    assert found["thigh", "both", "pa_ratio"].unit == "1"
    assert "0.41 and 0.48" in found["thigh", "both", "pa_ratio"].method


def test_asymmetry_is_the_difference_in_percent_of_the_mean_whichever_side_is_larger() -> None:
    assert balance()["thigh", "both", "lr_asymmetry"].value == pytest.approx(100 * 210 / 2205)
    mirrored = {(name, "right"): (120.0, "") for name in ANTERIOR}
    row = balance(mirrored)["dixon:anterior", "both", "lr_asymmetry"]
    assert (row.value, row.unit) == (pytest.approx(100 * 50 / 575), "%")


def test_strength_by_volume_is_grip_over_liters() -> None:
    row = balance(subject=Subject(grip_strength_kg=44.1))["thigh", "both", "muscle_specific_strength"]
    assert (row.value, row.unit) == (pytest.approx(10.0), "kg/L")


def test_without_height_and_grip_there_is_neither_index_nor_strength() -> None:
    quantities = {quantity for _, _, quantity in balance()}
    assert quantities == {"tmv", "pa_ratio", "lr_asymmetry"}


def test_knees_out_of_view_make_everything_incomplete_and_it_says_so() -> None:
    cut: Changed = {("vastus_medialis", side): (80.0, KNEE) for side in ("right", "left")}
    found = balance(cut, Subject(height_m=2.0, grip_strength_kg=40.0))
    for quantity in ("tmv", "tvi", "pa_ratio", "lr_asymmetry", "muscle_specific_strength"):
        row = found["thigh", "both", quantity]
        assert math.isfinite(row.value)
        assert not row.complete
        assert f"vastus_medialis {KNEE}" in row.reason
    assert found["dixon:posterior", "both", "lr_asymmetry"].complete


def test_a_missing_muscle_leaves_a_sum_of_the_rest_but_no_ratio() -> None:
    missing: Changed = {("rectus_femoris", "left"): (math.nan, "not found")}
    found = balance(missing)
    assert found["thigh", "left", "tmv"].value == 2200.0
    assert found["thigh", "left", "tmv"].reason == "rectus_femoris not found"
    assert found["thigh", "right", "pa_ratio"].complete
    for side in ("left", "both"):
        assert math.isnan(found["thigh", side, "pa_ratio"].value)
    assert found["thigh", "both", "pa_ratio"].reason == "left rectus_femoris not found"
    assert math.isnan(found["thigh", "both", "lr_asymmetry"].value)


def test_a_single_leg_has_its_own_ratio_and_no_asymmetry() -> None:
    absent: Changed = {(name, "left"): (math.nan, "not found") for name in STRUCTURES.names}
    found = balance(absent)
    assert found["thigh", "right", "pa_ratio"].complete
    assert math.isnan(found["thigh", "left", "tmv"].value)
    assert found["thigh", "both", "tmv"].reason == "left not found"
    assert math.isnan(found["thigh", "both", "lr_asymmetry"].value)


def test_a_leg_of_unknown_side_has_values_for_both_and_no_asymmetry() -> None:
    rows = [replace(row, side=Side.BOTH) for row in volumes() if row.side is Side.RIGHT]
    found = table_of(balance_rows(rows, replace(SPLIT, sides_split=False), Subject()))
    assert found["thigh", Side.BOTH, "tmv"].value == 2100.0
    assert found["thigh", Side.BOTH, "pa_ratio"].value == pytest.approx(3 / 5)
    assert found["thigh", Side.BOTH, "lr_asymmetry"].reason == "left and right are not split"


def test_nothing_at_all_has_no_values() -> None:
    absent: Changed = {(name, side): (math.nan, "not found") for name in STRUCTURES.names for side in ("right", "left")}
    for row in balance(absent, Subject(height_m=1.7, grip_strength_kg=30.0)).values():
        assert math.isnan(row.value)
        assert row.reason == "not found"


@pytest.mark.shared
@pytest.mark.parametrize(("name", "liters", "ratio"), [("vhm", 17.6, 0.36), ("vhf", 7.8, 0.49)])
def test_the_visible_humans_have_the_volumes_that_chose_the_muscles(name: str, liters: float, ratio: float) -> None:
    from myoscope.io import read_volume

    path = ANATOMY / f"{name}_thigh_labels.nii.gz"
    if not path.exists():
        pytest.skip("needs the shared anatomy")
    volume = read_volume(path)
    counts = np.bincount(volume.array.astype(np.uint8).ravel(), minlength=256) * volume.grid.voxel_volume_ml
    own: Changed = {}
    for structure in STRUCTURES:
        for side in (Side.RIGHT, Side.LEFT):
            value = float(counts[STRUCTURES.label(structure.name, side)])
            own[structure.name, side] = (value, "") if value else (math.nan, "not found")
    found = balance(own)
    assert found["thigh", "both", "tmv"].value / 1000 == pytest.approx(liters, abs=0.05)
    assert found["thigh", "both", "pa_ratio"].value == pytest.approx(ratio, abs=0.01)
