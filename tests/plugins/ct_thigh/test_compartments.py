from __future__ import annotations

import numpy as np

from myoscope_ct_thigh.compartments import FASCIA_CLOSING_RADIUS_MM, LEAN, HURange, fascial_envelope


def test_a_range_holds_both_ends_and_fractions_below_the_next_whole_number() -> None:
    hu = np.array([-30.0, -29.5, -29.0, 150.0, 150.9, 151.0])
    assert LEAN.holds(hu).tolist() == [False, False, True, True, True, False]
    assert HURange(-190, -30).holds(np.array([-191, -190, -30, -29], np.int16)).tolist() == [False, True, True, False]


def test_an_envelope_bridges_a_narrow_gap_but_not_a_wide_one() -> None:
    mask = np.zeros((60, 100), np.bool_)
    mask[10:50, 10:30] = mask[10:50, 38:58] = mask[10:50, 80:99] = True
    envelope = fascial_envelope(mask, (1.0, 1.0))
    assert envelope[30, 34]
    assert not envelope[30, 69]
    assert (envelope | ~mask).all()


def test_an_envelope_has_no_holes_and_stays_within_the_hull() -> None:
    mask = np.zeros((60, 60), np.bool_)
    mask[5:55, 5:55] = True
    mask[10:50, 10:50] = False
    expected = np.zeros_like(mask)
    expected[5:55, 5:55] = True
    assert np.array_equal(fascial_envelope(mask, (1.0, 1.0)), expected)


def test_the_radius_is_in_mm() -> None:
    mask = np.zeros((40, 80), np.bool_)
    gap = int(FASCIA_CLOSING_RADIUS_MM * 1.5)
    mask[5:35, 5:20] = mask[5:35, 20 + gap : 35 + gap] = True
    assert fascial_envelope(mask, (1.0, 1.0))[20, 20 + gap // 2]
    assert not fascial_envelope(mask, (3.0, 3.0))[20, 20 + gap // 2]


def test_an_empty_slice_has_an_empty_envelope() -> None:
    assert not fascial_envelope(np.zeros((5, 5), np.bool_), (1.0, 1.0)).any()
