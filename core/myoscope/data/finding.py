"""What a check found about a case."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters: `info` to know, `warning` to look at, `error` do not use the numbers it names."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Attributes:
        code: Stable snake_case name, for programs.
        severity: How much it matters.
        message: What was found, one sentence.
        action: What to do about it, one sentence.
    """

    code: str
    severity: Severity
    message: str
    action: str
