"""Promises about `measure`, `check` and all values."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from myoscope.data.finding import Finding, Severity
from myoscope.data.measurement import Measurement, Measurements
from myoscope.data.segmentation import Segmentation
from myoscope.data.subject import Sex, Subject
from myoscope.testing.describing import SNAKE_CASE
from myoscope.testing.trial import Trial, fingerprint, present_names, without

SUBJECT = Subject(id="subject", sex=Sex.FEMALE, age=71.0, height_m=1.6, weight_kg=60.0)
#: A volume agrees with the voxel count to within this share.
VOLUME_TOLERANCE = 1e-6


def measurements_are_complete_or_say_why(trial: Trial) -> Iterator[str]:
    """Hook `measure` gives unique rows with unit and method; a row is whole and finite, or says why not."""
    for subject in (SUBJECT, Subject()):
        measurements = trial.plugin.measure(trial.case.scan, trial.case.segmentation, subject)
        counts = Counter((row.structure, row.side, row.quantity) for row in measurements)
        for (structure, side, quantity), count in counts.items():
            if count > 1:
                yield f"`measure` gave {count} rows of {quantity} of {structure}, side {side}."
        for row in measurements:
            yield from _row(row)


def volume_is_voxel_count(trial: Trial) -> Iterator[str]:
    """In 3D, `measure` gives each structure of the truth a `volume` in mL: its voxel count x the voxel volume."""
    truth = trial.case.segmentation
    if truth.grid.ndim != 3:  # noqa: PLR2004
        return
    measurements = trial.plugin.measure(trial.case.scan, truth, SUBJECT)
    for value, structure, side in truth.entries():
        count = int(np.count_nonzero(truth.labels == value))
        rows = measurements.select(structure=structure.name, side=side, quantity="volume").rows
        if not count:
            continue
        if not rows:
            yield f"`measure` gave no volume of {structure.name}, side {side}, which the truth holds."
            continue
        expected = count * truth.grid.voxel_volume_ml
        if rows[0].unit != "mL" or not math.isclose(rows[0].value, expected, rel_tol=VOLUME_TOLERANCE):
            yield (
                f"`measure` gave {rows[0].value:g} {rows[0].unit} for {structure.name}, side {side}; {count} voxels "
                f"are {expected:g} mL."
            )


def what_is_missing_is_never_zero(trial: Trial) -> Iterator[str]:
    """A structure that is not there, or was not looked for, is never 0: its rows are NaN with a reason."""
    truth = trial.case.segmentation
    name = present_names(truth)[0]
    for predicted, words in ((True, "is not in the scan"), (False, "was not looked for")):
        labels = without(truth, name, predicted=predicted)
        rows = trial.plugin.measure(trial.case.scan, labels, SUBJECT).select(structure=name).rows
        if not rows:
            yield f"`measure` says nothing of {name}, which {words}; expected a row of NaN with the reason."
        for row in rows:
            if not math.isnan(row.value):
                yield f"`measure` gave {row.value:g} {row.unit} as {row.quantity} of {name}, which {words}."
    empty = replace(truth, labels=np.zeros_like(truth.labels))
    for row in trial.plugin.measure(trial.case.scan, empty, SUBJECT):
        if row.value == 0:
            yield f"`measure` gave 0 {row.unit} as {row.quantity} of {row.structure} for an empty segmentation."


def findings_say_what_to_do(trial: Trial) -> Iterator[str]:
    """Hook `check` returns findings, each with a snake_case code, a message and what to do."""
    truth = trial.case.segmentation
    for segmentation in (truth, replace(truth, labels=np.zeros_like(truth.labels))):
        for finding in _checked(trial, segmentation):
            if not isinstance(finding, Finding) or not isinstance(finding.severity, Severity):
                yield f"`check` returned {finding!r}, expected a Finding with a Severity."
            elif not SNAKE_CASE.fullmatch(finding.code) or not finding.message or not finding.action:
                yield f"The finding {finding.code!r} needs a snake_case code, a message and what to do."


def values_survive_pickle(trial: Trial) -> Iterator[str]:
    """Scan, segmentation, measurements and findings are the same after pickle."""
    truth = trial.case.segmentation
    measurements = trial.plugin.measure(trial.case.scan, truth, SUBJECT)
    for value in (trial.plugin.recognize(trial.written), measurements, _checked(trial, truth)):
        if repr(pickle.loads(pickle.dumps(value))) != repr(value):  # noqa: S301 - our own bytes
            yield f"{type(value).__name__} changed in pickle."
    case = pickle.loads(pickle.dumps(trial.case))  # noqa: S301 - our own bytes
    same_labels = np.array_equal(case.segmentation.labels, truth.labels)
    if fingerprint(case.scan) != fingerprint(trial.case.scan) or not same_labels:
        yield "The synthetic case changed in pickle."


def _row(row: Measurement) -> Iterator[str]:
    place = f"{row.quantity} of {row.structure}, side {row.side}"
    if not row.unit or not row.method:
        yield f"`measure` gave {place} without a unit or a method."
    if math.isinf(row.value):
        yield f"`measure` gave an infinite {place}."
    if math.isnan(row.value) and row.complete:
        yield f"`measure` gave NaN as {place} and calls it complete."
    if row.complete == bool(row.reason):
        yield f"`measure` gave {place} with complete={row.complete} and the reason {row.reason!r}; they disagree."


def _checked(trial: Trial, segmentation: Segmentation) -> tuple[Finding, ...]:
    measurements: Measurements = trial.plugin.measure(trial.case.scan, segmentation, SUBJECT)
    return trial.plugin.check(trial.case.scan, segmentation, measurements)
