"""Predictions against references: files, folders, images or values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from myoscope.data.progress import Progress
from myoscope.errors import InputError, MyoscopeError
from myoscope.evaluation.compare import compare
from myoscope.evaluation.naming import Naming, naming_of
from myoscope.evaluation.pairing import Pair, pairs
from myoscope.evaluation.published import means, read_published
from myoscope.evaluation.reading import Labels, read_pair
from myoscope.evaluation.summary import correlate, summarize
from myoscope.evaluation.values import Evaluation, EvaluationRow
from myoscope.metrics import Status

CASE_IN_MEMORY = "case"


def evaluate(
    prediction: Labels,
    reference: Labels,
    *,
    modality: str | None = None,
    surface: bool = True,
    progress: Progress | None = None,
) -> Evaluation:
    """Return how well predictions agree with references, by structure and summed up.

    Two folders are matched by file name; a case that lacks a file or cannot be compared is a row that says so.

    Args:
        prediction: A label file, a folder of them, a SimpleITK or nibabel image, or a `Segmentation`.
        reference: The same.
        modality: Whose structures name the labels; found out when None.
        surface: False leaves out surface distances.
        progress: Called as cases are done.

    Raises:
        InputError: Labels that cannot be read, that mean nothing, or that lie on different grids.
        UsageError: A file and a folder, or an unknown modality.
    """
    if not (isinstance(prediction, str | Path) and isinstance(reference, str | Path)):
        naming = naming_of([(prediction, reference)], modality)
        return evaluation_of(
            _rows(prediction, reference, CASE_IN_MEMORY, naming, surface=surface), naming, surface=surface
        )
    found = pairs(Path(prediction), Path(reference))
    naming = naming_of(((p.prediction, p.reference) for p in found if p.prediction and p.reference), modality)
    rows: list[EvaluationRow] = []
    for number, pair in enumerate(found):
        if progress is not None:
            progress("evaluate", number, len(found))
        rows += _case(pair, naming, surface=surface, alone=not Path(reference).is_dir())
    if progress is not None:
        progress("evaluate", len(found), len(found))
    return evaluation_of(rows, naming, surface=surface)


def _case(pair: Pair, naming: Naming, *, surface: bool, alone: bool) -> Sequence[EvaluationRow]:
    """Return the rows of one case; what is wrong with one of several is a row."""
    if pair.prediction is None or pair.reference is None:
        missing = "prediction" if pair.prediction is None else "reference"
        return [EvaluationRow(pair.case_id, "", "", status=f"failed: there is no {missing} file of this name")]
    try:
        return _rows(pair.prediction, pair.reference, pair.case_id, naming, surface=surface)
    except InputError as error:
        if alone:
            raise
        return [EvaluationRow(pair.case_id, "", "", status=f"failed: {error.message}")]


def _rows(
    prediction: Labels, reference: Labels, case_id: str, naming: Naming, *, surface: bool
) -> Sequence[EvaluationRow]:
    try:
        return compare(*read_pair(prediction, reference, naming.structures), case_id, surface=surface)
    except MyoscopeError as error:
        error.add_note(f"case: {case_id}")
        raise


def evaluation_of(rows: Sequence[EvaluationRow], naming: Naming, *, surface: bool) -> Evaluation:
    """Return rows with their sums and what others published."""
    whole = tuple(_completed(rows, naming))
    published = () if naming.info is None or naming.info.published is None else read_published(naming.info.published)
    return Evaluation(
        rows=whole,
        structures=naming.structures,
        modality="" if naming.info is None else naming.info.name,
        also_fits=naming.also_fits,
        surface=surface,
        summary=summarize(whole, naming.structures),
        correlations=correlate(whole, naming.structures),
        published=published,
        published_means=means(published, structures=0 if naming.info is None else len(naming.info.structures)),
    )


def _completed(rows: Sequence[EvaluationRow], naming: Naming) -> Iterable[EvaluationRow]:
    """Yield the rows case by case, in order of structures; what other cases show but this one lacks is 'both empty'."""
    order = {name: number for number, name in enumerate(naming.structures.names)}
    cases: dict[str, list[EvaluationRow]] = {}
    for row in rows:
        cases.setdefault(row.case_id, []).append(row)
    keys = {(row.structure, row.side) for row in rows if not row.failed}
    for case_id, own in cases.items():
        if own[0].failed:
            yield from own
            continue
        sides = {row.side for row in own}
        there = {(row.structure, row.side): row for row in own}
        for key in sorted(keys, key=lambda key: (key[1] == "left", order[key[0]])):
            if key in there:
                yield there[key]
            elif key[1] in sides:
                volume = 0.0 * own[0].volume_ref_ml
                yield EvaluationRow(
                    case_id,
                    *key,
                    volume_pred_ml=volume,
                    volume_ref_ml=volume,
                    status=Status.BOTH_EMPTY.value,
                )
