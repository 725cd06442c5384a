"""A scan and the labels that a person gave it, from the files of any tool that `folders` understands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET, Structure, StructureSet
from myoscope.data.grid import Grid
from myoscope.data.modality import LoadOptions
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.errors import InputError, UnreadableError
from myoscope.io.headers import NRRD_SUFFIXES
from myoscope.io.label_tables import find_table, named_meaning, output_values
from myoscope.io.text_headers import nrrd_fields
from myoscope.training.meanings import contrasts_of, nearest, value_names

if TYPE_CHECKING:
    from myoscope.hookspecs import Modality

SEGMENT_NAME = re.compile(r"Segment\d+_Name")


def load_scan(image: Path, modality: Modality) -> Scan:
    """Return the scan of an image file, of a folder of contrasts, or of nnU-Net's channels.

    Raises:
        InputError: It cannot be read, or has channels that the modality does not know.
    """
    contrasts = contrasts_of(image)
    scan = modality.load(image, LoadOptions(contrasts=contrasts))
    if unseen := [name for name in contrasts if name not in scan.channels]:
        raise InputError(
            f"{image.name} has the channels {', '.join(contrasts)}, but {scan.modality} reads no {unseen[0]}.",
            "Give scans of one channel.",
        )
    return scan


def read_truth(label: Path, structures: StructureSet, *, on: Grid, only: tuple[str, ...]) -> Segmentation:
    """Return the labels that a person gave, on the scan's grid.

    What a value means is said by the file itself, else by a table beside it, else by the notes of the tool that wrote
    it, else by the ids of the conventions.

    Args:
        label: The label file.
        structures: What the modality knows.
        on: The scan's grid.
        only: Structures of the recipe; see `myoscope.io.read_labels`.

    Raises:
        UnreadableError: Not a label file, or names or values that mean nothing.
        GeometryError: The labels lie on another grid.
    """
    from myoscope.io import read_labels

    names, own = value_names(label), names_inside(label)
    if names and not own and find_table(label) is None:
        return _read_by_names(label, names, structures, on=on)
    try:
        return read_labels(label, structures, on=on, only=only)
    except UnreadableError as error:
        if hint := nearest(own, structures):
            raise UnreadableError(error.message, f"{hint} {error.hint}".strip()) from error
        raise


def has_names(label: Path) -> bool:
    """Tell whether anything names the values of a label file, so that they are not taken as ids."""
    return bool(names_inside(label) or value_names(label)) or find_table(label) is not None


def names_inside(label: Path) -> tuple[str, ...]:
    """Return the names that a .seg.nrrd gives its segments, or a LabelMe file its outlines; nothing for other files."""
    name = label.name.lower()
    if name.endswith(NRRD_SUFFIXES):
        with label.open("rb") as stream:
            fields, _ = nrrd_fields(stream, label.name)
        return tuple(text for key, text in fields.items() if SEGMENT_NAME.fullmatch(key))
    if name.endswith(".json"):
        try:
            return tuple(str(shape["label"]) for shape in json.loads(label.read_text(encoding="utf-8"))["shapes"])
        except (ValueError, KeyError, TypeError):
            return ()  # reading it says what is wrong
    return ()


def _read_by_names(label: Path, names: Mapping[int, str], structures: StructureSet, *, on: Grid) -> Segmentation:
    """Return the labels of a file whose values have names elsewhere.

    The file is read as if its values were the ids of a modality, and these are then exchanged for ours.
    """
    from myoscope.io import read_labels

    theirs = StructureSet(tuple(Structure(value, str(value), "", "", "", (0, 0, 0)) for value in sorted(names)))
    found = read_labels(label, theirs, on=on)
    if found.sides_split:
        raise UnreadableError(f"{label.name} holds values above {LEFT_OFFSET}, which have no name.")
    meanings = {value: meaning for value, name in names.items() if (meaning := named_meaning(name, structures))}
    present = [int(value) for value in np.unique(found.labels) if value]
    if unknown := [names[value] for value in present if value not in meanings]:
        raise UnreadableError(
            f"{label.name} holds labels that mean nothing here: {', '.join(map(repr, unknown))}.",
            f"{nearest(unknown, structures)} Use the names of `myoscope structures`.".strip(),
        )
    values, sides_split = output_values(meanings, structures, label.name)
    table = np.zeros(256, dtype=np.uint8)
    table[list(values)] = list(values.values())
    looked_for = frozenset(structure.name for structure, _ in meanings.values())
    return Segmentation(table[found.labels], on, structures, looked_for, sides_split)
