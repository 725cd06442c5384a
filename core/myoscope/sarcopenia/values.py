"""What a classification holds: three-valued answers, the tests behind them and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from myoscope.data.result import RESEARCH_USE_ONLY
from myoscope.sarcopenia.cutoffs import Cutoff


class Truth(StrEnum):
    """An answer in Kleene's three-valued logic."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot tell"


def any_of(answers: Iterable[Truth]) -> Truth:
    """Return yes when one is yes, no when all are no, and else that it cannot be told; no answers cannot tell."""
    return _combined(list(answers), decides=Truth.YES, otherwise=Truth.NO)


def all_of(answers: Iterable[Truth]) -> Truth:
    """Return no when one is no, yes when all are yes, and else that it cannot be told; no answers cannot tell."""
    return _combined(list(answers), decides=Truth.NO, otherwise=Truth.YES)


def _combined(answers: list[Truth], *, decides: Truth, otherwise: Truth) -> Truth:
    if decides in answers:
        return decides
    return Truth.CANNOT_TELL if not answers or Truth.CANNOT_TELL in answers else otherwise


@dataclass(frozen=True, slots=True)
class Evidence:
    """One test of a person, against the cut-offs that apply.

    Attributes:
        measure: Name of the test, such as `grip_strength`.
        criterion: What it stands for: `strength`, `mass` or `performance`.
        value: The person's value in the cut-offs' unit; None when it is missing.
        cutoffs: Cut-offs used; several while a missing fact leaves more than one open, none when none applies.
        below_par: Whether the value meets the cut-off.
        missing: Facts without which it cannot be told; empty when it can.
    """

    measure: str
    criterion: str
    value: float | None
    cutoffs: tuple[Cutoff, ...]
    below_par: Truth
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """One class of a definition: whether the person is in it, and what is missing to tell."""

    name: str
    answer: Truth
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """The classes of one person by one definition.

    Attributes:
        definition: Name, such as `EWGSOP2`.
        stages: From the mildest to the severest; a stage implies those before it.
        evidence: Every test of the definition that was considered.
        notes: What holds back the result: cut-offs that are not verified, and bounds of the definition.
        notice: What the result is for.
    """

    definition: str
    stages: tuple[Stage, ...]
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]
    notice: str = RESEARCH_USE_ONLY

    @property
    def label(self) -> str:
        """The severest stage that is sure; `at least ...` while a severer one cannot be told; `no`; `cannot tell`."""
        sure = [stage for stage in self.stages if stage.answer is Truth.YES]
        open_stages = [stage for stage in self.stages if stage.answer is Truth.CANNOT_TELL]
        if sure:
            return f"at least {sure[-1].name}" if open_stages else sure[-1].name
        return str(Truth.CANNOT_TELL if open_stages else Truth.NO)

    @property
    def missing(self) -> tuple[str, ...]:
        """Facts without which a stage cannot be told."""
        return tuple(dict.fromkeys(name for stage in self.stages for name in stage.missing))

    @property
    def cutoffs(self) -> tuple[Cutoff, ...]:
        """Every cut-off that a value was held against, with its source and status."""
        return tuple(cutoff for one in self.evidence if one.value is not None for cutoff in one.cutoffs)

    def __getitem__(self, name: str) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)
