from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from myoscope import Grid, Scan, Segmentation
from myoscope.ops.orient import from_lps
from myoscope_dixon_mri.refinement import refine
from myoscope_dixon_mri.structures import STRUCTURES

Limbs = Callable[..., tuple[dict[str, NDArray[np.float32]], NDArray[np.uint8], Grid]]
FEMUR, TIBIA = (5.0, -5.0, 14.0), (-20.0, -25.0, 14.0)


def case(
    limbs: tuple[dict[str, NDArray[np.float32]], NDArray[np.uint8], Grid], *, by_model: bool = True
) -> tuple[Scan, Segmentation]:
    channels, labels, grid = limbs
    predicted = frozenset(STRUCTURES.names)
    segmentation = Segmentation(labels, grid, STRUCTURES, predicted, sides_split=False, by_model=by_model)
    return Scan("dixon_mri", channels, grid, "limbs"), segmentation


def test_two_thighs_are_split_into_right_and_left(limbs: Limbs) -> None:
    scan, segmentation = case(limbs(FEMUR))
    refined = refine(scan, segmentation)
    right = np.arange(160) < 80
    assert refined.sides_split
    assert refined.findings == ()
    assert np.array_equal(refined.labels, segmentation.labels + np.uint8(100) * ((segmentation.labels > 0) & ~right))


def test_what_a_model_labels_in_calves_is_dropped_and_the_case_says_so(limbs: Limbs) -> None:
    scan, segmentation = case(limbs(TIBIA, radius=55.0, rind=5.0))
    refined = refine(scan, segmentation)
    assert not refined.labels.any()
    assert [finding.code for finding in refined.findings] == ["labels_not_believed"]


def test_labels_that_a_person_gave_stay_whatever_they_are_of(limbs: Limbs) -> None:
    scan, segmentation = case(limbs(TIBIA, radius=55.0, rind=5.0), by_model=False)
    assert np.array_equal(refine(scan, segmentation).labels % 100, segmentation.labels)


def test_a_plain_scan_is_judged_by_its_only_image(limbs: Limbs) -> None:
    for bone, radius, believed in ((FEMUR, 80.0, True), (TIBIA, 55.0, False)):
        scan, segmentation = case(limbs(bone, radius=radius))
        plain = replace(scan, channels={"mr": scan.channels["water"] + scan.channels["fat"]})
        assert refine(plain, segmentation).labels.any() == believed


def test_a_model_that_does_not_know_the_femur_is_not_judged_and_the_case_says_so(limbs: Limbs) -> None:
    scan, segmentation = case(limbs(TIBIA, radius=55.0, rind=5.0))
    muscle = np.where(segmentation.labels == 28, 0, segmentation.labels).astype(np.uint8)
    blind = replace(segmentation, labels=muscle, predicted=segmentation.predicted - {"femur"})
    refined = refine(scan, blind)
    assert refined.labels.any()
    assert "thigh_not_verified" in {finding.code for finding in refined.findings}


def test_a_scan_stored_along_other_axes_gives_the_same(limbs: Limbs) -> None:
    channels, labels, grid = limbs(FEMUR)
    turned = Grid((12, 160, 90), (8.0, 2.5, 2.5), (0.0, 0.0, 0.0), (0, -1, 0, 0, 0, -1, -1, 0, 0))
    stored = {name: np.ascontiguousarray(from_lps(array, turned)) for name, array in channels.items()}
    scan, segmentation = case((stored, np.ascontiguousarray(from_lps(labels, turned)), turned))
    upright = refine(*case((channels, labels, grid))).labels
    assert np.array_equal(refine(scan, segmentation).labels, from_lps(upright, turned))


def test_split_labels_are_not_touched_and_nothing_stays_nothing(limbs: Limbs) -> None:
    scan, segmentation = case(limbs(FEMUR))
    split = replace(segmentation, sides_split=True)
    assert refine(scan, split) is split
    empty = replace(segmentation, labels=np.zeros_like(segmentation.labels))
    assert refine(scan, empty).findings == ()
