"""What tells the slices of an MR series apart: contrast, echo and table position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from myoscope.io.dicom import Series
from myoscope.io.dicom_frames import Frame, frames_of, functional_groups, macros
from myoscope.io.values import MRFacts

#: MR Image Storage, Enhanced MR Image Storage and its Legacy Converted kind (DICOM PS3.4 B.5). Screenshots, spectra and
#: color maps, which also have modality MR, are of other classes.
IMAGE_CLASSES = frozenset(f"1.2.840.10008.5.1.4.1.1.4{kind}" for kind in ("", ".1", ".4"))
LOCALIZER = "LOCALIZER"
#: Echo times, in ms, are the same when they agree to so many decimals.
ECHO_DECIMALS = 2
#: Sorts slices that do not say their echo time before those that do.
NO_ECHO = -1.0


@dataclass(frozen=True, slots=True)
class MRSlice:
    """One slice and what its header says of its contrast and of when it was taken.

    Attributes:
        frame: Where it lies.
        image_type: ImageType, or FrameType of an enhanced file.
        echo_time_ms: EchoTime or EffectiveEchoTime, rounded; None when absent.
        acquisition: AcquisitionNumber; of an enhanced file its path and StackID. Empty when absent.
        number: InstanceNumber, or place in an enhanced file.
    """

    frame: Frame
    image_type: tuple[str, ...]
    echo_time_ms: float | None
    acquisition: str
    number: int

    @property
    def contrast(self) -> tuple[tuple[str, ...], float]:
        """What slices of one contrast share; sortable."""
        return self.image_type, NO_ECHO if self.echo_time_ms is None else self.echo_time_ms


def is_mr_image(header: Any) -> bool:  # noqa: ANN401
    """Tell whether a DICOM file is an MR image, no localizer and no picture or table that was made from one."""
    right_class = str(header.get("Modality", "")) == "MR" and str(header.get("SOPClassUID", "")) in IMAGE_CLASSES
    return right_class and LOCALIZER not in _words(header.get("ImageType"))


def slices_of(header: Any, path: Path) -> list[MRSlice]:  # noqa: ANN401
    """Return the slices of a file, in its order, without localizers.

    Raises:
        GeometryError: Position, orientation or spacing is absent or impossible.
    """
    frames, groups = frames_of(header, path), functional_groups(header)
    if groups is None:
        found = [_classic(header, frame) for frame in frames]
    else:
        found = [_enhanced(header, frame, group) for frame, group in zip(frames, groups, strict=True)]
    return [one for one in found if LOCALIZER not in one.image_type]


def facts_of(series: Series, one: MRSlice, first: tuple[Path, Any], *, saturated_share: float) -> MRFacts:
    """Return what the headers say of an image.

    Args:
        series: Its series.
        one: Any of its slices.
        first: The file of its first slice and the header of that file.
        saturated_share: As measured in the pixels.
    """
    path, header = first

    def text(*keywords: str) -> str:
        return next((str(header.get(k)).strip() for k in keywords if header.get(k) is not None), "")

    return MRFacts(
        series_uid=series.uid,
        series_number=series.number,
        description=series.description,
        image_type=one.image_type,
        sequence_name=text("SequenceName", "PulseSequenceName"),
        echo_time_ms=one.echo_time_ms,
        study_uid=text("StudyInstanceUID"),
        study_date=text("StudyDate"),
        series_time=text("SeriesTime"),
        frame_of_reference=text("FrameOfReferenceUID"),
        manufacturer=text("Manufacturer"),
        file=path.name,
        saturated_share=saturated_share,
    )


def highest_storable(header: Any) -> int:  # noqa: ANN401
    """Return the highest value that BitsStored can hold."""
    return int((1 << (int(header.BitsStored) - int(header.get("PixelRepresentation") or 0))) - 1)


def _classic(header: Any, frame: Frame) -> MRSlice:  # noqa: ANN401
    return MRSlice(
        frame=frame,
        image_type=_words(header.get("ImageType")),
        echo_time_ms=_milliseconds(header.get("EchoTime")),
        acquisition=_text(header.get("AcquisitionNumber")),
        number=int(header.get("InstanceNumber") or 0),
    )


def _enhanced(header: Any, frame: Frame, groups: Sequence[Any]) -> MRSlice:  # noqa: ANN401
    def fact(macro: str, keyword: str) -> Any:  # noqa: ANN401
        return next((item.get(keyword) for item in macros(groups, macro) if item.get(keyword) is not None), None)

    return MRSlice(
        frame=frame,
        image_type=_words(fact("MRImageFrameTypeSequence", "FrameType") or header.get("ImageType")),
        echo_time_ms=_milliseconds(fact("MREchoSequence", "EffectiveEchoTime")),
        acquisition=f"{frame.path}:{_text(fact('FrameContentSequence', 'StackID'))}",
        number=frame.index or 0,
    )


def _words(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(word) for word in value)


def _milliseconds(value: Any) -> float | None:  # noqa: ANN401
    return None if value is None else round(float(value), ECHO_DECIMALS)


def _text(value: Any) -> str:  # noqa: ANN401
    return "" if value is None else str(value)
