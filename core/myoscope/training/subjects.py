"""Which case is of whom, and who is held out: a split is made by subject, never by frame."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from myoscope.errors import InputError, UsageError
from myoscope.training.folders import stem_of

FOLDS = 5
TABLE = "subjects.csv"


@dataclass(frozen=True, slots=True)
class Membership:
    """To whom a case belongs.

    Attributes:
        subject: Person, or whatever else must not be on both sides of a split, such as a machine.
        fold: In which fold the table holds the subject out; -1 for one that is always trained on; None without a say.
    """

    subject: str
    fold: int | None = None


def read_memberships(data: Path, names: Sequence[str], *, required: bool) -> dict[str, Membership]:
    """Return the membership of every case by the table `subjects.csv` (file, subject and, if wanted, fold).

    Without a table, synthetic cases are told apart by the seed in `facts/`.

    Args:
        data: Folder of labelled cases.
        names: File names of the images.
        required: True for frames, of which one person gives many; else a case without a table is its own subject.

    Raises:
        InputError: No table where one is required, a case that it leaves out, a fold that does not exist, or a
            subject in two folds.
    """
    path = data / TABLE
    if not path.is_file():
        seeds = {name: _seed_of(data, name) for name in names}
        if all(seed is not None for seed in seeds.values()):
            return {name: Membership(f"seed {seed}") for name, seed in seeds.items()}
        if required:
            raise InputError(
                f"{data} has no {TABLE}, so nobody can tell which frames are of one person.",
                "Write one with the columns file and subject: training splits by subject, never by frame.",
            )
        return {name: Membership(name) for name in names}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if not {"file", "subject"} <= set(reader.fieldnames or ()):
            raise InputError(f"{path} needs the columns file and subject, it has {', '.join(reader.fieldnames or ())}.")
        found = {row["file"]: Membership(row["subject"], _fold(row.get("fold"), path)) for row in reader}
    if missing := [name for name in names if name not in found]:
        raise InputError(f"{path} leaves out {missing[0]} and {len(missing) - 1} others of {len(names)} cases.")
    members = {name: found[name] for name in names}
    _refuse_leaks(members, path)
    return members


def held_out(members: dict[str, Membership], fold: int) -> set[str]:
    """Return the names of the cases that validate in a fold.

    By the table's folds where it has them; else every fifth subject by name, starting at `fold`.

    Raises:
        UsageError: The fold does not exist or would leave one side empty.
    """
    if not 0 <= fold < FOLDS:
        raise UsageError(f"Fold {fold} does not exist; folds are 0 to {FOLDS - 1}.")
    if any(m.fold is not None for m in members.values()):
        names = {name for name, m in members.items() if m.fold == fold}
    else:
        chosen = set(sorted({m.subject for m in members.values()})[fold::FOLDS])
        names = {name for name, m in members.items() if m.subject in chosen}
    if not names or len(names) == len(members):
        count = len({m.subject for m in members.values()})
        raise UsageError(f"{count} subjects are too few to hold out fold {fold}.", f"Give at least {FOLDS}.")
    return names


def _seed_of(data: Path, name: str) -> int | None:
    """Return the seed that a synthetic case was made from, as `myoscope synthesize` wrote it beside the images."""
    path = data / "facts" / f"{stem_of(Path(name))}.json"
    try:
        seed = json.loads(path.read_text(encoding="utf-8")).get("seed")
    except (OSError, ValueError, AttributeError):
        return None
    return seed if isinstance(seed, int) else None


def _fold(text: str | None, path: Path) -> int | None:
    if text is None:
        return None
    if not text.strip():
        return -1
    if text.strip() not in {str(fold) for fold in range(FOLDS)}:
        raise InputError(f"{path} puts a subject into fold {text!r}; folds are 0 to {FOLDS - 1}, or empty for none.")
    return int(text)


def _refuse_leaks(members: dict[str, Membership], path: Path) -> None:
    folds: dict[str, int | None] = {}
    for member in members.values():
        if folds.setdefault(member.subject, member.fold) != member.fold:
            raise InputError(
                f"{path} puts the subject {member.subject!r} into two folds: a model would be tested on whom it knows.",
                "Give all cases of a subject the same fold.",
            )
