from __future__ import annotations

from dataclasses import replace

import numpy as np

from myoscope import Finding, Grid, Scan, Segmentation, Subject
from myoscope_dixon_mri.balance import THIGH_AND_HIP
from myoscope_dixon_mri.checks import check
from myoscope_dixon_mri.measures import measure
from myoscope_dixon_mri.structures import STRUCTURES

GRID = Grid.identity((200, 40, 40), (2.0, 3.0, 12.0), (-199.0, -60.0, 0.0))
#: Muscles of the inner and outer thigh first, so that the columns tell the side.
INNER = ("gracilis", "adductor_longus", "adductor_brevis", "adductor_magnus", "semimembranosus", "vastus_medialis")
OUTER = ("vastus_lateralis", "biceps_femoris", "tensor_fasciae_latae", "gluteus_medius", "gluteus_minimus")


def clean() -> tuple[Scan, Segmentation]:
    """Two legs: columns of muscle, outer ones outside, of volumes that anatomy allows."""
    order = [*OUTER, *(n for n in THIGH_AND_HIP if n not in {*INNER, *OUTER}), "femur", *INNER]
    labels = np.zeros(GRID.shape, np.uint8)
    for place, name in enumerate(order):
        value, first = STRUCTURES[name].id, 6 + 4 * place
        where = np.s_[5:35, 10:30]
        labels[(*where, slice(first, first + 4))] = value
        labels[(*where, slice(200 - first - 4, 200 - first))] = value + 100
    water, fat = np.zeros(GRID.shape, np.float32), np.zeros(GRID.shape, np.float32)
    water[:, 5:35, 3:197], fat[:, 5:35, 3:197] = 20.0, 380.0
    water[labels > 0], fat[labels > 0] = 230.0, 20.0
    scan = Scan("dixon_mri", {"water": water, "fat": fat}, GRID, "clean")
    return scan, Segmentation(labels, GRID, STRUCTURES, frozenset(STRUCTURES.names), sides_split=True)


def findings(scan: Scan, segmentation: Segmentation) -> dict[str, Finding]:
    found = check(scan, segmentation, measure(scan, segmentation, Subject()))
    assert all(finding.action for finding in found)
    return {finding.code: finding for finding in found}


def test_a_clean_case_has_no_finding() -> None:
    assert findings(*clean()) == {}


def test_a_scan_without_a_thigh_is_an_error_and_nothing_else() -> None:
    scan, segmentation = clean()
    found = findings(scan, replace(segmentation, labels=np.zeros_like(segmentation.labels)))
    assert [(code, str(finding.severity)) for code, finding in found.items()] == [("no_thigh_in_view", "error")]


def test_knees_out_of_view_make_the_thigh_volume_a_sum_of_parts() -> None:
    scan, segmentation = clean()
    labels = segmentation.labels.copy()
    labels[:5] = labels[5]
    found = findings(scan, replace(segmentation, labels=labels))
    assert set(found) == {"cut_by_field_of_view", "tmv_incomplete"}
    assert "cut by the field of view at the lower end" in found["tmv_incomplete"].message


def test_mirrored_labels_disagree_with_geometry() -> None:
    scan, segmentation = clean()
    labels = segmentation.labels
    swapped = np.where(labels > 100, labels - 100, np.where(labels > 0, labels + 100, 0)).astype(np.uint8)
    assert "side_disagrees_with_geometry" in findings(scan, replace(segmentation, labels=swapped))


def test_a_nominal_orientation_leaves_the_sides_in_doubt() -> None:
    scan, segmentation = clean()
    assert set(findings(replace(scan, oriented=False), segmentation)) == {"orientation_nominal"}


def test_exchanged_water_and_fat_show_in_the_muscles() -> None:
    scan, segmentation = clean()
    exchanged = replace(scan, channels={"water": scan.channels["fat"], "fat": scan.channels["water"]})
    assert "both 92%" in findings(exchanged, segmentation)["fat_fraction_implausible"].message


def test_a_muscle_around_metal_is_named() -> None:
    scan, segmentation = clean()
    hole = segmentation.labels == STRUCTURES["gluteus_medius"].id
    hole[:20] = False
    silent = {name: np.where(hole, np.float32(0), image) for name, image in scan.channels.items()}
    found = findings(replace(scan, channels=silent), segmentation)
    assert set(found) == {"muscle_without_signal"}
    assert "right gluteus_medius (no signal in 50% of its voxels)" in found["muscle_without_signal"].message


def test_a_volume_that_anatomy_does_not_allow_is_reported() -> None:
    scan, segmentation = clean()
    labels = segmentation.labels.copy()
    gracilis = labels == STRUCTURES["gracilis"].id
    labels[gracilis & (np.arange(40) > 6)[:, None, None]] = 0
    assert "right gracilis" in findings(scan, replace(segmentation, labels=labels))["volume_outside_anatomy"].message
