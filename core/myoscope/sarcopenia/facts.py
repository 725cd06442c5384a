"""What is known of a person, from a table row; every unit is checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from myoscope.data.subject import Sex
from myoscope.errors import InputError

METHODS = ("dxa", "bia")


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that a row may hold.

    Attributes:
        unit: Its unit.
        low: Least value that a person can have.
        high: Largest value that a person can have.
        mistaken: A unit that it is often given in, with the factor to it.
        timed: Whether infinity is a value: tried and not completed.
    """

    unit: str
    low: float
    high: float
    mistaken: tuple[str, float] | None = None
    timed: bool = False


#: Name of a column -> what it holds.
FACTS = {
    "age": Fact("years", 0, 120),
    "height_m": Fact("m", 0.5, 2.5, ("centimeters", 100)),
    "weight_kg": Fact("kg", 2, 400, ("grams", 1000)),
    "bmi_kg_m2": Fact("kg/m2", 7, 100),
    "grip_strength_kg": Fact("kg", 0, 120, ("newtons", 9.80665)),
    "asm_kg": Fact("kg", 2, 60, ("grams", 1000)),
    "asm_height2_kg_m2": Fact("kg/m2", 1, 25, ("g/m2", 1000)),
    "chair_stand_5_s": Fact("s", 2, 300, ("milliseconds", 1000), timed=True),
    "gait_speed_m_s": Fact("m/s", 0, 4, ("cm/s", 100)),
    "sppb_points": Fact("points", 0, 12),
    "tug_s": Fact("s", 2, 600, ("milliseconds", 1000), timed=True),
    "walk_400m_min": Fact("min", 1, 60, ("seconds", 60), timed=True),
}
#: How far a value may lie from what the others give, such as a BMI from weight and height.
CONSISTENCY = 0.03


@dataclass(frozen=True, slots=True)
class Facts:
    """A person's facts, each with its unit in its name; None is missing.

    Attributes:
        sex: For cut-offs by sex.
        asm_method: `dxa` or `bia`: how appendicular muscle was measured.
        age: Years.
        height_m: Meters.
        weight_kg: Kilograms.
        bmi_kg_m2: Weight / height^2.
        grip_strength_kg: Kilograms of force, the best hand.
        asm_kg: Appendicular skeletal muscle or lean mass.
        asm_height2_kg_m2: The same / height^2.
        chair_stand_5_s: Seconds of five rises; infinite when not completed.
        gait_speed_m_s: Usual speed.
        sppb_points: Short physical performance battery.
        tug_s: Timed up and go; infinite when not completed.
        walk_400m_min: Minutes of the 400 m walk; infinite when not completed.
    """

    sex: Sex | None = None
    asm_method: str | None = None
    age: float | None = None
    height_m: float | None = None
    weight_kg: float | None = None
    bmi_kg_m2: float | None = None
    grip_strength_kg: float | None = None
    asm_kg: float | None = None
    asm_height2_kg_m2: float | None = None
    chair_stand_5_s: float | None = None
    gait_speed_m_s: float | None = None
    sppb_points: float | None = None
    tug_s: float | None = None
    walk_400m_min: float | None = None


def read_facts(row: Mapping[str, object] | Facts) -> Facts:
    """Return the facts of a table row, checked; columns of other names are not looked at.

    Args:
        row: Column -> value; None, NaN and empty text are missing, numbers may be text.

    Raises:
        InputError: A value that no person has, or that contradicts another; a wrong unit is named.
    """
    given = {field.name: getattr(row, field.name) for field in fields(Facts)} if isinstance(row, Facts) else dict(row)
    numbers = {name: _number(name, given.get(name)) for name in FACTS}
    facts = Facts(sex=_sex(given.get("sex")), asm_method=_method(given.get("asm_method")), **numbers)
    _check_consistent(facts)
    return facts


def _number(name: str, value: object) -> float | None:
    if _is_missing(value):
        return None
    fact = FACTS[name]
    try:
        number = float(str(value))
    except ValueError:
        raise InputError(f"{name} is {value!r}, expected a number in {fact.unit}.") from None
    if fact.low <= number <= fact.high or (fact.timed and number == math.inf):
        return number
    if fact.mistaken and fact.low <= number / fact.mistaken[1] <= fact.high:
        raise InputError(f"{name} is in {fact.unit}, {number:g} looks like {fact.mistaken[0]}.")
    raise InputError(f"{name} is {number:g}, expected {fact.low:g} to {fact.high:g} {fact.unit}.")


def _is_missing(value: object) -> bool:
    return value is None or str(value).strip().lower() in {"", "nan", "na", "n/a", "<na>", "nat"}


def _sex(value: object) -> Sex | None:
    if _is_missing(value):
        return None
    try:
        return Sex(str(value).strip().lower())
    except ValueError:
        raise InputError(f"sex is {value!r}, expected {' or '.join(Sex)}.") from None


def _method(value: object) -> str | None:
    if _is_missing(value):
        return None
    method = str(value).strip().lower()
    if method not in METHODS:
        raise InputError(f"asm_method is {value!r}, expected {' or '.join(METHODS)}.")
    return method


def _check_consistent(facts: Facts) -> None:
    if facts.asm_kg is not None and facts.weight_kg is not None and facts.asm_kg >= facts.weight_kg:
        raise InputError(f"asm_kg is {facts.asm_kg:g} of a weight_kg of {facts.weight_kg:g}, expected a part of it.")
    for name, above in (("bmi_kg_m2", "weight_kg"), ("asm_height2_kg_m2", "asm_kg")):
        given, computed = getattr(facts, name), per_height2(getattr(facts, above), facts.height_m)
        if given is not None and computed is not None and abs(given - computed) > CONSISTENCY * computed:
            raise InputError(
                f"{name} is {given:g}, but {above} / height_m squared is {computed:.3g}.", "Correct one of the three."
            )


def per_height2(value: float | None, height_m: float | None) -> float | None:
    """Return a value / height^2; None when either is missing."""
    return None if value is None or height_m is None else value / height_m**2
