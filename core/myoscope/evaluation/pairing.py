"""Which prediction belongs to which reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from myoscope.errors import UnreadableError, UsageError

#: Endings of label files, the surest first: of several files of one case the first kind is taken.
ENDINGS = ("_dseg", "_labels", ".seg", "_seg", "")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two label files of one case; the one that is missing is None."""

    case_id: str
    prediction: Path | None
    reference: Path | None


def pairs(prediction: Path, reference: Path) -> tuple[Pair, ...]:
    """Return the files to compare: two files as they are, two folders matched by name.

    In a name, `_dseg`, `_labels`, `_seg` and `.seg` before the suffix do not count. Folders are searched with their
    subfolders.

    Raises:
        UnreadableError: Nothing there, or no two files with the same name.
        UsageError: A file and a folder.
    """
    for path in (prediction, reference):
        if not path.exists():
            raise UnreadableError(f"There is nothing at {path}.")
    if prediction.is_dir() != reference.is_dir():
        raise UsageError("One of prediction and reference is a folder, the other a file.", "Give two of a kind.")
    if not prediction.is_dir():
        return (Pair(_stem(reference)[0], prediction, reference),)
    left, right = _by_case(prediction), _by_case(reference)
    if not left.keys() & right.keys():
        raise UnreadableError(
            f"No file in {prediction} has the name of one in {reference} "
            f"({', '.join(sorted(left)) or 'none'}; {', '.join(sorted(right)) or 'none'}).",
            "Give predictions the names of their references; _dseg, _labels, _seg and .seg do not count.",
        )
    return tuple(Pair(case, left.get(case), right.get(case)) for case in sorted({*left, *right}))


def _by_case(folder: Path) -> dict[str, Path]:
    from myoscope.io.headers import is_volume_name

    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(file for file in files if is_volume_name(file.name)):
        case, rank = _stem(path)
        found.setdefault(case, []).append((rank, path))
    chosen = {}
    for case, files_of_case in found.items():
        best = min(rank for rank, _ in files_of_case)
        same = [path for rank, path in files_of_case if rank == best]
        if len(same) > 1:
            raise UnreadableError(
                f"{folder} holds several label files of the case {case}: {', '.join(str(path) for path in same)}.",
                "Keep one of them.",
            )
        chosen[case] = same[0]
    return chosen


def _stem(path: Path) -> tuple[str, int]:
    """Return the case that a label file is named for, and how sure its ending makes that it holds labels."""
    from myoscope.io.headers import VOLUME_SUFFIXES

    suffix = max((s for s in VOLUME_SUFFIXES if path.name.lower().endswith(s)), key=len, default="")
    name = path.name[: len(path.name) - len(suffix)]
    rank = next(rank for rank, ending in enumerate(ENDINGS) if name.endswith(ending))
    return name.removesuffix(ENDINGS[rank]) or name, rank
