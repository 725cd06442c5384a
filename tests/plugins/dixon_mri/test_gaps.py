from __future__ import annotations

import numpy as np

from myoscope import Grid, Station
from myoscope.ops.regions import summarize
from myoscope_dixon_mri.gaps import gap_cuts

GRID = Grid.identity((6, 6, 20), (2.0, 2.0, 5.0), (0.0, 0.0, 2.5))
#: Slices 9 to 11 lie between both.
UPPER, LOWER = Station("station 1", (60.0, 100.0)), Station("station 2", (0.0, 45.0))


def test_structures_on_both_sides_of_a_gap_or_at_its_edge_are_cut() -> None:
    labels = np.zeros(GRID.shape, np.uint8)
    labels[2:18, 0, 0] = 1
    labels[2:9, 1, 0] = 2
    labels[12:15, 2, 0] = 3
    labels[2:8, 3, 0] = 4
    labels[13:15, 4, 0] = 5
    cuts = gap_cuts((UPPER, LOWER), summarize(labels, GRID))
    assert cuts == dict.fromkeys((1, 2, 3), ("gap between station 1 and station 2",))


def test_stations_that_overlap_or_stand_alone_leave_no_gap() -> None:
    regions = summarize(np.ones(GRID.shape, np.uint8), GRID)
    assert gap_cuts((UPPER, Station("station 2", (0.0, 65.0))), regions) == {}
    assert gap_cuts((UPPER,), regions) == {}
    assert gap_cuts((), regions) == {}


def test_every_gap_is_named() -> None:
    three = (Station("a", (80.0, 100.0)), Station("b", (40.0, 60.0)), Station("c", (0.0, 20.0)))
    cuts = gap_cuts(three, summarize(np.ones(GRID.shape, np.uint8), GRID))
    assert cuts == {1: ("gap between a and b", "gap between b and c")}
