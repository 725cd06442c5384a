"""The 29 structures of a whole-thigh CT and the three schemes that group them (Kim 2024, Methods; Kim 2025)."""

from __future__ import annotations

from myoscope import THIGH_STRUCTURES, StructureSet
from myoscope.thigh.groups import SCHEMES

STRUCTURES = StructureSet(THIGH_STRUCTURES, dict(SCHEMES))
