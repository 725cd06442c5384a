"""The four definitions: which test stands for what, and what makes a class. The numbers are in `cutoffs.csv`."""

from __future__ import annotations

from dataclasses import dataclass

#: A stage needs every one of these, each an alternative of criteria: (("mass",), ("strength", "performance")).
Needs = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """One consensus.

    Attributes:
        name: As the table has it.
        criteria: Criterion -> its tests; one below par is enough.
        stages: Name -> what it needs, from the mildest on.
        notes: What to know of every result.
    """

    name: str
    criteria: dict[str, tuple[str, ...]]
    stages: dict[str, Needs]
    notes: tuple[str, ...] = ()


DEFINITIONS = {
    definition.name: definition
    for definition in (
        Definition(
            "EWGSOP2",
            {
                "strength": ("grip_strength", "chair_stand_5"),
                "mass": ("asm", "asm_height2"),
                "performance": ("gait_speed", "sppb", "tug", "walk_400m"),
            },
            {
                "probable": (("strength",),),
                "confirmed": (("strength",), ("mass",)),
                "severe": (("strength",), ("mass",), ("performance",)),
            },
        ),
        Definition(
            "AWGS2019",
            {
                "strength": ("grip_strength",),
                "mass": ("asm_height2",),
                "performance": ("chair_stand_5", "gait_speed", "sppb"),
            },
            {
                "sarcopenia": (("mass",), ("strength", "performance")),
                "severe": (("mass",), ("strength",), ("performance",)),
            },
            ("The gait speed of AWGS2019 is that of a 6 m walk.",),
        ),
        Definition(
            "AWGS2025",
            {"strength": ("grip_strength",), "mass": ("asm_height2", "asm_bmi")},
            {"sarcopenia": (("strength",), ("mass",))},
            ("AWGS2025 has cut-offs from the age of 50 on.",),
        ),
        Definition(
            "FNIH",
            {"strength": ("grip_strength",), "mass": ("alm_bmi",)},
            {"sarcopenia": (("strength",), ("mass",))},
        ),
    )
}
