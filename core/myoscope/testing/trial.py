"""The synthetic case that a plugin is tried on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.modality import LabelledCase, ModalityInfo, SynthesisOptions
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.hookspecs import Modality
from myoscope.io import write_labelled_case


@dataclass(frozen=True, slots=True)
class Trial:
    """What every promise is checked on.

    Attributes:
        plugin: The plugin's typed face.
        info: What it describes.
        seed: Of the case.
        options: Of the case.
        case: A case of the plugin's own `synthesize`.
        written: The same as files: an image, or a folder with one a channel.
        folder: For files that a promise makes.
        every_network: True runs the network of every recipe.
    """

    plugin: Modality
    info: ModalityInfo
    seed: int
    options: SynthesisOptions
    case: LabelledCase
    written: Path
    folder: Path
    every_network: bool


def make_trial(
    plugin: Modality,
    info: ModalityInfo,
    seed: int,
    options: SynthesisOptions,
    folder: Path,
    *,
    every_network: bool,
) -> Trial:
    """Return the trial of a plugin, its case written below `folder`."""
    case = plugin.synthesize(seed, options)
    if not isinstance(case, LabelledCase):
        raise TypeError(f"`synthesize` returned {type(case).__name__}, expected LabelledCase")
    images = write_labelled_case(case, folder / "case") / "images"
    written = images if len(case.scan.channels) > 1 else next(images.iterdir())
    return Trial(plugin, info, seed, options, case, written, folder, every_network)


def fingerprint(scan: Scan) -> str:
    """Return a hash of a scan's voxels, their types and their grid."""
    digest = hashlib.sha256(repr(scan.grid).encode())
    for name, array in scan.channels.items():
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def unknown_values(segmentation: Segmentation) -> list[int]:
    """Return the label values above 0 that name no structure, ascending."""
    sides = (0, LEFT_OFFSET) if segmentation.sides_split else (0,)
    known = {structure.id + offset for structure in segmentation.structures for offset in sides}
    return sorted({int(value) for value in np.unique(segmentation.labels)} - known - {0})


def as_predicted(truth: Segmentation) -> Segmentation:
    """Return the truth as a model would give it: sides not split."""
    if not truth.sides_split:
        return truth
    labels = (truth.labels % LEFT_OFFSET).astype(np.uint8)
    return replace(truth, labels=labels, sides_split=False)


def without(truth: Segmentation, name: str, *, predicted: bool) -> Segmentation:
    """Return the truth without the structure called `name`, looked for (`predicted`) or not."""
    value = truth.structures[name].id
    labels = np.where(truth.labels % LEFT_OFFSET == value, 0, truth.labels).astype(np.uint8)
    return replace(truth, labels=labels, predicted=truth.predicted if predicted else truth.predicted - {name})


def present_names(truth: Segmentation) -> list[str]:
    """Return the structures that the labels hold, by id."""
    values = {int(value) % LEFT_OFFSET for value in np.unique(truth.labels)}
    return [structure.name for structure in truth.structures if structure.id in values]
