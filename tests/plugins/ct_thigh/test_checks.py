from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from myoscope import Finding, Grid, Scan, Segmentation, Subject
from myoscope_ct_thigh.checks import check
from myoscope_ct_thigh.measures import measure
from myoscope_ct_thigh.structures import STRUCTURES

SIZE = (160, 60, 40)
GRID = Grid.identity(SIZE, (2.0, 2.0, 10.0), (-160.0, -60.0, 0.0))
#: Structure, first column on the right (mirrored on the left), first row, width.
LEG = (("femur", 40, 25, 10), ("vastus_lateralis", 22, 20, 15), ("adductor_magnus", 52, 32, 14))


def clean() -> tuple[Scan, Segmentation]:
    """Two legs of boxes in fat, in air, well inside the field of view."""
    labels = np.zeros(GRID.shape, np.uint8)
    image = np.full(GRID.shape, -1000, np.int16)
    image[:, 5:55, 10:150] = -100
    for name, first, row, width in LEG:
        value = STRUCTURES[name].id
        where = np.s_[5:35, row : row + width]
        labels[(*where, slice(first, first + width))] = value
        labels[(*where, slice(160 - first - width, 160 - first))] = value + 100
    image[labels > 0] = 55
    image[labels % 100 == 28] = 400
    scan = Scan("ct_thigh", {"ct": image}, GRID, "clean")
    return scan, Segmentation(labels, GRID, STRUCTURES, frozenset(STRUCTURES.names), sides_split=True)


def findings(scan: Scan, segmentation: Segmentation) -> dict[str, Finding]:
    found = check(scan, segmentation, measure(scan, segmentation, Subject()))
    assert all(finding.action for finding in found)
    return {finding.code: finding for finding in found}


def with_image(scan: Scan, image: np.ndarray) -> Scan:
    return replace(scan, channels={"ct": image})


def test_a_clean_case_has_no_finding() -> None:
    assert findings(*clean()) == {}


def test_a_structure_at_the_border_is_reported() -> None:
    scan, segmentation = clean()
    labels = segmentation.labels.copy()
    labels[:6][labels[5:6].repeat(6, 0) == 28] = 28
    assert (
        "femur (right at the lower end)"
        in findings(scan, replace(segmentation, labels=labels))["cut_by_field_of_view"].message
    )


def test_a_scan_without_a_thigh_is_an_error() -> None:
    scan, segmentation = clean()
    found = findings(scan, replace(segmentation, labels=np.zeros_like(segmentation.labels)))
    assert [(code, finding.severity) for code, finding in found.items()] == [("no_thigh_in_view", "error")]


def test_mirrored_labels_disagree_with_geometry() -> None:
    scan, segmentation = clean()
    labels = segmentation.labels
    swapped = np.where(labels > 100, labels - 100, np.where(labels > 0, labels + 100, 0)).astype(np.uint8)
    message = findings(scan, replace(segmentation, labels=swapped))["side_disagrees_with_geometry"].message
    assert "femur" in message
    assert "the right leg's medial and lateral muscles" in message


def test_a_single_leg_with_the_wrong_side_is_reported() -> None:
    scan, segmentation = clean()
    labels = segmentation.labels
    wrong = np.where((labels > 0) & (labels < 100), labels + 100, 0).astype(np.uint8)
    assert "side_disagrees_with_geometry" in findings(scan, replace(segmentation, labels=wrong))


def test_a_volume_that_anatomy_does_not_allow_is_reported() -> None:
    scan, segmentation = clean()
    labels = segmentation.labels.copy()
    labels[10:12, 10:12, 100:102] = 104
    message = findings(scan, replace(segmentation, labels=labels))["volume_outside_anatomy"].message
    assert "left vastus_intermedius" in message


def test_sides_that_differ_are_reported() -> None:
    scan, segmentation = clean()
    labels = segmentation.labels.copy()
    labels[18:][labels[18:] == 108] = 0
    assert "adductor_magnus" in findings(scan, replace(segmentation, labels=labels))["sides_differ"].message


@pytest.mark.parametrize(
    ("shift", "words"), [(1024, "No air is in the scan"), (300, "Air lies at -700"), (-300, "Air lies at -1300")]
)
def test_values_that_are_not_hu_are_reported(shift: int, words: str) -> None:
    scan, segmentation = clean()
    message = findings(with_image(scan, scan.image + np.int16(shift)), segmentation)["hu_not_calibrated"].message
    assert message.startswith(words)


def test_padding_below_air_does_not_count_as_air() -> None:
    scan, segmentation = clean()
    image = scan.image.copy()
    image[:, :5] = -3024
    assert findings(with_image(scan, image), segmentation) == {}


@pytest.mark.parametrize(("value", "hu"), [(3, 180), (3, -90), (28, 20)])
def test_a_density_that_the_tissue_cannot_have_is_reported(value: int, hu: int) -> None:
    scan, segmentation = clean()
    image = scan.image.copy()
    image[segmentation.labels == value] = hu
    message = findings(with_image(scan, image), segmentation)["hu_implausible"].message
    assert f"right {STRUCTURES.decode(value)[0].name} ({hu} HU" in message  # type: ignore[index]


def test_metal_is_reported_with_its_volume_and_place() -> None:
    scan, segmentation = clean()
    image = scan.image.copy()
    image[12:15, 28:31, 43:46] = 3071
    message = findings(with_image(scan, image), segmentation)["metal"].message
    assert "1.1 mL" in message
    assert "slices 12 to 14" in message
    assert "x -72, y -2, z 130 mm (LPS), mostly in the right femur" in message


def test_a_few_dense_voxels_are_not_metal() -> None:
    scan, segmentation = clean()
    image = scan.image.copy()
    image[12, 28, 43:46] = 3071
    assert findings(with_image(scan, image), segmentation) == {}
