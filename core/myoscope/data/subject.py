"""Who was scanned, as far as the measurements need it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sex(StrEnum):
    """Sex as sarcopenia cut-offs use it."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True)
class Subject:
    """Facts about a person; each may be unknown.

    Attributes:
        id: Pseudonym.
        sex: For cut-offs by sex.
        age: Years.
        height_m: Meters.
        weight_kg: Kilograms.
        grip_strength_kg: Hand grip strength of the stronger hand, kilograms.
    """

    id: str | None = None
    sex: Sex | None = None
    age: float | None = None
    height_m: float | None = None
    weight_kg: float | None = None
    grip_strength_kg: float | None = None
