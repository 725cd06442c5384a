"""Labelled cases on the recipe's grid, prepared once and cached."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.progress import Progress
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.io.label_tables import find_table
from myoscope.ops.resample import resample
from myoscope.training.checking import LabelFacts, each_case, facts_of
from myoscope.training.folders import channels_beside, labelled_files
from myoscope.training.meanings import contrasts_of, value_names
from myoscope.training.reading import load_scan, read_truth
from myoscope.training.subjects import Membership, held_out, read_memberships

if TYPE_CHECKING:
    from myoscope.hookspecs import Modality


@dataclass(frozen=True, slots=True)
class PreparedCase:
    """One case as the network sees it.

    Attributes:
        file: Name of the image file or folder; orders the cases and names the cached one.
        files: Image, a file or a folder of contrasts, and label file.
        member: To whom it belongs.
        image: (channels, [z,] y, x), float16.
        label: ([z,] y, x), channel indices, 0 background.
        facts: What its label file holds.
    """

    file: str
    files: tuple[Path, Path]
    member: Membership
    image: NDArray[np.float16]
    label: NDArray[np.uint8]
    facts: LabelFacts


def prepare(
    scan: Scan, truth: Segmentation, recipe: Recipe, modality: Modality
) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    """Return image and label of a labelled scan on the recipe's grid, as in `PreparedCase`.

    Structures that the recipe does not know become background.
    """
    prepared = modality.preprocess(scan, recipe)
    label = resample(channel_labels(truth, recipe), truth.grid, prepared.grid, fill=0, labels=True)
    return np.stack([np.asarray(a, dtype=np.float16) for a in prepared.channels.values()]), label


def channel_labels(truth: Segmentation, recipe: Recipe) -> NDArray[np.uint8]:
    """Return the recipe's channel at every sample, 0 for background and for structures that it does not know."""
    ids = {truth.structures[name].id: channel for channel, name in enumerate(recipe.structures, 1)}
    table = np.zeros(256, dtype=np.uint8)
    for value, structure, _ in truth.entries():
        table[value] = ids.get(structure.id, 0)
    return table[truth.labels]


def prepare_folder(
    data: Path, cache: Path, recipe: Recipe, modality: Modality, *, progress: Progress | None = None
) -> tuple[PreparedCase, ...]:
    """Return every labelled case of a folder, from the cache where it is.

    Raises:
        InputError: No case is found, an image has no labels, frames do not say of whom they are, or cases that cannot
            be trained on, all of them named.
    """
    files = labelled_files(data)
    members = read_memberships(data, [image.name for image, _ in files], required=len(recipe.window) == PICTURE_AXES)
    cache.mkdir(parents=True, exist_ok=True)

    def prepared(image: Path, label: Path) -> PreparedCase:
        stored = cache / f"{image.name}-{_fingerprint(image, label, recipe)}.npz"
        if not stored.exists():
            scan, truth = read_labelled(image, label, recipe, modality)
            facts = facts_of(truth, label, recipe)
            _write_prepared(*prepare(scan, truth, recipe, modality), facts, stored)
        return _read_prepared(stored, (image, label), members[image.name])

    return each_case(files, prepared, progress)


def read_folder_facts(data: Path, recipe: Recipe, modality: Modality, progress: Progress) -> tuple[LabelFacts, ...]:
    """Return what the label files of a folder hold, for a recipe whose cases are not prepared here.

    Raises:
        InputError: As `prepare_folder`.
    """

    def read(image: Path, label: Path) -> LabelFacts:
        return facts_of(read_labelled(image, label, recipe, modality)[1], label, recipe)

    return each_case(labelled_files(data), read, progress)


def narrowed(cases: tuple[PreparedCase, ...], recipe: Recipe, names: tuple[str, ...]) -> tuple[PreparedCase, ...]:
    """Return cases of a recipe with the channels that they have when it knows `names` alone, in the recipe's order."""
    table = np.zeros(len(recipe.structures) + 1, dtype=np.uint8)
    for channel, name in enumerate(names, 1):
        table[1 + recipe.structures.index(name)] = channel
    return tuple(replace(case, label=table[case.label]) for case in cases)


def read_labelled(image: Path, label: Path, recipe: Recipe, modality: Modality) -> tuple[Scan, Segmentation]:
    """Return a scan and the labels that a person gave it, on its grid.

    Raises:
        InputError: Either cannot be read, they do not lie on the same grid, or a label means nothing.
    """
    scan = load_scan(image, modality)
    return scan, read_truth(label, modality.describe().structures, on=scan.grid, only=recipe.structures)


def _fingerprint(image: Path, label: Path, recipe: Recipe) -> str:
    """Return what a prepared case depends on, so that other labels or another recipe never meet an old cache."""
    meant = (value_names(label), tuple(contrasts_of(image)))
    fixed = (recipe.structures, recipe.spacing_mm, recipe.window, dict(recipe.preprocessing), *meant)
    digest = hashlib.sha256(repr(fixed).encode())
    parts = sorted(p for p in image.rglob("*") if p.is_file()) if image.is_dir() else channels_beside(image)
    for path in (*parts, label, *filter(None, [find_table(label)])):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _write_prepared(image: NDArray[np.float16], label: NDArray[np.uint8], facts: LabelFacts, path: Path) -> None:
    """Write a prepared case, beside and then in place."""
    beside = path.with_suffix(".part.npz")
    np.savez_compressed(
        beside,
        image=image,
        label=label,
        structures=np.array(sorted(facts.structures), dtype=str),
        sides_split=facts.sides_split,
        named=facts.named,
    )
    beside.replace(path)


def _read_prepared(path: Path, files: tuple[Path, Path], member: Membership) -> PreparedCase:
    """Return a prepared case as it was written."""
    with np.load(path) as stored:
        structures = frozenset(str(name) for name in stored["structures"])
        facts = LabelFacts(structures, bool(stored["sides_split"]), bool(stored["named"]))
        return PreparedCase(files[0].name, files, member, stored["image"], stored["label"], facts)


def split(cases: tuple[PreparedCase, ...], fold: int) -> tuple[tuple[PreparedCase, ...], tuple[PreparedCase, ...]]:
    """Return training and validation cases of a fold, by subject.

    Raises:
        UsageError: The fold does not exist or would leave one side empty.
    """
    ordered = sorted(cases, key=lambda case: case.file)
    names = held_out({case.file: case.member for case in ordered}, fold)
    return (
        tuple(case for case in ordered if case.file not in names),
        tuple(case for case in ordered if case.file in names),
    )
