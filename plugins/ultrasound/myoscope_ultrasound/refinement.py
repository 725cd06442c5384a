"""From a network's labels to labels that can be measured: one piece a muscle, and one line an aponeurosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from myoscope_ultrasound.aponeuroses import DEEP, MUSCLE, SUPERFICIAL, find_aponeuroses, muscle_between
from myoscope_ultrasound.patches import Patch, filled, largest_piece, patch_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope import Scan, Segmentation

    Labels = NDArray[np.uint8]


def refine(scan: Scan, segmentation: Segmentation) -> Segmentation:
    """Return a model's labels cleaned, frame by frame; labels that a person gave are returned as they are.

    A muscle keeps its largest piece, without holes. An aponeurosis keeps its largest piece and those that continue it;
    `muscle` is drawn anew between the two lines, over the columns in which both are seen, and nowhere when one is
    missing. Nothing is left outside the view.
    """
    if not segmentation.by_model:
        return segmentation
    given = segmentation.labels
    cleaned = np.zeros_like(given)
    window = (Ellipsis, *scan.calibration.view.slices) if scan.calibration else (Ellipsis,)
    names = [structure.name for structure in segmentation.structures if structure.name in segmentation.predicted]
    values = {name: segmentation.structures[name].id for name in names}
    is_video = given.ndim > segmentation.grid.ndim
    frames, results = (array[window] if is_video else array[window][None] for array in (given, cleaned))
    for frame, result in zip(frames, results, strict=True):
        _clean(frame, result, values)
    return replace(segmentation, labels=cleaned)


def _clean(frame: Labels, result: Labels, values: Mapping[str, int]) -> None:
    """Draw what is kept of a frame's labels into an empty frame."""
    if {SUPERFICIAL, DEEP} <= values.keys():
        _draw_longitudinal(frame, result, values)
        values = {name: value for name, value in values.items() if name not in {SUPERFICIAL, DEEP, MUSCLE}}
    for value in values.values():
        patch = patch_of(frame == value)
        if patch is None:
            continue
        piece = largest_piece(patch)
        inside = filled(piece.mask).view(np.bool_)
        own = frame[piece.slices]
        result[piece.slices][inside & ((own == value) | (own == 0))] = value


def _draw_longitudinal(frame: Labels, result: Labels, values: Mapping[str, int]) -> None:
    """Draw both lines, and the muscle between them when its label is known."""
    lines = find_aponeuroses(frame == values[SUPERFICIAL], frame == values[DEEP])
    superficial, deep = lines
    if superficial is not None and deep is not None and MUSCLE in values:
        region = muscle_between(superficial, deep, (frame.shape[0], frame.shape[1]))
        if region is not None:
            _draw(result, region, values[MUSCLE])
    for line, name in zip(lines, (SUPERFICIAL, DEEP), strict=True):
        for part in line.parts if line is not None else ():
            _draw(result, part, values[name])


def _draw(result: Labels, patch: Patch, value: int) -> None:
    result[patch.slices][patch.mask.view(np.bool_)] = value
