"""The segmentation of one case against labels that a person gave, while the case is analyzed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from myoscope.anatomy import StructureSet
from myoscope.data.segmentation import Segmentation
from myoscope.errors import UnreadableError
from myoscope.evaluation.compare import compare
from myoscope.evaluation.evaluate import evaluation_of
from myoscope.evaluation.naming import Naming
from myoscope.evaluation.values import Evaluation, EvaluationRow

if TYPE_CHECKING:
    from myoscope.data.modality import ModalityInfo

#: Status of a structure that the reference holds and the model was never trained to find.
NOT_PREDICTED = "not predicted"


def check_comparable(reference: Segmentation, origin: str, searched: Collection[str]) -> None:
    """Refuse a reference that has nothing in common with what is searched for.

    Args:
        reference: Labels that a person gave.
        origin: Where they came from, for the message.
        searched: Names of the structures that will be segmented.

    Raises:
        UnreadableError: No structure is in both.
    """
    known = [name for name in reference.structures.names if name in reference.predicted]
    if not reference.predicted & set(searched):
        raise UnreadableError(
            f"The reference ({origin}) has no structure in common with what is segmented: it holds "
            f"{_spoken(known)}, searched for are {_spoken(searched)}.",
            "Give labels of these structures, or leave --reference out.",
        )


def evaluate_case(
    prediction: Segmentation, reference: Segmentation, case_id: str, info: ModalityInfo, names: tuple[str, ...] = ()
) -> Evaluation:
    """Return how well a model's segmentation agrees with the reference.

    Where only one of them splits sides, both sides are compared as one, as `evaluate` does. What the reference holds
    but the model was never trained to find is 'not predicted', and so in no mean.

    Args:
        prediction: What the model made, after `refine`.
        reference: Labels that a person gave, on the same grid.
        case_id: Name of the case.
        info: The modality.
        names: Structures to compare; all when empty.

    Raises:
        GeometryError: They lie on different grids.
    """
    structures = StructureSet(info.structures.subset(names).structures) if names else info.structures
    rows = list(_rows(prediction, compare(prediction, reference, case_id), structures))
    return evaluation_of(rows, Naming(structures, info), surface=True)


def _rows(
    prediction: Segmentation, compared: tuple[EvaluationRow, ...], structures: StructureSet
) -> Iterator[EvaluationRow]:
    for row in compared:
        if row.structure in structures:
            yield row if row.structure in prediction.predicted else _not_predicted(row)


def _not_predicted(row: EvaluationRow) -> EvaluationRow:
    key = (row.case_id, row.structure, row.side)
    return EvaluationRow(*key, volume_ref_ml=row.volume_ref_ml, status=NOT_PREDICTED)


def _spoken(names: Collection[str]) -> str:
    return ", ".join(names) or "none"
