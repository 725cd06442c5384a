from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import Calibration, Grid, Scan, Segmentation, View
from myoscope_ultrasound.aponeuroses import find_aponeuroses
from myoscope_ultrasound.refinement import refine
from myoscope_ultrasound.structures import SITES, STRUCTURES

SIZE = (200, 160)
VIEW = View(10, 10, 180, 140)
MUSCLE, SUPERFICIAL, DEEP = 34, 35, 36
FEMORIS = 2
Labels = NDArray[np.uint8]


def empty() -> Labels:
    return np.zeros(SIZE[::-1], dtype=np.uint8)


def aponeuroses(columns: slice = slice(10, 190)) -> Labels:
    """Superficial in rows 40 to 45, deep in rows 110 to 117."""
    labels = empty()
    labels[40:46, columns], labels[110:118, columns] = SUPERFICIAL, DEEP
    return labels


def refined(labels: Labels, site: str, *, by_model: bool = True) -> Labels:
    grid = Grid.picture(SIZE, (0.1, 0.1))
    times = tuple(0.1 * i for i in range(len(labels))) if labels.ndim == 3 else ()
    scan = Scan(
        "ultrasound", {"bmode": np.zeros_like(labels)}, grid, "case",
        times_s=times, calibration=Calibration("test", VIEW), site=site,
    )  # fmt: skip
    predicted = frozenset(SITES[site])
    given = Segmentation(labels, grid, STRUCTURES, predicted, sides_split=False, by_model=by_model)
    before = labels.copy()
    found = refine(scan, given)
    assert (labels == before).all()
    assert replace(found, labels=labels) == given
    return found.labels


def test_a_muscle_keeps_its_largest_piece_without_holes() -> None:
    labels = empty()
    labels[40:100, 50:150] = FEMORIS
    expected = labels.copy()
    labels[60:70, 80:95] = 0
    labels[20:25, 20:25] = FEMORIS
    assert (refined(labels, "rectus_femoris") == expected).all()


def test_another_muscle_inside_a_muscle_stays() -> None:
    labels = empty()
    labels[40:100, 50:150] = 32
    labels[60:80, 80:110] = 33
    assert (refined(labels, "peroneus") == labels).all()


def test_nothing_is_left_outside_the_view() -> None:
    labels = empty()
    labels[0:60, 0:60] = FEMORIS
    found = refined(labels, "rectus_femoris")
    assert (found[10:60, 10:60] == FEMORIS).all()
    assert (found == FEMORIS).sum() == 50 * 50


def test_the_muscle_is_drawn_anew_between_the_inner_borders() -> None:
    labels = aponeuroses()
    labels[60:70, 30:40] = MUSCLE  # what the network says of it does not matter
    labels[130:140, 30:90] = MUSCLE
    found = refined(labels, "longitudinal")
    expected = aponeuroses()
    expected[46:110, 10:190] = MUSCLE
    assert (found == expected).all()


def test_a_missing_aponeurosis_leaves_no_muscle() -> None:
    labels = np.where(aponeuroses() == DEEP, 0, aponeuroses()).astype(np.uint8)
    labels[60:100, 30:170] = MUSCLE
    found = refined(labels, "longitudinal")
    assert set(np.unique(found).tolist()) == {0, SUPERFICIAL}


def test_specks_beside_an_aponeurosis_are_dropped() -> None:
    labels = aponeuroses()
    expected = refined(labels, "longitudinal")
    labels[20:24, 60:70] = DEEP
    labels[140:144, 60:70] = SUPERFICIAL
    labels[70:76, 100:108] = DEEP
    assert (refined(labels, "longitudinal") == expected).all()


def test_a_short_gap_in_a_line_is_bridged_for_the_muscle_but_not_drawn() -> None:
    labels = aponeuroses()
    labels[40:46, 80:100] = 0
    found = refined(labels, "longitudinal")
    assert (found[40:46, 80:100] == 0).all()
    assert (found[40:46, 100:190] == SUPERFICIAL).all()
    assert (found[46:110, 10:190] == MUSCLE).all()


