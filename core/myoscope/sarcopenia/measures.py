"""From a person's facts to the tests that the definitions name."""

from __future__ import annotations

from myoscope.sarcopenia.facts import METHODS, Facts, per_height2

#: Test -> the fact that it is, in the same unit.
DIRECT = {
    "grip_strength": "grip_strength_kg",
    "chair_stand_5": "chair_stand_5_s",
    "asm": "asm_kg",
    "gait_speed": "gait_speed_m_s",
    "sppb": "sppb_points",
    "tug": "tug_s",
    "walk_400m": "walk_400m_min",
}


def measured(test: str, facts: Facts) -> tuple[float | None, tuple[str, ...]]:
    """Return a test's value and the facts that are missing for it; one of the two is empty."""
    if test == "asm_height2":
        return _asm_height2(facts)
    if test in {"asm_bmi", "alm_bmi"}:
        return _asm_bmi(facts)
    value: float | None = getattr(facts, DIRECT[test])
    return value, () if value is not None else (DIRECT[test],)


def base_name(measure: str) -> str:
    """Return a measure's name without the method that ends it: `asm_height2_dxa` is an `asm_height2`."""
    stem, _, method = measure.rpartition("_")
    return stem if method in METHODS else measure


def method_of(measure: str) -> str | None:
    """Return the method that ends a measure's name, or None."""
    method = measure.rpartition("_")[2]
    return method if method in METHODS else None


def _asm_height2(facts: Facts) -> tuple[float | None, tuple[str, ...]]:
    value = facts.asm_height2_kg_m2
    if value is None:
        value = per_height2(facts.asm_kg, facts.height_m)
    return value, () if value is not None else _absent(facts, "asm_kg", "height_m")


def _asm_bmi(facts: Facts) -> tuple[float | None, tuple[str, ...]]:
    bmi = facts.bmi_kg_m2
    if bmi is None:
        bmi = per_height2(facts.weight_kg, facts.height_m)
    if facts.asm_kg is not None and bmi is not None:
        return facts.asm_kg / bmi, ()
    return None, _absent(facts, "asm_kg") + (() if bmi is not None else _absent(facts, "weight_kg", "height_m"))


def _absent(facts: Facts, *names: str) -> tuple[str, ...]:
    return tuple(name for name in names if getattr(facts, name) is None)
