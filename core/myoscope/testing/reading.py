"""Promises about `synthesize`, `recognize` and `load`."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from myoscope.data.grid import PICTURE_AXES, Grid
from myoscope.data.modality import LoadOptions, Recognition
from myoscope.errors import InputError
from myoscope.testing.trial import Trial, fingerprint, unknown_values

#: Files that are no scan of anyone.
NONSENSE = {
    "empty.nii.gz": b"",
    "text.nii.gz": b"This is a text file.",
    "text.nrrd": b"NRRD0004\nThis is a text file.",
    "text.mha": b"This is a text file.",
    "text.png": b"This is a text file.",
    "noise.dcm": bytes(range(256)) * 8,
    "broken.zip": b"PK\x03\x04 and no more",
    "notes.txt": b"This is a text file.",
}


def synthesize_is_deterministic(trial: Trial) -> Iterator[str]:
    """Hook `synthesize` gives the same bytes for the same seed and other voxels for another."""
    again = trial.plugin.synthesize(trial.seed, trial.options)
    same_labels = np.array_equal(again.segmentation.labels, trial.case.segmentation.labels)
    if fingerprint(again.scan) != fingerprint(trial.case.scan) or not same_labels or again.facts != trial.case.facts:
        yield f"`synthesize` gave two different cases for the seed {trial.seed}."
    other = trial.plugin.synthesize(trial.seed + 1, trial.options)
    if fingerprint(other.scan) == fingerprint(trial.case.scan):
        yield f"`synthesize` gave the same case for the seeds {trial.seed} and {trial.seed + 1}."


def the_truth_is_consistent(trial: Trial) -> Iterator[str]:
    """The synthetic truth lies on its scan's grid, holds known label values only, and follows the options."""
    scan, truth = trial.case.scan, trial.case.segmentation
    if scan.modality != trial.info.name:
        yield f"The synthetic scan says that it is {scan.modality!r}, expected {trial.info.name!r}."
    if not truth.grid.is_same(scan.grid):
        yield "The synthetic truth does not lie on its scan's grid."
    if truth.structures != trial.info.structures:
        yield "The synthetic truth has other structures than `describe` gives."
    if unknown := unknown_values(truth):
        yield f"The synthetic truth holds label values that name no structure: {unknown}."
    if not truth.labels.any():
        yield "The synthetic truth is empty: nothing can be checked on it."
    if trial.options.size not in {None, scan.grid.size}:
        yield f"`synthesize` was asked for {trial.options.size} voxels and gave {scan.grid.size}."
    if trial.options.spacing_mm is not None and not np.allclose(trial.options.spacing_mm, scan.grid.spacing_mm):
        yield f"`synthesize` was asked for {trial.options.spacing_mm} mm and gave {scan.grid.spacing_mm} mm."
    json.dumps(dict(trial.case.facts))


def recognize_knows_its_own(trial: Trial) -> Iterator[str]:
    """Hook `recognize` accepts the written synthetic case, with a confidence within 0 to 1 and a reason."""
    belief = trial.plugin.recognize(trial.written)
    if belief is None:
        yield "`recognize` does not know the plugin's own synthetic case."
    elif not isinstance(belief, Recognition) or not 0 < belief.confidence <= 1 or not belief.reason:
        yield f"`recognize` returned {belief!r}, expected a confidence above 0 and up to 1, and a reason."


def recognize_declines_nonsense(trial: Trial) -> Iterator[str]:
    """Hook `recognize` answers None for files that are no scans, and never raises."""
    for source in _nonsense(trial):
        try:
            belief = trial.plugin.recognize(source)
        except Exception as error:
            error.add_note(f"`recognize` raised for {source.name}; it must answer None.")
            raise
        if belief is not None:
            yield f"`recognize` takes {source.name}, which is no scan, for its own: {belief.reason}."


def load_gives_back_what_was_written(trial: Trial) -> Iterator[str]:
    """Hook `load` gives the written case's grid and voxels, and the case id that the user names."""
    wanted = trial.case.scan
    scale = wanted.grid.spacing_mm[0] if _is_square(wanted.grid) else None
    given = trial.plugin.load(trial.written, LoadOptions(case_id="named", spacing_mm=scale))
    if given.modality != trial.info.name:
        yield f"`load` gave a scan of {given.modality!r}, expected {trial.info.name!r}."
    if given.case_id != "named":
        yield f"`load` was asked to call the case 'named' and called it {given.case_id!r}."
    if not trial.plugin.load(trial.written, LoadOptions()).case_id:
        yield "`load` gave a case without a name."
    if not given.grid.is_same(wanted.grid) and (wanted.grid.ndim != PICTURE_AXES or scale is not None):
        yield f"`load` gave the grid {given.grid}, written was {wanted.grid}."
    if tuple(given.channels) != tuple(wanted.channels):
        yield f"`load` gave the channels {tuple(given.channels)}, written were {tuple(wanted.channels)}."
    for name in set(given.channels) & set(wanted.channels):
        if not np.array_equal(given.channels[name], wanted.channels[name]):
            yield f"`load` changed the voxels of the channel {name!r}."


def _is_square(grid: Grid) -> bool:
    """Tell whether a picture's scale can be given as one number, which its file has no place for."""
    return grid.ndim == PICTURE_AXES and math.isclose(*grid.spacing_mm)


def load_refuses_nonsense(trial: Trial) -> Iterator[str]:
    """Hook `load` raises an `InputError` that survives pickle for files that are no scans."""
    for source in _nonsense(trial):
        try:
            trial.plugin.load(source, LoadOptions())
        except InputError as error:
            if str(pickle.loads(pickle.dumps(error))) != str(error):  # noqa: S301 - our own bytes
                yield f"The error that `load` raised for {source.name} changed in pickle."
        except Exception as error:
            error.add_note(f"`load` raised this for {source.name}; it must be an InputError with a sentence.")
            raise
        else:
            yield f"`load` took {source.name}, which is no scan."


def _nonsense(trial: Trial) -> list[Path]:
    folder = trial.folder / "nonsense"
    if not folder.is_dir():
        (folder / "nothing").mkdir(parents=True)
        for name, data in NONSENSE.items():
            (folder / name).write_bytes(data)
    return sorted(folder.iterdir())
