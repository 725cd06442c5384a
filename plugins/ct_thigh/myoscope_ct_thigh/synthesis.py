"""Labelled thigh CT from the parametric thigh or from a label map."""

from __future__ import annotations

import numpy as np

from myoscope import LabelledCase, SynthesisOptions, UsageError
from myoscope.synthesis import anatomy_from_file, ct_case, thigh_anatomy
from myoscope_ct_thigh.structures import STRUCTURES

AXES = 3


def synthesize(seed: int, options: SynthesisOptions) -> LabelledCase:
    """Return the case of a seed.

    Raises:
        InputError: The label map is empty or does not split sides.
        UsageError: A size or spacing of other than three axes, a site, or frames.
    """
    for name, value in (("size", options.size), ("spacing", options.spacing_mm)):
        if value is not None and len(value) != AXES:
            raise UsageError(f"A thigh CT needs a {name} of three numbers, x, y and z, got {len(value)}.")
    if options.site or options.frames:
        raise UsageError("A thigh CT has neither sites nor frames.", "Leave out --site and --frames.")
    if options.label_map is not None:
        anatomy = anatomy_from_file(options.label_map, STRUCTURES)
    else:
        anatomy = thigh_anatomy(np.random.default_rng([seed, 0]))
    return ct_case(anatomy, STRUCTURES, seed, options)
