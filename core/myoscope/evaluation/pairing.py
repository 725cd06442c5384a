"""Which prediction belongs to which reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from myoscope.errors import UnreadableError, UsageError

#: Endings of label files, the surest first: of several files of one case the first kind is taken.
ENDINGS = ("_dseg", "_labels", ".seg", "_seg", "")
#: What `analyze` leaves beside its labels: the pictures there show the case.
RUN_FILE = "run.json"
#: What every LabelMe file holds, and other .json files rarely do.
LABELME_KEY = b'"shapes"'


@dataclass(frozen=True, slots=True)
class Pair:
    """Two label files of one case; the one that is missing is None."""

    case_id: str
    prediction: Path | None
    reference: Path | None


def pairs(prediction: Path, reference: Path) -> tuple[Pair, ...]:
    """Return the files to compare: two files as they are, two folders matched by name.

    In a name, `_dseg`, `_labels`, `_seg` and `.seg` before the suffix do not count. Folders are searched with their
    subfolders. Of several files of one case a volume file is taken before LabelMe outlines, and these before a picture.

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
    cases = sorted({*_telling(left, right), *_telling(right, left)})
    return tuple(Pair(case, left.get(case), right.get(case)) for case in cases)


def _telling(own: Mapping[str, Path], other: Mapping[str, Path]) -> Iterator[str]:
    """Yield the cases of a folder; among volume files, a picture without a partner is no case but a picture."""
    volumes = any(_kind(path) == 0 for path in own.values())
    yield from (case for case, path in own.items() if case in other or _kind(path) == 0 or not volumes)


def _by_case(folder: Path) -> dict[str, Path]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    found: dict[str, list[tuple[tuple[int, int], Path]]] = {}
    for path in sorted(files):
        if (kind := _kind(path)) is not None:
            case, rank = _stem(path)
            found.setdefault(case, []).append(((rank, kind), path))
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
    from myoscope.io.names import PICTURE_SUFFIXES

    suffixes = (*VOLUME_SUFFIXES, ".json", *PICTURE_SUFFIXES)
    suffix = max((s for s in suffixes if path.name.lower().endswith(s)), key=len, default="")
    name = path.name[: len(path.name) - len(suffix)]
    rank = next(rank for rank, ending in enumerate(ENDINGS) if name.endswith(ending))
    return name.removesuffix(ENDINGS[rank]) or name, rank


def _kind(path: Path) -> int | None:
    """Return 0 for a volume file, 1 for LabelMe outlines, 2 for a picture that may be a mask; None for other files."""
    from myoscope.io.flat_labels import LOSSY
    from myoscope.io.headers import is_volume_name
    from myoscope.io.names import is_picture_name

    if is_volume_name(path.name):
        return 0
    if path.suffix.lower() == ".json":
        return 1 if LABELME_KEY in path.read_bytes() else None
    mask = is_picture_name(path.name) and path.suffix.lower() not in LOSSY
    return 2 if mask and not path.with_name(RUN_FILE).is_file() else None
