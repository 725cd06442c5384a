"""Labelled cases on the recipe's grid, prepared once and cached."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.modality import LoadOptions
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.errors import InputError, UsageError
from myoscope.ops.resample import resample

if TYPE_CHECKING:
    from myoscope.hookspecs import Modality

FOLDS = 5


@dataclass(frozen=True, slots=True)
class PreparedCase:
    """One case as the network sees it.

    Attributes:
        file: Name of the image and label files; orders the cases and names the cached one.
        image: (channels, z, y, x), float16.
        label: (z, y, x), channel indices, 0 background.
    """

    file: str
    image: NDArray[np.float16]
    label: NDArray[np.uint8]


def prepare(file: str, scan: Scan, truth: Segmentation, recipe: Recipe, modality: Modality) -> PreparedCase:
    """Return a labelled scan on the recipe's grid; structures that the recipe does not know become background."""
    prepared = modality.preprocess(scan, recipe)
    ids = {truth.structures[name].id: channel for channel, name in enumerate(recipe.structures, 1)}
    table = np.zeros(256, dtype=np.uint8)
    for value, structure, _ in truth.entries():
        table[value] = ids.get(structure.id, 0)
    labels = resample(table[truth.labels], truth.grid, prepared.grid, fill=0, labels=True)
    image = np.stack([np.asarray(a, dtype=np.float16) for a in prepared.channels.values()])
    return PreparedCase(file, image, labels)


def prepare_folder(data: Path, cache: Path, recipe: Recipe, modality: Modality) -> tuple[PreparedCase, ...]:
    """Return every case of a folder with `images/` and `labels/`, matched by file name, from the cache where it is.

    Raises:
        InputError: No pair is found, or an image has no labels.
    """
    from myoscope.io import read_labels

    images = sorted(p for p in (data / "images").glob("*") if p.is_file() and not p.name.startswith("."))
    if not images:
        raise InputError(
            f"{data} holds no images.", "Put scans into images/ and label maps of the same name into labels/."
        )
    cache.mkdir(parents=True, exist_ok=True)
    structures = modality.describe().structures
    cases = []
    for image in images:
        label = data / "labels" / image.name
        if not label.exists():
            raise InputError(f"{image.name} has no label map in {data / 'labels'}.")
        stored = cache / f"{image.name}-{_fingerprint(image, label, recipe)}.npz"
        if not stored.exists():
            scan = modality.load(image, LoadOptions())
            truth = read_labels(label, structures, on=scan.grid)
            _write_prepared(prepare(image.name, scan, truth, recipe, modality), stored)
        cases.append(_read_prepared(stored))
    return tuple(cases)


def _fingerprint(image: Path, label: Path, recipe: Recipe) -> str:
    """Return what a prepared case depends on, so that other labels or another recipe never meet an old cache."""
    digest = hashlib.sha256(repr((recipe.structures, recipe.spacing_mm, dict(recipe.preprocessing))).encode())
    for path in (image, label):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _write_prepared(case: PreparedCase, path: Path) -> None:
    """Write a prepared case, beside and then in place."""
    beside = path.with_suffix(".part.npz")
    np.savez_compressed(beside, name=np.array(case.file), image=case.image, label=case.label)
    beside.replace(path)


def split(cases: tuple[PreparedCase, ...], fold: int) -> tuple[tuple[PreparedCase, ...], tuple[PreparedCase, ...]]:
    """Return training and validation cases: every fifth case by name, starting at `fold`, validates.

    Raises:
        UsageError: The fold does not exist or would leave one side empty.
    """
    if not 0 <= fold < FOLDS:
        raise UsageError(f"Fold {fold} does not exist; folds are 0 to {FOLDS - 1}.")
    ordered = sorted(cases, key=lambda case: case.file)
    held_out = tuple(ordered[fold::FOLDS])
    kept = tuple(case for index, case in enumerate(ordered) if index % FOLDS != fold)
    if not held_out or not kept:
        raise UsageError(f"{len(cases)} cases are too few to hold out fold {fold}.", f"Give at least {FOLDS}.")
    return kept, held_out


def _read_prepared(path: Path) -> PreparedCase:
    with np.load(path) as stored:
        return PreparedCase(str(stored["name"]), stored["image"], stored["label"])
