"""Labelled thigh CT from the parametric thigh or from a label map."""

from __future__ import annotations

import numpy as np

from myoscope import LabelledCase, SynthesisOptions
from myoscope.synthesis import anatomy_from_file, ct_case, thigh_anatomy
from myoscope_ct_thigh.structures import STRUCTURES


def synthesize(seed: int, options: SynthesisOptions) -> LabelledCase:
    """Return the case of a seed.

    Raises:
        InputError: The label map is empty or does not split sides.
    """
    if options.label_map is not None:
        anatomy = anatomy_from_file(options.label_map, STRUCTURES)
    else:
        anatomy = thigh_anatomy(np.random.default_rng([seed, 0]))
    return ct_case(anatomy, STRUCTURES, seed, options)
