"""Everything that one analysis gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.data.finding import Finding
from myoscope.data.measurement import Measurements
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.data.subject import Subject

if TYPE_CHECKING:
    from myoscope.evaluation.values import Evaluation

RESEARCH_USE_ONLY = "Research use only. Not a medical device; not for diagnosis or treatment."


@dataclass(frozen=True, slots=True)
class StageCost:
    """What a stage cost.

    Attributes:
        stage: Name of the stage.
        seconds: Wall time.
        peak_memory_mb: High-water mark of the process when the stage ended, in MiB.
    """

    stage: str
    seconds: float
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class ModelReference:
    """Which model made a segmentation.

    Attributes:
        id: Model id.
        sha256: Hash of its weights.
        recipe: Name of its recipe.
        backend: What ran it, where, how precisely and on how many threads, such as `openvino cpu bfloat16, 2 threads`.
        trained_on: What it was trained on, one sentence from its card.
        seen: Channels of the scan that it saw.
    """

    id: str
    sha256: str
    recipe: str
    backend: str
    trained_on: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a result came to be.

    Attributes:
        versions: Distribution -> version.
        source: Where the scan came from.
        labels: Where the labels came from when no model made them; empty otherwise.
        model: The model, or None when labels were given.
        device: Where the model ran; empty without one.
        stages: Cost of each stage, in order.
        reference: Where the labels came from that the segmentation is compared with; empty without any.
    """

    versions: Mapping[str, str]
    source: str
    labels: str
    model: ModelReference | None
    device: str
    stages: tuple[StageCost, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One structure in one slice: a row of `slices.csv`.

    Attributes:
        structure: Structure name.
        side: Side of the body.
        slice: Index along the slice axis, from the feet upward; of the frame of a picture or video.
        position_mm: Position of the slice along the body axis, LPS; NaN for a frame.
        area_cm2: Area in the slice's own plane; NaN in a picture without a scale.
        intensity_mean: Mean of the scan's first channel, in its own unit.
    """

    structure: str
    side: str
    slice: int
    position_mm: float
    area_cm2: float
    intensity_mean: float


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Scan, segmentation, measurements, findings and provenance of one case.

    `evaluation` is the comparison with reference labels, or None when none were given.
    """

    scan: Scan
    segmentation: Segmentation
    measurements: Measurements
    slices: tuple[SliceRow, ...]
    findings: tuple[Finding, ...]
    subject: Subject
    provenance: Provenance
    evaluation: Evaluation | None = None

    @property
    def case_id(self) -> str:
        """Name of the case."""
        return self.scan.case_id

    @property
    def modality(self) -> str:
        """Name of the modality."""
        return self.scan.modality

    def save(self, folder: str | Path, *, report: bool = True) -> Path:
        """Write every file of the case into `folder` at once and return its path.

        Raises:
            OutputError: The folder cannot be written; nothing is left behind.
        """
        from myoscope.io.case_files import write_case

        return write_case(self, Path(folder), report=report)

    def show(self) -> None:
        """Open the report in a browser."""
        from myoscope.report import show

        show(self)
