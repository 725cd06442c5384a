"""What the phantom is made of."""

from __future__ import annotations

from myoscope import Structure, StructureSet

STRUCTURES = StructureSet(
    (
        Structure(1, "muscle_insert", "MI", "muscle", "5022", (204, 60, 60)),
        Structure(2, "bone_insert", "BI", "bone", "5018", (241, 236, 220)),
    ),
    {"phantom": {"limb": ("muscle_insert", "bone_insert")}},
)
