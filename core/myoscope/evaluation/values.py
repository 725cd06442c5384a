"""What an evaluation gives: a row a structure and side, sums, and what others published."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from math import nan
from typing import TYPE_CHECKING

from myoscope.anatomy import StructureSet

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """One structure of one case: a row of `evaluation.csv`. What cannot be given is NaN, and `status` says why.

    Attributes:
        case_id: Name of the case.
        structure: Structure name; empty when the case failed.
        side: Side of the body; empty when the case failed.
        dice: Dice coefficient.
        iou: Intersection over union.
        precision: Share of the prediction that is right.
        recall: Share of the reference that is found.
        hd_mm: Hausdorff distance.
        hd95_mm: Larger of the two directed 95th percentiles of surface distances.
        assd_mm: Average symmetric surface distance.
        ravd_pct: Relative volume difference, signed.
        volume_pred_ml: Volume of the prediction; NaN in 2D.
        volume_ref_ml: Volume of the reference; NaN in 2D.
        status: `ok`, which mask is empty, or `failed: ` and the reason.
    """

    case_id: str
    structure: str
    side: str
    dice: float = nan
    iou: float = nan
    precision: float = nan
    recall: float = nan
    hd_mm: float = nan
    hd95_mm: float = nan
    assd_mm: float = nan
    ravd_pct: float = nan
    volume_pred_ml: float = nan
    volume_ref_ml: float = nan
    status: str = "ok"

    @property
    def failed(self) -> bool:
        """Tell whether the case could not be evaluated."""
        return not self.structure


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One metric over the rows of one structure or group: a row of `summary.csv`.

    Attributes:
        level: `structure`, `group` or `all`.
        name: Structure name, `scheme:group`, or `all`.
        metric: Column of `evaluation.csv`.
        mean: Mean of the `n` values.
        sd: Standard deviation, with n - 1.
        median: Median.
        q1: First quartile.
        q3: Third quartile.
        iqr: q3 - q1.
        n: Values that the row is made from.
        left_out: Rows left out, because the reference is empty or the metric has no value.
    """

    level: str
    name: str
    metric: str
    mean: float
    sd: float
    median: float
    q1: float
    q3: float
    iqr: float
    n: int
    left_out: int


@dataclass(frozen=True, slots=True)
class VolumeCorrelation:
    """Pearson correlation of predicted and reference volume over cases: a row of `volume_correlation.csv`.

    Attributes:
        level: As in `SummaryRow`.
        name: As in `SummaryRow`.
        r: Correlation; NaN for fewer than three cases or a volume that never varies.
        p: Of the two-sided test that there is none.
        n: Cases whose reference holds the structure.
    """

    level: str
    name: str
    r: float
    p: float
    n: int


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """A figure that others reported.

    Attributes:
        model: Their model.
        structure: Structure name, or `text` for a mean that their text states.
        metric: `dice`, `assd_mm`, `volume_correlation`, ...
        value: As printed.
        source: Where.
    """

    model: str
    structure: str
    metric: str
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class PublishedMean:
    """Mean of a published table over its structures, beside the mean that the text states.

    Attributes:
        model: Their model.
        metric: As in `PublishedValue`.
        mean: Of the table; NaN for a selection of structures.
        n: Structures in the table.
        stated: In the text; NaN when it states none.
    """

    model: str
    metric: str
    mean: float
    n: int
    stated: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well predictions agree with references.

    Attributes:
        rows: One a case, structure and side, and one a failed case.
        structures: Names and groups.
        modality: The modality that names them; empty when none does.
        also_fits: Other modalities whose names fit as well.
        surface: False when surface distances were not asked for.
        summary: Sums by structure and group.
        correlations: Of volumes, over cases.
        published: What others reported for this modality.
        published_means: Means of what they reported.
    """

    rows: tuple[EvaluationRow, ...]
    structures: StructureSet
    modality: str
    also_fits: tuple[str, ...]
    surface: bool
    summary: tuple[SummaryRow, ...]
    correlations: tuple[VolumeCorrelation, ...]
    published: tuple[PublishedValue, ...]
    published_means: tuple[PublishedMean, ...]

    @property
    def failures(self) -> tuple[EvaluationRow, ...]:
        """The rows of cases that could not be evaluated."""
        return tuple(row for row in self.rows if row.failed)

    @property
    def cases(self) -> tuple[str, ...]:
        """Names of the cases that were evaluated, sorted."""
        return tuple(sorted({row.case_id for row in self.rows if not row.failed}))

    def to_frame(self) -> pd.DataFrame:
        """Return the columns of `evaluation.csv`."""
        import pandas as pd

        return pd.DataFrame([astuple(row) for row in self.rows], columns=[f.name for f in fields(EvaluationRow)])
