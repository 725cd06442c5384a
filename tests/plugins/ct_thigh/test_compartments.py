from __future__ import annotations

import numpy as np

from myoscope_ct_thigh.compartments import LEAN, HURange


def test_a_range_holds_both_ends_and_fractions_below_the_next_whole_number() -> None:
    hu = np.array([-30.0, -29.5, -29.0, 150.0, 150.9, 151.0])
    assert LEAN.holds(hu).tolist() == [False, False, True, True, True, False]
    assert HURange(-190, -30).holds(np.array([-191, -190, -30, -29], np.int16)).tolist() == [False, True, True, False]
