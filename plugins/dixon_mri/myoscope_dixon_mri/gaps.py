"""Stretches of the body that no station of a fused scan covers, and the structures that they cut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from myoscope.ops.slices import slice_positions_mm

if TYPE_CHECKING:
    from myoscope import Station
    from myoscope.ops.regions import Regions


def gap_cuts(stations: Sequence[Station], regions: Regions) -> dict[int, tuple[str, ...]]:
    """Return label value -> gaps between stations that it reaches, for labels that reach any.

    Args:
        stations: From the head down.
        regions: Sums over the labels.
    """
    heights = np.array(slice_positions_mm(regions.grid))
    cuts: dict[int, tuple[str, ...]] = {}
    for upper, lower in pairwise(stations):
        unseen = np.flatnonzero((heights > lower.z_mm[1]) & (heights < upper.z_mm[0]))
        if not unseen.size:
            continue
        first, last = int(unseen[0]), int(unseen[-1])
        lowest, above = regions.boxes[:, 0, 0], regions.boxes[:, 0, 1]
        reached = regions.counts.any(axis=1) & (above >= first) & (lowest <= last + 1)
        for value in np.flatnonzero(reached[1:]) + 1:
            cuts[int(value)] = (*cuts.get(int(value), ()), f"gap between {upper.name} and {lower.name}")
    return cuts
