"""What reading gives: a volume, an MR image, a picture or a video, or a glance at one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
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
class MRFacts:
    """What the headers of an MR series say, unchecked; empty where they are silent.

    Attributes:
        series_uid: SeriesInstanceUID.
        series_number: SeriesNumber.
        description: SeriesDescription.
        image_type: ImageType; of an enhanced file the FrameType of the slices.
        sequence_name: SequenceName; of an enhanced file PulseSequenceName.
        echo_time_ms: EchoTime; of an enhanced file EffectiveEchoTime.
        study_uid: StudyInstanceUID.
        study_date: YYYYMMDD.
        series_time: HHMMSS.ffffff, of which the end may be absent: the order of the texts is that of the times.
        frame_of_reference: FrameOfReferenceUID.
        manufacturer: Manufacturer.
        file: Name of the file that holds the first slice.
        saturated_share: Share of the pixels that have the highest value that BitsStored can hold.
    """

    series_uid: str = ""
    series_number: str = ""
    description: str = ""
    image_type: tuple[str, ...] = ()
    sequence_name: str = ""
    echo_time_ms: float | None = None
    study_uid: str = ""
    study_date: str = ""
    series_time: str = ""
    frame_of_reference: str = ""
    manufacturer: str = ""
    file: str = ""
    saturated_share: float = 0.0


@dataclass(frozen=True, slots=True)
class MRImage:
    """One contrast of one stack of MR slices.

    Attributes:
        array: float32, shape `grid.shape`, the rescale of the headers applied.
        grid: Where the voxels lie; the last index axis goes along the normal of the slices.
        facts: What the headers say.
        findings: What reading had to do or noticed.
    """

    array: NDArray[np.float32]
    grid: Grid
    facts: MRFacts
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureRegion:
    """A rectangle of an ultrasound picture and its scale, as the DICOM header gives them, unchecked.

    Attributes:
        left: First column.
        top: First row.
        right: Last column, which belongs to it.
        bottom: Last row, which belongs to it.
        spatial_format: 1 is 2D, 2 is M-mode (DICOM PS3.3 C.8.5.5.1.1).
        data_type: 1 is tissue, 2 is color flow (C.8.5.5.1.2).
        units: Of x and y; 3 is centimeters, 0 is none (C.8.5.5.1.15).
        deltas: Physical increment of a step to the right and of a step down, in `units`.
    """

    left: int
    top: int
    right: int
    bottom: int
    spatial_format: int
    data_type: int
    units: tuple[int, int]
    deltas: tuple[float, float]


@dataclass(frozen=True, slots=True)
class PictureScale:
    """What a DICOM header says of a picture's scale, unchecked.

    Attributes:
        regions: The SequenceOfUltrasoundRegions, in its order.
        spacing_mm: PixelSpacing as (x, y); None when absent.
        depth_mm: DepthOfScanField; None when absent.
        aspect: Width of a pixel by its height, from PixelAspectRatio; 1 when absent, as DICOM has it.
    """

    regions: tuple[PictureRegion, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    depth_mm: float | None = None
    aspect: float = 1.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture or a video, in grey.

    Attributes:
        frames: uint8, (y, x); (frames, y, x) for a video.
        times_s: Time of each frame of a video since the first; empty for a single picture.
        colored: Which pixels of the (first) frame have a color, (y, x).
        scale: What a DICOM header says; empty for every other file: the resolution of PNG, TIFF and JPEG files is
            that of a screen or a printer, never that of the body.
        dicom_modality: `US`, ...; None when the format does not say.
        subject: What the headers say of the person; never a name or an identifier.
        findings: What reading had to do or noticed.
    """

    frames: NDArray[np.uint8]
    times_s: tuple[float, ...]
    colored: NDArray[np.bool_]
    scale: PictureScale = field(default_factory=PictureScale)
    dicom_modality: str | None = None
    subject: Subject = field(default_factory=Subject)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Peek:
    """What a header tells of a source, for `recognize`.

    Attributes:
        kind: `dicom`, `volume`, `volumes` (a folder of volume files), `picture`, `video` or `archive`.
        dicom_modality: `CT`, `MR`, ...; None when the format does not say.
        description: Body part, study, series and protocol of a DICOM file; the name of any other file; of
            a folder or archive of volume files their names, one a line.
        ndim: Number of axes with more than one sample; 3 for a DICOM folder.
        size: Samples along each index axis; of a DICOM folder or archive only (columns, rows); of a video empty.
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
