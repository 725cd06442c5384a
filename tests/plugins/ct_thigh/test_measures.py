from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from myoscope import GeometryError, Grid, Measurement, Scan, Segmentation, Side, Subject
from myoscope_ct_thigh.measures import measure
from myoscope_ct_thigh.structures import STRUCTURES

GRID = Grid.identity((60, 40, 50), (2.0, 1.0, 3.0), (0.0, 0.0, 0.0))
PREDICTED = frozenset(STRUCTURES.names) - {"iliopsoas"}
Find = Callable[[str, str, str], Measurement]


def case() -> tuple[Scan, Segmentation]:
    """Boxes: a femur a side over slices 5 to 44, vastus lateralis cut above on the left, gracilis on the right only."""
    labels = np.zeros(GRID.shape, np.uint8)
    image = np.full(GRID.shape, -100, np.int16)
    labels[5:45, 18:22, 10:14], labels[5:45, 18:22, 40:44] = 28, 128
    labels[10:40, 5:15, 8:18], labels[10:50, 5:15, 38:48] = 3, 103
    labels[10:20, 30:35, 20:24] = 9
    labels[20:30, 30:35, 20:22] = 9
    image[labels > 0] = 60
    image[10:13, 5:15, 8:18] = 29
    image[13:16, 5:15, 8:18] = 30
    image[16:19, 5:15, 8:18] = -29
    image[19:22, 5:15, 8:18] = -30
    image[22:25, 5:15, 8:18] = -190
    image[25:28, 5:15, 8:18] = -191
    image[28:31, 5:15, 8:18] = 150
    image[31:34, 5:15, 8:18] = 151
    return (
        Scan("ct_thigh", {"ct": image}, GRID, "boxes"),
        Segmentation(labels, GRID, STRUCTURES, PREDICTED, sides_split=True),
    )


def finder(scan: Scan, segmentation: Segmentation, height: float | None = 2.0) -> Find:
    rows = measure(scan, segmentation, Subject(height_m=height))

    def find(structure: str, side: str, quantity: str) -> Measurement:
        (row,) = rows.select(structure=structure, side=Side(side), quantity=quantity)
        return row

    return find


@pytest.fixture(scope="module")
def find() -> Find:
    return finder(*case())


def test_volume_and_sections_of_a_box_are_exact(find: Find) -> None:
    assert find("vastus_lateralis", "right", "volume").value == pytest.approx(18.0)
    assert find("vastus_lateralis", "right", "csa_max").value == pytest.approx(2.0)
    assert find("gracilis", "right", "csa_max").value == pytest.approx(0.4)
    assert find("vastus_lateralis", "right", "volume_height2").value == pytest.approx(18000 / 4)
    assert find("vastus_lateralis", "right", "volume").unit == "mL"


def test_the_section_at_half_femur_is_taken_between_its_ends(find: Find) -> None:
    # The femur fills slices 5 to 44: the middle lies between 24 and 25, where gracilis is two voxels wide.
    assert find("gracilis", "right", "csa_at_50pct_femur").value == pytest.approx(0.2)
    left = find("vastus_lateralis", "left", "csa_at_50pct_femur")
    assert left.value == pytest.approx(2.0)
    assert left.complete


def test_compartments_hold_their_limits(find: Find) -> None:
    # Three slices of 100 voxels each: 1.8 mL for every HU of the phantom.
    assert find("vastus_lateralis", "right", "lean_volume").value == pytest.approx(1.8 * 4 + 6 * 0.6)
    assert find("vastus_lateralis", "right", "low_attenuation_volume").value == pytest.approx(1.8 * 2)
    assert find("vastus_lateralis", "right", "intramuscular_fat_volume").value == pytest.approx(1.8 * 2)


def test_density_is_mean_deviation_and_median_of_the_voxels(find: Find) -> None:
    values = np.repeat([29, 30, -29, -30, -190, -191, 150, 151, 60, 60], 3)
    assert find("vastus_lateralis", "right", "hu_mean").value == pytest.approx(values.mean())
    assert find("vastus_lateralis", "right", "hu_sd").value == pytest.approx(values.std())
    assert find("vastus_lateralis", "right", "hu_median").value == pytest.approx(np.median(values))


def test_a_structure_at_the_border_is_partial_and_says_where(find: Find) -> None:
    row = find("vastus_lateralis", "left", "volume")
    assert (row.value, row.complete) == (pytest.approx(24.0), False)
    assert row.reason == "cut by the field of view at the upper end"
    both = find("vastus_lateralis", "both", "volume")
    assert (both.value, both.complete) == (pytest.approx(42.0), False)
    assert both.reason == "left cut by the field of view at the upper end"


