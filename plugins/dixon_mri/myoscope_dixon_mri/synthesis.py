"""Labelled Dixon MRI from the parametric thigh or from a label map."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from myoscope import THIGH_STRUCTURES, LabelledCase, StructureSet, SynthesisOptions, UsageError
from myoscope.anatomy import LEFT_OFFSET
from myoscope.synthesis import Anatomy, anatomy_from_file, mr_case, thigh_anatomy
from myoscope_dixon_mri.structures import APART, STRUCTURES

AXES = 3
#: Maps may tell iliacus and psoas apart, this modality does not.
ALL = StructureSet(THIGH_STRUCTURES)


def synthesize(seed: int, options: SynthesisOptions) -> LabelledCase:
    """Return the case of a seed: four contrasts, or with `options.wide` one of any contrast.

    Raises:
        InputError: The label map is empty or does not split sides.
        UsageError: A size or spacing of other than three axes, a site, or frames.
    """
    for name, value in (("size", options.size), ("spacing", options.spacing_mm)):
        if value is not None and len(value) != AXES:
            raise UsageError(f"A Dixon MRI needs a {name} of three numbers, x, y and z, got {len(value)}.")
    if options.site or options.frames:
        raise UsageError("A Dixon MRI has neither sites nor frames.", "Leave out --site and --frames.")
    if options.label_map is not None:
        anatomy = _from_file(options.label_map, options.label_map.stat().st_mtime_ns)
    else:
        anatomy = _joined(thigh_anatomy(np.random.default_rng([seed, 0])))
    return mr_case(anatomy, STRUCTURES, seed, options)


@lru_cache(maxsize=2)
def _from_file(path: Path, _changed_ns: int) -> Anatomy:
    """Return the anatomy of a file, read once for many cases; the time of its last change is part of the key."""
    return _joined(anatomy_from_file(path, ALL))


def _joined(anatomy: Anatomy) -> Anatomy:
    """Return the anatomy with iliacus and psoas as iliopsoas."""
    table = np.arange(256, dtype=np.uint8)
    whole = STRUCTURES["iliopsoas"].id
    for part in (s.id for s in THIGH_STRUCTURES if s.name in APART):
        table[[part, part + LEFT_OFFSET]] = whole, whole + LEFT_OFFSET
    return replace(anatomy, labels=table[anatomy.labels])
