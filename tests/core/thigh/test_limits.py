from __future__ import annotations

from myoscope import THIGH_STRUCTURES, StructureSet
from myoscope.thigh.limits import VOLUME_LIMITS_ML


def test_every_limit_is_of_a_known_structure_and_ascends() -> None:
    structures = StructureSet(THIGH_STRUCTURES)
    assert all(name in structures and 0 < low < high for name, (low, high) in VOLUME_LIMITS_ML.items())