def test_what_is_not_there_is_never_zero(find: Find) -> None:
    absent = find("gracilis", "left", "volume")
    assert math.isnan(absent.value)
    assert absent.reason == "not found in the field of view"
    unknown = find("iliopsoas", "both", "volume")
    assert math.isnan(unknown.value)
    assert unknown.reason == "not predicted by this model"
    assert find("gracilis", "both", "volume").reason == "left not found in the field of view"


def test_a_group_is_a_partial_sum_that_names_what_is_missing(find: Find) -> None:
    row = find("functional:adductor", "right", "volume")
    assert row.value == pytest.approx(find("gracilis", "right", "volume").value)
    assert not row.complete
    assert row.reason == ("adductor_longus, adductor_brevis, adductor_magnus, pectineus not found in the field of view")
    assert "iliopsoas not predicted by this model" in find("kim2024:other", "right", "volume").reason


def test_a_group_with_all_members_is_complete() -> None:
    scan, segmentation = case()
    labels = segmentation.labels.copy()
    for n, value in enumerate((19, 20, 21)):
        labels[10:12, 36:38, 2 + 4 * n : 4 + 4 * n] = value
        labels[10:12, 36:38, 32 + 4 * n : 34 + 4 * n] = value + 100
    find = finder(scan, replace(segmentation, labels=labels))
    row = find("functional:flexor", "both", "volume")
    assert (row.value, row.complete, row.reason) == (pytest.approx(6 * 8 * 6 / 1000), True, "")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: replace(s, predicted=s.predicted - {"femur"}), "femur not predicted by this model"),
        (lambda s: replace(s, labels=np.where(s.labels == 28, 0, s.labels)), "femur not found in the field of view"),
        (
            lambda s: replace(s, labels=np.pad(s.labels, ((5, 0), (0, 0), (0, 0)), mode="edge")[:50]),
            "femur cut by the field of view at the upper end",
        ),
    ],
)
def test_half_femur_without_a_whole_femur_is_unknown(
    change: Callable[[Segmentation], Segmentation], reason: str
) -> None:
    scan, segmentation = case()
    row = finder(scan, change(segmentation))("gracilis", "right", "csa_at_50pct_femur")
    assert math.isnan(row.value)
    assert row.reason == reason


def test_rows_come_by_id_side_and_quantity_then_groups_then_thigh() -> None:
    rows = list(measure(*case(), Subject(height_m=2.0)))
    names = list(dict.fromkeys(row.structure for row in rows))
    assert names[:29] == list(STRUCTURES.names)
    assert names[29] == "kim2024:anterior"
    assert names[-1] == "thigh"
    vastus = [row for row in rows if row.structure == "vastus_lateralis"]
    assert list(dict.fromkeys(row.side for row in vastus)) == ["right", "left", "both"]
    assert [row.quantity for row in vastus if row.side is Side.RIGHT] == [
        "volume",
        "csa_max",
        "csa_at_50pct_femur",
        "hu_mean",
        "hu_sd",
        "hu_median",
        "lean_volume",
        "low_attenuation_volume",
        "intramuscular_fat_volume",
        "volume_height2",
    ]
    assert len({(row.structure, row.side, row.quantity) for row in rows}) == len(rows)


def test_without_a_height_nothing_is_divided_by_it() -> None:
    assert not measure(*case(), Subject()).select(quantity="volume_height2").rows


def test_an_empty_segmentation_has_only_rows_without_a_value() -> None:
    scan, segmentation = case()
    rows = measure(scan, replace(segmentation, labels=np.zeros_like(segmentation.labels)), Subject(height_m=1.7))
    assert all(math.isnan(row.value) and not row.complete for row in rows)
    assert {row.reason for row in rows if ":" not in row.structure} == {
        "not found in the field of view",
        "not predicted by this model",
    }


def test_labels_of_unknown_side_are_measured_as_both() -> None:
    scan, segmentation = case()
    single = np.where(segmentation.labels > 100, 0, segmentation.labels).astype(np.uint8)
    find = finder(scan, replace(segmentation, labels=single, sides_split=False))
    assert find("vastus_lateralis", "both", "volume").value == pytest.approx(18.0)
    assert find("thigh", "both", "intermuscular_fat_volume").reason == "left and right are not split"


def test_labels_on_another_grid_are_refused() -> None:
    scan, segmentation = case()
    other = replace(GRID, origin=(5.0, 0.0, 0.0))
    with pytest.raises(GeometryError, match="not the scan's"):
        measure(scan, replace(segmentation, grid=other), Subject())
