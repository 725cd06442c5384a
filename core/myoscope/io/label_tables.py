"""What the values of a label file mean: BIDS tables, segment names, or the ids of the conventions."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from myoscope.anatomy import Side, Structure, StructureSet
from myoscope.data.segmentation import Segmentation
from myoscope.errors import UnreadableError
from myoscope.io.headers import VOLUME_SUFFIXES
from myoscope.io.seg_nrrd import segment_name

#: A structure on a side; BOTH when the name gives none.
Meaning = tuple[Structure, Side]

COLUMNS = ("index", "name", "color")
LABEL_ENDINGS = ("_dseg", ".seg")
SIDES = {"left": Side.LEFT, "right": Side.RIGHT}


def write_table(segmentation: Segmentation, path: Path) -> None:
    """Write the BIDS table of everything that the labels can hold, present or not: index, name, color."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerow((0, "background", "#000000"))
        for value, structure, side in segmentation.entries():
            writer.writerow((value, segment_name(structure, side), "#{:02x}{:02x}{:02x}".format(*structure.color)))


def find_table(labels: Path) -> Path | None:
    """Return the table beside a label file: `<name>_labels.tsv` or `<name>.tsv`, with or without `_dseg`."""
    stem = labels.name
    for suffix in sorted(VOLUME_SUFFIXES, key=len, reverse=True):
        if stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)]
            break
    stems = [stem, *(stem.removesuffix(ending) for ending in LABEL_ENDINGS if stem.endswith(ending))]
    names = [f"{s}{ending}" for s in stems for ending in ("_labels.tsv", ".tsv")]
    return next((labels.with_name(name) for name in names if labels.with_name(name).is_file()), None)


def read_table(path: Path, structures: StructureSet) -> dict[int, Meaning]:
    """Return label value -> meaning from a BIDS table; names that mean nothing here are left out.

    Raises:
        UnreadableError: Not such a table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        named = {int(row["index"]): named_meaning(row["name"], structures) for row in rows}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"{path.name} is not a table with the columns index and name.") from error
    return {value: meaning for value, meaning in named.items() if meaning is not None}


def named_meaning(name: str, structures: StructureSet) -> Meaning | None:
    """Return structure and side of a name such as `sartorius_left` or `Left Sartorius`, or None."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    side = Side.BOTH
    for end in (0, -1):
        if words and words[end] in SIDES:
            side = SIDES[words.pop(end)]
            break
    plain = "_".join(words)
    return (structures[plain], side) if plain in structures else None


def id_meanings(structures: StructureSet, *, sides_split: bool) -> dict[int, Meaning]:
    """Return label value -> meaning by the conventions' ids."""
    sides = (Side.RIGHT, Side.LEFT) if sides_split else (Side.BOTH,)
    return {structures.label(s.name, side): (s, side) for side in sides for s in structures}


def output_values(meanings: Mapping[int, Meaning], structures: StructureSet, name: str) -> tuple[dict[int, int], bool]:
    """Return file value -> the conventions' value, and whether sides are split.

    Raises:
        UnreadableError: Some structures have a side and others have none.
    """
    sided = any(side is not Side.BOTH for _, side in meanings.values())
    plain = sorted({s.name for s, side in meanings.values() if side is Side.BOTH})
    if sided and plain:
        raise UnreadableError(
            f"{name} names a side for some structures but none for {', '.join(plain)}.", "Name all sides, or none."
        )
    return {value: structures.label(s.name, side) for value, (s, side) in meanings.items()}, sided
