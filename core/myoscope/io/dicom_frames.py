"""Where each slice of a DICOM file lies: classic files and the functional groups of enhanced ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from myoscope.errors import GeometryError, UnreadableError


@dataclass(frozen=True, slots=True)
class Frame:
    """One slice.

    Attributes:
        path: Its file.
        index: Its place in a multi-frame file; None in a classic one.
        size: Columns, rows.
        position: Center of its first pixel, LPS in mm.
        orientation: Direction of growing column index, then of growing row index.
        spacing_mm: Between columns, between rows.
        slope: Of the rescale.
        intercept: Of the rescale.
    """

    path: Path
    index: int | None
    size: tuple[int, int]
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing_mm: tuple[float, ...]
    slope: float
    intercept: float


def frames_of(header: Any, path: Path) -> list[Frame]:  # noqa: ANN401
    """Return the slices that a DICOM file holds, in the file's order.

    Raises:
        GeometryError: Position, orientation or spacing is absent or impossible.
        UnreadableError: A CT without rescale, whose values are not HU.
    """
    groups = functional_groups(header)
    if groups is not None:
        if len(groups) != int(header.get("NumberOfFrames") or 1):
            raise GeometryError(f"{path.name} has {header.get('NumberOfFrames')} frames but places {len(groups)}.")
        return [_enhanced(header, path, index, pair) for index, pair in enumerate(groups)]
    if int(header.get("NumberOfFrames") or 1) > 1:
        raise GeometryError(f"{path.name} has several frames but does not say where each lies.")
    return [_frame(header, path, None, _Places((header,), (header,), (header,), (header,)))]


def functional_groups(header: Any) -> list[tuple[Any, Any]] | None:  # noqa: ANN401
    """Return what an enhanced file says of each frame: the frame's own groups, then the shared ones; else None."""
    groups = header.get("PerFrameFunctionalGroupsSequence")
    if groups is None:
        return None
    shared = (header.get("SharedFunctionalGroupsSequence") or [{}])[0]
    return [(group, shared) for group in groups]


def macros(groups: Sequence[Any], name: str) -> list[Any]:
    """Return the one item of each functional group called `name`, from those groups that have it."""
    return [sequence[0] for sequence in (group.get(name) for group in groups) if sequence]


@dataclass(frozen=True, slots=True)
class _Places:
    """The datasets to look in for each fact, the first that has it wins."""

    position: Sequence[Any]
    orientation: Sequence[Any]
    measures: Sequence[Any]
    rescale: Sequence[Any]


def _enhanced(header: Any, path: Path, index: int, groups: Sequence[Any]) -> Frame:  # noqa: ANN401
    places = _Places(
        macros(groups, "PlanePositionSequence"),
        macros(groups, "PlaneOrientationSequence"),
        macros(groups, "PixelMeasuresSequence"),
        macros(groups, "PixelValueTransformationSequence"),
    )
    return _frame(header, path, index, places)


def _frame(header: Any, path: Path, index: int | None, places: _Places) -> Frame:  # noqa: ANN401
    where = path.name if index is None else f"{path.name}, frame {index + 1}"
    rows_apart, columns_apart = _numbers(places.measures, "PixelSpacing", 2, where)
    if min(rows_apart, columns_apart) <= 0:
        raise GeometryError(
            f"{where} has a PixelSpacing of {rows_apart} x {columns_apart} mm, expected positive numbers."
        )
    slope, intercept = _rescale(places.rescale, str(header.get("Modality", "")), where)
    return Frame(
        path=path,
        index=index,
        size=(int(header.Columns), int(header.Rows)),
        position=_numbers(places.position, "ImagePositionPatient", 3, where),
        orientation=_numbers(places.orientation, "ImageOrientationPatient", 6, where),
        spacing_mm=(columns_apart, rows_apart),
        slope=slope,
        intercept=intercept,
    )


def _numbers(places: Sequence[Any], keyword: str, count: int, where: str) -> tuple[float, ...]:
    value = next((place.get(keyword) for place in places if place.get(keyword) is not None), None)
    if value is None or not isinstance(value, Sequence) or len(value) != count:
        raise GeometryError(
            f"{where} has no {keyword}.", "Export the original series; myoscope never assumes geometry."
        )
    numbers = tuple(float(v) for v in value)
    if not all(math.isfinite(v) for v in numbers):
        raise GeometryError(f"{where} has a {keyword} that is not finite: {numbers}.")
    return numbers


def _rescale(places: Sequence[Any], modality: str, where: str) -> tuple[float, float]:
    for place in places:
        if place.get("RescaleSlope") is not None and place.get("RescaleIntercept") is not None:
            return float(place.get("RescaleSlope")), float(place.get("RescaleIntercept"))
    if modality == "CT":
        raise UnreadableError(
            f"{where} is a CT slice without RescaleSlope and RescaleIntercept: its values are not HU."
        )
    return 1.0, 0.0
