"""Labelled cases whose every answer is known: an anatomy, deformed, rendered by the physics of a modality.

An anatomy is a label map, either the parametric thigh (`thigh_anatomy`, needs no data) or a map of the user's own
(`anatomy_from_labels`). `ct_case` renders it as CT, `mr_case` as MRI. Everything follows from one seed.
"""

from myoscope.synthesis.anatomy import Anatomy, anatomy_from_file, anatomy_from_labels
from myoscope.synthesis.ct import ct_case
from myoscope.synthesis.mr import mr_case
from myoscope.synthesis.parametric import thigh_anatomy

__all__ = ["Anatomy", "anatomy_from_file", "anatomy_from_labels", "ct_case", "mr_case", "thigh_anatomy"]
