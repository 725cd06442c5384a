"""Facts about a person, read from outside and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from myoscope.data.subject import Subject
from myoscope.errors import InputError

#: What a living person can have.
RANGES = {"age": (0.0, 120.0), "height_m": (0.5, 2.5), "weight_kg": (2.0, 400.0), "grip_strength_kg": (0.0, 120.0)}
UNITS = {"age": "years", "height_m": "meters", "weight_kg": "kilograms", "grip_strength_kg": "kilograms"}
#: What a wrong unit looks like: a height from here to here is in centimeters.
CENTIMETERS = (50.0, 250.0)


def read_subject(source: Subject | Mapping[str, Any] | str | Path) -> Subject:
    """Return the subject in a mapping, a JSON file or a `Subject`, checked.

    Raises:
        InputError: An unknown key, a wrong type, or a value that no person can have.
    """
    if isinstance(source, Subject):
        values = {field.name: getattr(source, field.name) for field in fields(Subject)}
    elif isinstance(source, Mapping):
        values = dict(source)
    else:
        values = _from_json(Path(source))
    subject = _validated(values)
    for name, (low, high) in RANGES.items():
        value = getattr(subject, name)
        if value is not None and not low <= value <= high:
            raise InputError(_out_of_range(name, value, low, high))
    return subject


def _validated(values: Mapping[str, Any]) -> Subject:
    from pydantic import TypeAdapter, ValidationError

    known = [field.name for field in fields(Subject)]
    unknown = sorted(str(key) for key in values if key not in known)
    if unknown:
        raise InputError(f"A subject has no {', '.join(unknown)}.", f"Known are {', '.join(known)}.")
    try:
        return TypeAdapter(Subject).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name, given = first["loc"][0], first["input"]
        raise InputError(f"The subject's {name} is {given!r}: {first['msg'][0].lower()}{first['msg'][1:]}.") from None


def _from_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"The subject file {path} cannot be read as JSON: {error}.") from error
    if not isinstance(values, dict):
        raise InputError(f"The subject file {path} holds a {type(values).__name__}, expected an object with keys.")
    return values


def _out_of_range(name: str, value: float, low: float, high: float) -> str:
    if name == "height_m" and CENTIMETERS[0] <= value <= CENTIMETERS[1]:
        return f"height_m is in meters, {value:g} looks like centimeters."
    return f"The subject's {name} is {value:g}, expected {low:g} to {high:g} {UNITS[name]}."
