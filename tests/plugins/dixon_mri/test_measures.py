from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from myoscope import GeometryError, Grid, Measurement, Scan, Segmentation, Side, Station, Subject
from myoscope_dixon_mri.measures import measure
from myoscope_dixon_mri.structures import STRUCTURES

GRID = Grid.identity((60, 40, 50), (2.0, 1.0, 3.0), (0.0, 0.0, 0.0))
VASTUS, FEMUR = STRUCTURES["vastus_lateralis"].id, STRUCTURES["femur"].id
Find = Callable[[str, str, str], Measurement]


def case() -> tuple[Scan, Segmentation]:
    """Boxes in fat in air: femurs over slices 5 to 44, vastus lateralis of 10 and 50% fat, cut above on the left."""
    labels = np.zeros(GRID.shape, np.uint8)
    labels[5:45, 18:22, 10:14], labels[5:45, 18:22, 40:44] = FEMUR, FEMUR + 100
    labels[10:40, 5:15, 8:18], labels[10:50, 5:15, 38:48] = VASTUS, VASTUS + 100
    water, fat = np.zeros(GRID.shape, np.float32), np.zeros(GRID.shape, np.float32)
    water[:, 3:37, 3:57], fat[:, 3:37, 3:57] = 20.0, 380.0
    water[labels > 0], fat[labels > 0] = 180.0, 20.0
    # Half of the right muscle: twice as bright, and half of it fat.
    water[25:40, 5:15, 8:18], fat[25:40, 5:15, 8:18] = 200.0, 200.0
    scan = Scan("dixon_mri", {"water": water, "fat": fat}, GRID, "boxes")
    return scan, Segmentation(labels, GRID, STRUCTURES, frozenset(STRUCTURES.names), sides_split=True)


def finder(scan: Scan, segmentation: Segmentation, subject: Subject | None = None) -> Find:
    rows = measure(scan, segmentation, subject or Subject(height_m=2.0))

    def find(structure: str, side: str, quantity: str) -> Measurement:
        (row,) = rows.select(structure=structure, side=Side(side), quantity=quantity)
        return row

    return find


def quantities(scan: Scan, structure: str = "vastus_lateralis") -> list[str]:
    rows = measure(scan, case()[1], Subject(height_m=2.0))
    return [row.quantity for row in rows.select(structure=structure, side=Side.RIGHT)]


@pytest.fixture(scope="module")
def find() -> Find:
    return finder(*case())


def test_volume_and_sections_of_a_box_are_exact(find: Find) -> None:
    assert find("vastus_lateralis", "right", "volume").value == pytest.approx(18.0)
    assert find("vastus_lateralis", "right", "csa_max").value == pytest.approx(2.0)
    assert find("vastus_lateralis", "right", "csa_at_50pct_femur").value == pytest.approx(2.0)
    assert find("vastus_lateralis", "right", "volume_height2").value == pytest.approx(18000 / 4)


def test_the_mean_of_voxels_and_the_fraction_of_sums_differ_where_fat_is_brighter(find: Find) -> None:
    assert find("vastus_lateralis", "right", "fat_fraction_mean_of_voxels").value == pytest.approx(30.0)
    of_sums = find("vastus_lateralis", "right", "fat_fraction_of_sums")
    assert of_sums.value == pytest.approx(100 * 220 / 600)
    assert of_sums.unit == "%"
    assert "signal fat fraction" in of_sums.method


def test_fat_and_lean_volume_share_the_muscle(find: Find) -> None:
    assert find("vastus_lateralis", "right", "intramuscular_fat_volume").value == pytest.approx(18.0 * 0.3)
    assert find("vastus_lateralis", "right", "lean_volume").value == pytest.approx(18.0 * 0.7)
    assert find("vastus_lateralis", "both", "lean_volume").value == pytest.approx(18.0 * 0.7 + 24.0 * 0.9)
    assert find("dixon:anterior", "right", "lean_volume").value == pytest.approx(18.0 * 0.7)


def test_brightness_is_that_of_the_channel_shown_in_arbitrary_units(find: Find) -> None:
    row = find("vastus_lateralis", "right", "intensity_mean")
    assert (row.value, row.unit, row.method) == (pytest.approx(190.0), "a.u.", "mean of voxels, water")
    assert find("vastus_lateralis", "right", "intensity_sd").value == pytest.approx(10.0)
    assert find("vastus_lateralis", "right", "intensity_median").value == pytest.approx(190.0)


def test_noise_raises_no_fraction_and_the_method_says_what_was_done(find: Find) -> None:
    scan, segmentation = case()
    random = np.random.default_rng(0)
    rician = {
        name: np.hypot(image + random.normal(0, 7, GRID.shape), random.normal(0, 7, GRID.shape)).astype(np.float32)
        for name, image in scan.channels.items()
    }
    noisy = finder(replace(scan, channels=rician), segmentation)
    for quantity in ("fat_fraction_mean_of_voxels", "fat_fraction_of_sums", "intramuscular_fat_volume", "lean_volume"):
        row = noisy("vastus_lateralis", "left", quantity)
        assert "noise floor removed" in row.method
        assert "noise floor unknown" in find("vastus_lateralis", "left", quantity).method
        assert row.value == pytest.approx(find("vastus_lateralis", "left", quantity).value, rel=0.04)


