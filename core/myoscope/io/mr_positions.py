"""Slices of one contrast to stacks, one a table position."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from myoscope.errors import GeometryError
from myoscope.io.dicom import MIN_VOLUME_SLICES
from myoscope.io.dicom_stack import Stack, slice_axes, stack_frames
from myoscope.io.mr_headers import MRSlice

#: In order of acquisition, a step back or one of so many slice distances moves the table; a shorter step forward over
#: a gap is a slice that is missing.
TABLE_MOVE_STEPS = 2.5
#: A step along the stack by less than this share of a slice distance is none.
LEAST_STEP = 0.5
#: From this share of slices in one orientation on, the others are errors and not the views of a localizer.
MOST_ALIKE = 0.8
#: Orientations are counted as one when their cosines agree to so many decimals.
COSINE_DECIMALS = 2
#: Up to this number of different places a slice, a series shows its places again and again.
MOST_PLACES_A_SLICE = 0.5
#: Places are counted as one when they agree to so many decimals of a mm.
PLACE_DECIMALS = 1


def stacks_of(slices: Sequence[MRSlice]) -> list[Stack]:
    """Return one stack when the slices make a regular grid, else one a table position, in order of acquisition.

    Table positions are told apart by acquisition number or stack id, else by runs of slices, all equally long, between
    which the table moved.

    Raises:
        GeometryError: Neither the slices nor any parts of them are regular; it says what is wrong with the whole.
    """
    try:
        return [stack_frames([s.frame for s in slices])]
    except GeometryError:
        parts = _by_acquisition(slices), _by_runs(slices)
        stacks = next((found for found in map(_stacked, parts) if found), None)
        if stacks is None:
            raise
        return stacks


def why_no_volume(slices: Sequence[MRSlice]) -> str:
    """Return why slices that make no stack never could, or nothing when they are a volume with an error in it."""
    orientations = Counter(tuple(np.round(s.frame.orientation, COSINE_DECIMALS)) for s in slices)
    if max(orientations.values()) < MOST_ALIKE * len(slices):
        return f"its slices have {len(orientations)} orientations"
    places = len(np.unique(np.round(_heights(slices), PLACE_DECIMALS)))
    if places <= MOST_PLACES_A_SLICE * len(slices):
        return f"its {len(slices)} slices show {places} places, each again and again"
    return ""


def _by_acquisition(slices: Sequence[MRSlice]) -> list[list[MRSlice]]:
    groups: dict[str, list[MRSlice]] = {}
    for found in sorted(slices, key=lambda s: s.number):
        groups.setdefault(found.acquisition, []).append(found)
    return list(groups.values())


def _by_runs(slices: Sequence[MRSlice]) -> list[list[MRSlice]]:
    """Return the runs between moves of the table; none when they are unequal, as a slice may be missing.

    None either when numbers are absent or shared: the order in which the slices were taken is then unknown.
    """
    if len({s.number for s in slices}) < len(slices):
        return []
    ordered = sorted(slices, key=lambda s: s.number)
    steps = np.diff(_heights(ordered))
    usual = float(np.median(steps))
    if usual == 0:
        return []
    moved = np.flatnonzero((steps / usual < LEAST_STEP) | (steps / usual >= TABLE_MOVE_STEPS)) + 1
    ends = [0, *(int(end) for end in moved), len(ordered)]
    runs = [ordered[start:stop] for start, stop in itertools.pairwise(ends)]
    return runs if len({len(run) for run in runs}) == 1 else []


def _stacked(groups: Sequence[Sequence[MRSlice]]) -> list[Stack]:
    """Return a stack a group; none when there is only one group or any is too small or irregular."""
    if len(groups) < 2 or min(map(len, groups)) < MIN_VOLUME_SLICES:  # noqa: PLR2004
        return []
    try:
        return [stack_frames([s.frame for s in group]) for group in groups]
    except GeometryError:
        return []


def _heights(slices: Sequence[MRSlice]) -> NDArray[np.float64]:
    """Return where slices lie along the normal of the first, in mm."""
    positions = np.array([s.frame.position for s in slices])
    return np.asarray(positions @ slice_axes(slices[0].frame)[:, 2])
