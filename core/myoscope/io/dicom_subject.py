"""What a DICOM header says of the person: sex, age, height and weight, never a name or an identifier."""

from __future__ import annotations

from typing import Any

from myoscope.data.finding import Finding, Severity
from myoscope.data.subject import Sex, Subject
from myoscope.io.subjects import RANGES

SEXES = {"F": Sex.FEMALE, "M": Sex.MALE}
#: Years in the unit that ends a DICOM age string.
AGE_UNITS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def subject_of(header: Any) -> tuple[Subject, tuple[Finding, ...]]:  # noqa: ANN401
    """Return the subject, and a finding for each value that no person can have, which is left out; 0 means unknown."""
    values: dict[str, float | None] = {
        "age": _age(str(header.get("PatientAge") or "")),
        "height_m": float(header.get("PatientSize") or 0) or None,
        "weight_kg": float(header.get("PatientWeight") or 0) or None,
    }
    findings = []
    for name, value in values.items():
        low, high = RANGES[name]
        if value is not None and not low <= value <= high:
            values[name] = None
            findings.append(
                Finding(
                    code="subject_header_implausible",
                    severity=Severity.WARNING,
                    message=f"The header says {name} = {value:g}, expected {low:g} to {high:g}; it was left out.",
                    action="Give the true value with the subject's other facts.",
                )
            )
    sex = SEXES.get(str(header.get("PatientSex") or "").upper())
    subject = Subject(None, sex, values["age"], values["height_m"], values["weight_kg"])
    return subject, tuple(findings)


def _age(text: str) -> float | None:
    number, unit = text[:-1], text[-1:].upper()
    if unit not in AGE_UNITS or not number.isdigit():
        return None
    return round(int(number) * AGE_UNITS[unit], 2)
