"""From facts to classes, three-valued: what cannot be told is never a no."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from myoscope.errors import InputError, UsageError
from myoscope.sarcopenia.cutoffs import AGE_BANDS, CAVEATS, VERIFIED, Cutoff, cutoffs
from myoscope.sarcopenia.definitions import DEFINITIONS, Definition, Needs
from myoscope.sarcopenia.facts import Facts, read_facts
from myoscope.sarcopenia.measures import base_name, measured, method_of
from myoscope.sarcopenia.values import Classification, Evidence, Stage, Truth, all_of, any_of

if TYPE_CHECKING:
    import pandas as pd


def classify(
    row: Mapping[str, object] | Facts, definition: str, *, using: Sequence[str] | None = None
) -> Classification:
    """Return the classes of one person by EWGSOP2, AWGS2019, AWGS2025 or FNIH, with the cut-offs used.

    A criterion is met by any of its tests, and refuted only by all of them: a test that is missing leaves it open
    unless the others decide. `using` says which tests a study did at all, so that the others are not missing: the
    protocol of grip and ASM / height^2 is `using=("grip_strength", "asm_height2")`.

    Args:
        row: A table row with the columns of `FACTS`, `sex` and `asm_method`; or `Facts`.
        definition: Name of a definition.
        using: Names of tests; all of the definition when None.

    Raises:
        UsageError: An unknown definition or test.
        InputError: A value that no person has, or a wrong unit.
    """
    chosen = _definition(definition)
    tests = _chosen_tests(chosen, using)
    facts = read_facts(row)
    every = [_evidence(chosen, criterion, name, facts) for criterion, names in tests.items() for name in names]
    held = {one.criterion for one in every if one.cutoffs}
    taken = tuple(one for one in every if one.cutoffs or one.criterion not in held)
    stages = tuple(_stage(name, needs, taken) for name, needs in chosen.stages.items())
    without = [_without_cutoff(chosen.name, one.measure, facts) for one in every if one not in taken]
    return Classification(chosen.name, stages, taken, (*chosen.notes, *_notes(taken, using), *without))


def classify_rows(
    rows: Iterable[Mapping[str, object]], definition: str, *, using: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return a table, one row a person: definition, class, an answer a stage, what is missing, cut-offs and notes.

    Raises:
        UsageError: An unknown definition or test.
        InputError: As `classify`, with the number of the row.
    """
    import pandas as pd

    table = []
    for number, row in enumerate(rows, start=1):
        try:
            found = classify(row, definition, using=using)
        except InputError as error:
            raise InputError(f"Row {number}: {error.message}", error.hint) from error
        table.append(
            {"definition": found.definition, "class": found.label}
            | {stage.name: str(stage.answer) for stage in found.stages}
            | {
                "missing": "; ".join(found.missing),
                "cutoffs": "; ".join(f"{c} [{c.status}, {c.source}]" for c in found.cutoffs),
                "notes": " ".join(found.notes),
            }
        )
    stages = list(_definition(definition).stages)
    return pd.DataFrame(table, columns=["definition", "class", *stages, "missing", "cutoffs", "notes"])


def _definition(name: str) -> Definition:
    if name not in DEFINITIONS:
        raise UsageError(f"There is no definition '{name}'.", f"Known are {', '.join(DEFINITIONS)}.")
    return DEFINITIONS[name]


def _chosen_tests(definition: Definition, using: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    known = [test for tests in definition.criteria.values() for test in tests]
    unknown = [test for test in using or () if test not in known]
    if unknown:
        raise UsageError(f"{definition.name} has no test {', '.join(unknown)}.", f"It has {', '.join(known)}.")
    return {
        criterion: tuple(test for test in tests if using is None or test in using)
        for criterion, tests in definition.criteria.items()
    }


def _evidence(definition: Definition, criterion: str, name: str, facts: Facts) -> Evidence:
    """Return one test: decided when every cut-off that may apply gives the same answer."""
    value, missing = measured(name, facts)
    candidates = (c for c in cutoffs() if c.definition == definition.name and base_name(c.measure) == name)
    applying = tuple(cutoff for cutoff in candidates if _may_apply(cutoff, facts))
    answers = set() if value is None else {cutoff.is_met_by(value) for cutoff in applying}
    if len(answers) == 1:
        return Evidence(name, criterion, value, applying, Truth.YES if answers.pop() else Truth.NO, ())
    if not applying:
        missing = (_without_cutoff(definition.name, name, facts).rstrip("."),)
    elif value is not None:
        missing = _open(applying, facts)
    return Evidence(name, criterion, value, applying, Truth.CANNOT_TELL, missing)


def _may_apply(cutoff: Cutoff, facts: Facts) -> bool:
    low, high = AGE_BANDS[cutoff.age_band]
    method = method_of(cutoff.measure)
    return (
        (cutoff.sex is None or facts.sex is None or cutoff.sex == facts.sex)
        and (facts.age is None or low <= facts.age < high)
        and (method is None or facts.asm_method is None or method == facts.asm_method)
    )


def _open(applying: Iterable[Cutoff], facts: Facts) -> tuple[str, ...]:
    """Return the facts that would choose among the cut-offs."""
    choices: dict[str, set[str | None]] = {
        "sex": {cutoff.sex for cutoff in applying},
        "age": {cutoff.age_band for cutoff in applying},
        "asm_method": {method_of(cutoff.measure) for cutoff in applying},
    }
    return tuple(name for name, options in choices.items() if getattr(facts, name) is None and len(options) > 1)


def _without_cutoff(definition: str, name: str, facts: Facts) -> str:
    age = "" if facts.age is None else f" at the age of {facts.age:g}"
    method = f" by {facts.asm_method}" if facts.asm_method and name.startswith("asm_") else ""
    return f"{definition} has no cut-off of {name}{method}{age}."


def _stage(name: str, needs: Needs, evidence: Sequence[Evidence]) -> Stage:
    answers, missing = [], []
    for alternatives in needs:
        taken = [one for one in evidence if one.criterion in alternatives]
        answer = any_of(one.below_par for one in taken)
        answers.append(answer)
        if answer is Truth.CANNOT_TELL:
            missing += [fact for one in taken for fact in one.missing]
            missing += [] if taken else [f"a test of {' or '.join(alternatives)}"]
    decided = all_of(answers)
    return Stage(name, decided, tuple(dict.fromkeys(missing)) if decided is Truth.CANNOT_TELL else ())


def _notes(evidence: Sequence[Evidence], using: Sequence[str] | None) -> tuple[str, ...]:
    used = [cutoff for one in evidence if one.value is not None for cutoff in one.cutoffs]
    caveats = [f"{cutoff} is {CAVEATS[cutoff.status]}." for cutoff in used if cutoff.status != VERIFIED]
    protocol = () if using is None else (f"Only these tests were considered: {', '.join(using)}.",)
    return (*protocol, *caveats)