def test_the_quantities_of_a_muscle_come_in_order() -> None:
    assert quantities(case()[0]) == [
        "volume",
        "csa_max",
        "csa_at_50pct_femur",
        "intensity_mean",
        "intensity_sd",
        "intensity_median",
        "fat_fraction_mean_of_voxels",
        "fat_fraction_of_sums",
        "lean_volume",
        "intramuscular_fat_volume",
        "volume_height2",
    ]


def test_a_plain_scan_has_brightness_and_no_fat() -> None:
    scan, _ = case()
    plain = replace(scan, channels={"mr": scan.image})
    assert quantities(plain)[3:] == ["intensity_mean", "intensity_sd", "intensity_median", "volume_height2"]
    assert "mr" in finder(plain, case()[1])("vastus_lateralis", "right", "intensity_mean").method
    assert not [row for row in measure(plain, case()[1], Subject()) if "fat" in row.quantity]


def test_a_bone_has_no_muscle_fat() -> None:
    assert not [name for name in quantities(case()[0], "femur") if "fat" in name or "lean" in name]


def test_a_scanners_own_map_comes_first_and_is_called_pdff() -> None:
    scan, segmentation = case()
    pdff = np.full(GRID.shape, 25.0, np.float32)
    row = finder(replace(scan, channels={**scan.channels, "pdff": pdff}), segmentation)(
        "vastus_lateralis", "right", "fat_fraction_mean_of_voxels"
    )
    assert row.value == pytest.approx(25.0)
    assert "PDFF" in row.method
    alone = quantities(replace(scan, channels={"pdff": pdff}))
    assert "fat_fraction_mean_of_voxels" in alone
    assert not {"intensity_mean", "fat_fraction_of_sums"} & set(alone)


def test_a_muscle_without_signal_in_places_has_no_complete_fat_fraction() -> None:
    scan, segmentation = case()
    silent = {name: image.copy() for name, image in scan.channels.items()}
    for image in silent.values():
        image[10:16, 5:15, 8:18] = 0.0
    row = finder(replace(scan, channels=silent), segmentation)("vastus_lateralis", "right", "lean_volume")
    assert (row.complete, row.reason) == (False, "no signal in 20% of its voxels")


def test_what_the_view_cuts_is_partial_and_says_where(find: Find) -> None:
    row = find("vastus_lateralis", "left", "intramuscular_fat_volume")
    assert row.reason == "cut by the field of view at the upper end"
    assert find("gracilis", "both", "volume").reason == "not found in the field of view"


def test_a_gap_between_stations_cuts_what_reaches_it() -> None:
    scan, segmentation = case()
    stations = (Station("station 1", (90.0, 150.0)), Station("station 2", (-2.0, 81.0)))
    row = finder(replace(scan, stations=stations), segmentation)("vastus_lateralis", "right", "volume")
    assert row.reason == "cut by the field of view at the gap between station 1 and station 2"


def test_the_whole_thigh_has_the_fractions_of_its_muscles_as_complete_as_their_volume(find: Find) -> None:
    row = find("thigh", "both", "fat_fraction_mean_of_voxels")
    assert row.value == pytest.approx((18.0 * 30 + 24.0 * 10) / 42.0)
    assert row.reason == find("thigh", "both", "tmv").reason
    assert find("thigh", "left", "fat_fraction_of_sums").value == pytest.approx(10.0)


def test_every_row_is_unique() -> None:
    rows = measure(*case(), Subject(height_m=2.0, grip_strength_kg=30.0))
    assert len({(row.structure, row.side, row.quantity) for row in rows}) == len(rows)


def test_an_empty_segmentation_has_only_rows_without_a_value() -> None:
    scan, segmentation = case()
    empty = replace(segmentation, labels=np.zeros_like(segmentation.labels))
    rows = measure(scan, empty, Subject(height_m=1.7, grip_strength_kg=30.0))
    assert all(math.isnan(row.value) and not row.complete for row in rows)


def test_labels_of_unknown_side_are_measured_as_both() -> None:
    scan, segmentation = case()
    single = np.where(segmentation.labels > 100, 0, segmentation.labels).astype(np.uint8)
    find = finder(scan, replace(segmentation, labels=single, sides_split=False))
    assert find("vastus_lateralis", "both", "fat_fraction_mean_of_voxels").value == pytest.approx(30.0)
    assert find("thigh", "both", "subcutaneous_fat_volume").reason == "left and right are not split"


def test_labels_on_another_grid_are_refused() -> None:
    scan, segmentation = case()
    with pytest.raises(GeometryError, match="not the scan's"):
        measure(scan, replace(segmentation, grid=replace(GRID, origin=(5.0, 0.0, 0.0))), Subject())
