"""What reading gives: a volume, or a glance at one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from myoscope.data.finding import Finding
from myoscope.data.grid import Grid
from myoscope.data.subject import Subject


@dataclass(frozen=True, slots=True)
class Volume:
    """One 3D image with its place in the patient.

    Attributes:
        array: Shape `grid.shape`, in the file's own type; DICOM with the rescale applied.
        grid: Where the voxels lie.
        dicom_modality: `CT`, `MR`, ...; None when the format does not say.
        subject: What the headers say of the person; never a name or an identifier.
        findings: What reading had to do or noticed.
    """

    array: NDArray[Any]
    grid: Grid
    dicom_modality: str | None = None
    subject: Subject = field(default_factory=Subject)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Peek:
    """What a header tells of a source, for `recognize`.

    Attributes:
        kind: `dicom`, `volume` or `archive`.
        dicom_modality: `CT`, `MR`, ...; None when the format does not say.
        description: Body part, study, series and protocol of a DICOM file; the name of any other file.
        ndim: Number of axes with more than one sample; 3 for a DICOM folder.
        size: Samples along each index axis; of a DICOM folder or archive only (columns, rows).
        spacing: Spacing of the axes that the header gives, in mm; empty when it gives none.
        sample: The first slice, in the scan's own unit; None when that would need decoding.
    """

    kind: str
    dicom_modality: str | None
    description: str
    ndim: int
    size: tuple[int, ...]
    spacing: tuple[float, ...]
    sample: NDArray[Any] | None = None
