"""What label values and channels mean, as nnU-Net and MONAI Label write it beside their files."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from myoscope.anatomy import LEFT_OFFSET, StructureSet
from myoscope.errors import InputError, UnreadableError
from myoscope.training.folders import DATASTORE, LAYOUTS, channels_beside, stem_of

#: nnU-Net's notes on a data set, beside `imagesTr` and `labelsTr`.
DATASET = "dataset.json"


def value_names(label: Path) -> dict[int, str]:
    """Return value -> name of a label file by the notes that lie with it; nothing when none give names.

    nnU-Net's `dataset.json` gives `labels`, name to value, or value to name in its first version. MONAI Label's
    `datastore_v2.json` gives for each image `label_info`, a list of name and idx, or `label_names`, name to value.

    Raises:
        UnreadableError: The notes cannot be understood.
        InputError: Labels that are unions of others, or more than 99 of them.
    """
    folder = label.parent
    if folder.name == LAYOUTS[1][1] and (folder.parent / DATASET).is_file():
        notes = folder.parent / DATASET
        named = _nnunet_names(_read(notes).get("labels") or {}, notes)
    elif folder.name == "final" and (folder.parent.parent / DATASTORE).is_file():
        notes = folder.parent.parent / DATASTORE
        named = _monai_names(_read(notes), stem_of(label), notes)
    else:
        return {}
    return _checked({value: name for value, name in named.items() if value}, notes)


def contrasts_of(image: Path) -> dict[str, Path]:
    """Return contrast -> file of an image in several channels, by `channel_names` of nnU-Net's `dataset.json`.

    Nothing for an image of one channel, which its modality reads as any other.

    Raises:
        InputError: A channel is missing, or nothing says what the channels are.
    """
    files = channels_beside(image)
    notes = image.parent.parent / DATASET
    told = _read(notes) if image.parent.name == LAYOUTS[1][0] and notes.is_file() else {}
    names = told.get("channel_names") or told.get("modality") or {}
    if not isinstance(names, dict) or not all(str(number).isdecimal() for number in names):
        raise UnreadableError(f"{notes} cannot be understood: channel_names is no table of numbers and names.")
    if len(files) < 2 and len(names) < 2:  # noqa: PLR2004
        return {}
    if len(files) != len(names):
        said = f"names {len(names)} channels" if names else "does not say what they are (channel_names)"
        raise InputError(f"{image.name} comes in {len(files)} channels, but {notes} {said}.")
    spoken = [re.sub(r"[^a-z0-9]+", "_", str(names[key]).lower()).strip("_") for key in sorted(names, key=int)]
    return dict(zip(spoken, files, strict=True))


def nearest(names: Iterable[str], structures: StructureSet) -> str:
    """Return which structures are perhaps meant by names that are not known, for a hint; empty without an idea."""
    known = {s.name: s.name for s in structures} | {s.abbreviation.lower(): s.name for s in structures}
    found = []
    for name in names:
        words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word not in {"", "left", "right", "l", "r"}]
        close = difflib.get_close_matches("_".join(words), known, n=1)
        if close and known[close[0]] != "_".join(words):
            found.append(f"{known[close[0]]} for {name!r}")
    return f"Perhaps {', '.join(found)}." if found else ""


def _nnunet_names(labels: Any, notes: Path) -> dict[int, str]:  # noqa: ANN401
    if not isinstance(labels, dict):
        raise UnreadableError(f"{notes} cannot be understood: labels is no table of names and values.")
    if any(isinstance(value, list) for value in labels.values()):
        raise InputError(
            f"{notes} gives labels that are unions of others (regions).", "Give one value for each structure."
        )
    try:
        if all(str(key).isdecimal() for key in labels):
            return {int(value): str(name) for value, name in labels.items()}
        return {int(value): str(name) for name, value in labels.items()}
    except ValueError as error:
        raise UnreadableError(f"{notes} cannot be understood: labels has values that are no numbers.") from error


def _monai_names(store: dict[str, Any], case: str, notes: Path) -> dict[int, str]:
    try:
        info = (((store.get("objects") or {}).get(case) or {}).get("labels") or {}).get("final", {}).get("info") or {}
        info = (info.get("params") or {}) | info
        if listed := info.get("label_info"):
            return {int(entry["idx"]): str(entry["name"]) for entry in listed}
        return {int(value): str(name) for name, value in (info.get("label_names") or {}).items()}
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise UnreadableError(
            f"{notes} cannot be understood: the labels of {case} have no names and values."
        ) from error


def _checked(named: dict[int, str], notes: Path) -> dict[int, str]:
    if wrong := [value for value in named if not 0 < value < LEFT_OFFSET]:
        raise InputError(
            f"{notes} names the label value {wrong[0]}, expected values from 1 to {LEFT_OFFSET - 1}.",
            "Export the labels with fewer structures.",
        )
    return named


def _read(notes: Path) -> dict[str, Any]:
    try:
        content = json.loads(notes.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{notes} cannot be read: it is no JSON file.") from error
    if not isinstance(content, dict):
        raise UnreadableError(f"{notes} cannot be understood: expected a table of names and values.")
    return content