def test_a_slanted_line_is_bridged_along_its_slope() -> None:
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    labels = empty()
    labels[np.abs(y - 30 - 0.15 * x) <= 3] = SUPERFICIAL
    labels[np.abs(y - 90 - 0.15 * x) <= 3] = DEEP
    whole = refined(labels, "longitudinal")
    labels[:, 90:110] = 0
    found = refined(labels, "longitudinal")
    differs = (found != whole) & (whole == MUSCLE)
    assert differs.sum() <= 2 * 20  # at most a pixel at either border of the 20 columns
    assert (found[:, 90:110] != DEEP).all()


def test_a_long_gap_ends_the_muscle() -> None:
    labels = aponeuroses()
    labels[40:46, 110:170] = 0
    found = refined(labels, "longitudinal")
    assert (found[46:110, 10:110] == MUSCLE).all()
    assert not found[46:110, 110:].any()
    assert not found[40:46, 170:].any()  # too far away to be the same line


def test_a_piece_off_the_course_is_another_line() -> None:
    labels = aponeuroses()
    labels[110:118, 120:190] = 0
    labels[135:142, 125:185] = DEEP  # 25 rows deeper: the next aponeurosis
    found = refined(labels, "longitudinal")
    assert not found[130:, :].any()
    assert not (found[:, 120:] == MUSCLE).any()


def test_no_muscle_is_drawn_where_only_one_line_is_seen() -> None:
    labels = aponeuroses()
    labels[40:46, :50] = 0
    labels[110:118, 160:] = 0
    found = refined(labels, "longitudinal")
    columns = np.flatnonzero((found == MUSCLE).any(axis=0))
    assert (columns[0], columns[-1]) == (50, 159)


def test_of_lines_in_the_wrong_order_the_largest_pair_in_order_is_taken() -> None:
    labels = aponeuroses(slice(10, 120))
    labels[20:26, 10:180] = DEEP  # larger than the true one, but above the superficial aponeurosis
    found = refined(labels, "longitudinal")
    assert not found[20:26].any()
    assert (found[46:110, 10:120] == MUSCLE).all()


def test_lines_that_have_no_order_leave_the_larger_one() -> None:
    labels = empty()
    labels[110:116, 10:190], labels[40:46, 10:100] = SUPERFICIAL, DEEP
    assert set(np.unique(refined(labels, "longitudinal")).tolist()) == {0, SUPERFICIAL}


def test_labels_that_a_person_gave_are_never_changed() -> None:
    labels = aponeuroses()
    labels[20:24, 60:70] = DEEP
    labels[0:5, 0:5] = MUSCLE
    assert (refined(labels, "longitudinal", by_model=False) == labels).all()


def test_each_frame_of_a_video_is_cleaned_alone() -> None:
    first, second = aponeuroses(), aponeuroses(slice(60, 150))
    found = refined(np.stack([first, second, empty()]), "longitudinal")
    assert (found[0] == refined(first, "longitudinal")).all()
    assert (found[1] == refined(second, "longitudinal")).all()
    assert not found[2].any()


@pytest.mark.parametrize("seed", range(15))
def test_cleaning_twice_is_cleaning_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = aponeuroses()
    for _ in range(12):
        x, y = rng.integers(0, 180), rng.integers(0, 140)
        labels[y : y + rng.integers(2, 15), x : x + rng.integers(2, 25)] = rng.choice([0, MUSCLE, SUPERFICIAL, DEEP])
    once = refined(labels, "longitudinal")
    assert (refined(once, "longitudinal") == once).all()


def test_a_line_of_one_pixel_is_a_line() -> None:
    upper, lower = np.zeros(SIZE[::-1], dtype=np.bool_), np.zeros(SIZE[::-1], dtype=np.bool_)
    x = np.arange(SIZE[0])
    upper[30 + x // 4, x] = lower[90 + x // 4, x] = True
    superficial, deep = find_aponeuroses(upper, lower)
    assert superficial is not None
    assert deep is not None
    assert deep.middle - superficial.middle == pytest.approx(60)
