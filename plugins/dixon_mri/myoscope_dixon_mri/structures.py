"""The 27 structures of the Dixon paper and the schemes that group them (Methods, 'Ground truth annotation')."""

from __future__ import annotations

from myoscope import THIGH_STRUCTURES, StructureSet
from myoscope.thigh.groups import SCHEMES

#: The paper has one label for iliacus and psoas.
APART = frozenset({"iliacus", "psoas"})

STRUCTURES = StructureSet(tuple(s for s in THIGH_STRUCTURES if s.name not in APART), {"dixon": SCHEMES["dixon"]})

CONTRASTS = ("water", "fat", "in_phase", "opposed_phase")
#: A volume whose contrast nobody knows, such as a T1-weighted or gradient-echo scan, has this single channel.
PLAIN = "mr"
#: A map of proton density fat fraction in percent that the scanner made.
PDFF = "pdff"
