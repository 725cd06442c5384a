import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from myoscope.metrics import Overlap, dice, overlap_counts

LABELS = np.uint8
SOME = st.sampled_from([0, 1, 2, 101, 255])


def test_counts_of_a_map_drawn_by_hand() -> None:
    prediction = np.array([[[1, 1, 0], [2, 2, 2]]], dtype=LABELS)
    reference = np.array([[[1, 0, 1], [2, 2, 101]]], dtype=LABELS)
    counts = overlap_counts(prediction, reference)
    assert counts == {1: Overlap(2, 2, 1), 2: Overlap(3, 2, 2), 101: Overlap(0, 1, 0)}
    assert dice(counts[1]) == pytest.approx(0.5)
    assert dice(counts[2]) == pytest.approx(0.8)
    assert dice(counts[101]) == 0.0


def test_equal_maps_have_a_dice_of_one() -> None:
    labels = np.random.default_rng(0).integers(0, 256, (4, 5, 6)).astype(LABELS)
    counts = overlap_counts(labels, labels)
    assert set(counts) == set(np.unique(labels).tolist()) - {0}
    assert all(dice(count) == 1.0 for count in counts.values())


def test_empty_maps_have_no_counts_and_an_empty_pair_has_no_dice() -> None:
    empty = np.zeros((2, 3, 4), dtype=LABELS)
    assert overlap_counts(empty, empty) == {}
    assert math.isnan(dice(Overlap(0, 0, 0)))


def test_a_label_that_only_one_map_holds_has_a_dice_of_zero() -> None:
    empty, full = np.zeros((2, 3, 4), dtype=LABELS), np.full((2, 3, 4), 7, dtype=LABELS)
    assert overlap_counts(full, empty) == {7: Overlap(24, 0, 0)}
    assert overlap_counts(empty, full) == {7: Overlap(0, 24, 0)}
    assert dice(Overlap(24, 0, 0)) == dice(Overlap(0, 24, 0)) == 0.0


@settings(max_examples=50, deadline=None)
@given(arrays(LABELS, (2, 3, 4), elements=SOME), arrays(LABELS, (2, 3, 4), elements=SOME))
def test_counts_are_those_of_counting_each_label_on_its_own(prediction: np.ndarray, reference: np.ndarray) -> None:
    counts = overlap_counts(prediction, reference)
    present = (set(prediction.ravel().tolist()) | set(reference.ravel().tolist())) - {0}
    assert set(counts) == present
    for value in present:
        p, r = prediction == value, reference == value
        assert counts[value] == Overlap(int(p.sum()), int(r.sum()), int((p & r).sum()))
        assert 0.0 <= dice(counts[value]) <= 1.0
        assert dice(counts[value]) == dice(overlap_counts(reference, prediction)[value])
