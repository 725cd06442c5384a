"""A small thigh whose every number is known, as a result to look at."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from myoscope import (
    THIGH_STRUCTURES,
    ULTRASOUND_STRUCTURES,
    Calibration,
    Caliper,
    CaseResult,
    Finding,
    FrameValue,
    Grid,
    Measurement,
    Measurements,
    Scan,
    Segmentation,
    Severity,
    Sex,
    Side,
    Station,
    StructureSet,
    Subject,
    View,
)
from myoscope.data.result import ModelReference, Provenance, SliceRow, StageCost

STRUCTURES = StructureSet(
    tuple(s for s in THIGH_STRUCTURES if s.name in {"vastus_lateralis", "gracilis", "psoas", "multifidus", "femur"}),
    {"scheme": {"front": ("vastus_lateralis",), "inside": ("gracilis",), "trunk": ("psoas", "multifidus")}},
)
PREDICTED = frozenset({"vastus_lateralis", "gracilis", "psoas", "femur"})
GRID = Grid.identity((60, 40, 24), (3.0, 3.0, 8.0), (-90.0, -60.0, 500.0))
FINDINGS = (
    Finding("tilt", Severity.INFO, "The gantry was tilted.", "Look at the slices."),
    Finding("cut", Severity.WARNING, "The field of view cuts <b>one</b> muscle.", "Do not compare it."),
    Finding("metal", Severity.ERROR, "There is metal.", "Leave the density out."),
)
MODEL = ModelReference("ct_thigh/test", "ab" * 32, "ct_thigh/unetr_small", "torch", "Twelve synthetic cases.")


def phantom_labels() -> np.ndarray[Any, np.dtype[np.uint8]]:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    for offset, start in ((0, 6), (100, 36)):
        labels[4:20, 8:30, start : start + 8] = 3 + offset
        labels[6:18, 14:24, start + 12 : start + 16] = 9 + offset
        labels[2:22, 17:23, start + 8 : start + 12] = 28 + offset
    return labels


def _rows() -> tuple[Measurement, ...]:
    def volume(name: str, side: Side, value: float, reason: str = "") -> Measurement:
        return Measurement(name, side, "volume", value, "mL", "voxel count", not reason, reason)

    return (
        volume("vastus_lateralis", Side.RIGHT, 200.0),
        volume("vastus_lateralis", Side.LEFT, 100.0, "cut by the field of view at the upper end"),
        Measurement("vastus_lateralis", Side.LEFT, "hu_mean", -12.34, "HU", "mean of voxels"),
        volume("vastus_lateralis", Side.BOTH, 300.0, "left cut"),
        volume("gracilis", Side.RIGHT, 34.56),
        volume("gracilis", Side.LEFT, 30.0),
        volume("psoas", Side.RIGHT, math.nan, "not found in the field of view"),
        volume("multifidus", Side.BOTH, math.nan, "not predicted by this model"),
        volume("scheme:front", Side.RIGHT, 200.0),
        volume("scheme:front", Side.LEFT, 100.0, "vastus_lateralis cut"),
        Measurement("thigh", Side.RIGHT, "intermuscular_fat_volume", 55.5, "mL", "inside the envelope"),
    )


def _slices() -> tuple[SliceRow, ...]:
    return tuple(
        SliceRow(name, side, k, 500.0 + 8.0 * k, area, 50.0)
        for name, area, gap in (("vastus_lateralis", 15.84, -1), ("gracilis", 3.6, 10))
        for side in ("right", "left")
        for k in range(4, 20)
        if k != gap
    )


@pytest.fixture(scope="session")
def phantom() -> CaseResult:
    labels = phantom_labels()
    image = np.where(labels > 0, 50.0, -1000.0).astype(np.float32)
    return CaseResult(
        scan=Scan("ct_thigh", {"ct": image}, GRID, "phantom"),
        segmentation=Segmentation(labels, GRID, STRUCTURES, PREDICTED, sides_split=True),
        measurements=Measurements(_rows()),
        slices=_slices(),
        findings=FINDINGS,
        subject=Subject(id="P7", sex=Sex.FEMALE, age=71, height_m=1.58),
        provenance=Provenance(
            {"myoscope": "0.1.0"}, "phantom.nii.gz", "", MODEL, "cpu", (StageCost("load", 12.3456, 321.0),)
        ),
    )


@pytest.fixture(scope="session")
def bare(phantom: CaseResult) -> CaseResult:
    """Nothing segmented, measured, found or known; labels given."""
    empty = np.zeros(GRID.shape, dtype=np.uint8)
    return dataclasses.replace(
        phantom,
        segmentation=dataclasses.replace(phantom.segmentation, labels=empty),
        measurements=Measurements(),
        slices=(),
        findings=(),
        subject=Subject(),
        provenance=Provenance({"myoscope": "0.1.0"}, "phantom.nii.gz", "labels.nii.gz", None, "", ()),
    )


#: Fat in the muscles of the Dixon phantom and in all else of its body, percent of a signal of 400.
MUSCLE_FAT, BODY_FAT = 25.0, 90.0
#: Two stations that overlap by 16 mm and reach from the lower to the upper edge of the grid.
STATIONS = (Station("hips", (584.0, 692.0)), Station("knees", (496.0, 600.0)))


def _dixon_rows() -> tuple[Measurement, ...]:
    def whole(quantity: str, side: Side, value: float, unit: str, reason: str = "") -> Measurement:
        return Measurement("thigh", side, quantity, value, unit, f"{quantity} as in the paper", not reason, reason)

    cut = "the knee is out of view"
    return (
        *_rows(),
        whole("pa_ratio", Side.RIGHT, 0.45, "1"),
        whole("pa_ratio", Side.LEFT, 0.5, "1", cut),
        whole("pa_ratio", Side.BOTH, math.nan, "1", cut),
        whole("tmv", Side.RIGHT, 5000.0, "mL"),
        whole("tmv", Side.LEFT, 4000.0, "mL", cut),
        whole("tmv", Side.BOTH, 9000.0, "mL", cut),
        whole("lr_asymmetry", Side.BOTH, 10.0, "%"),
        Measurement("gracilis", Side.RIGHT, "fat_fraction_of_sums", MUSCLE_FAT, "%", "signal fat fraction"),
        Measurement("gracilis", Side.LEFT, "fat_fraction_of_sums", MUSCLE_FAT / 2, "%", "signal fat fraction"),
    )


@pytest.fixture(scope="session")
def dixon_case(phantom: CaseResult) -> CaseResult:
    """The phantom as water and fat of a known fraction, within a body that leaves a border of air."""
    labels = phantom.segmentation.labels
    body = np.zeros(GRID.shape, dtype=bool)
    body[:, 4:36, 3:57] = True
    fat_share = np.where(np.isin(labels, (3, 103, 9, 109)), MUSCLE_FAT, BODY_FAT) / 100
    fat = np.where(body, 400 * fat_share, 0).astype(np.float32)
    water = np.where(body, 400 * (1 - fat_share), 0).astype(np.float32)
    scan = Scan("dixon_mri", {"water": water, "fat": fat}, GRID, "phantom", stations=STATIONS)
    return dataclasses.replace(phantom, scan=scan, measurements=Measurements(_dixon_rows()))


#: A picture of 120 x 90 pixels whose tissue lies within a border, with a muscle between two aponeuroses.
PICTURE_SIZE = (120, 90)
VIEW = View(10, 6, 100, 80)
MUSCLE_ROWS, MUSCLE_COLUMNS = (30, 61), (12, 108)
FRAMES_A_SECOND = 20.0
#: Frames of a video that do not count, with what they show of the thickness.
REJECTED = {3: math.nan, 4: 9.0}
REJECTED_REASON = "the deep border leaves the picture"
SHOWN_FRAME = 2
PictureCase = Callable[..., CaseResult]


def picture_labels() -> np.ndarray[Any, np.dtype[np.uint8]]:
    labels = np.zeros(PICTURE_SIZE[::-1], np.uint8)
    columns = slice(*MUSCLE_COLUMNS)
    labels[slice(*MUSCLE_ROWS), columns] = 34
    labels[26:30, columns], labels[61:65, columns] = 35, 36
    return labels


def _picture_rows(unit: str, scale: float) -> tuple[Measurement, ...]:
    method = "along the normals of the mid-line"
    return (
        Measurement("muscle", Side.BOTH, "thickness", 31 * scale, unit, method),
        Measurement("muscle", Side.BOTH, "thickness_sd", 0.5 * scale, unit, method),
        Measurement("muscle", Side.BOTH, "echo_intensity", 40.0, "0-255", "mean gray"),
        Measurement("muscle", Side.BOTH, "csa", math.nan, f"{unit}2", "pixels", complete=False, reason="cut at a side"),
    )


def _frame_values(frames: int, unit: str, scale: float) -> tuple[FrameValue, ...]:
    values = []
    for index in range(frames):
        reason = REJECTED_REASON if index in REJECTED else ""
        thickness = REJECTED.get(index, (30.0 + index % 3) * scale)
        head = (index, index / FRAMES_A_SECOND, "muscle")
        tail = (0.9 - 0.01 * index, reason)
        values += [
            FrameValue(*head, "thickness", thickness, unit, *tail),
            FrameValue(*head, "echo_intensity", 40.0 + index, "0-255", *tail),
        ]
    return tuple(values)


@pytest.fixture(scope="session")
def picture_case(phantom: CaseResult) -> PictureCase:
    """Return a function that makes a picture, or a video of so many frames, in mm or, without a spacing, in pixels."""

    def made(spacing_mm: tuple[float, float] | None = (0.5, 0.5), *, frames: int = 0) -> CaseResult:
        grid = Grid.picture(PICTURE_SIZE, spacing_mm)
        labels, unit, scale = picture_labels(), str(grid.unit), grid.spacing_mm[1]
        image = np.where(labels == 34, 40, np.where(labels > 0, 220, 90)).astype(np.uint8)
        if frames:
            labels, image = np.stack([labels] * frames), np.stack([image] * frames)
        source = "no scale" if spacing_mm is None else "DICOM ultrasound region"
        shown = min(SHOWN_FRAME, max(frames - 1, 0))
        caliper = Caliper(shown, "muscle", (60.0, 29.5), (60.0, 60.5), 31 * scale)
        values = _frame_values(frames, unit, scale)
        return dataclasses.replace(
            phantom,
            scan=Scan(
                "ultrasound",
                {"bmode": image},
                grid,
                "frame7",
                times_s=tuple(index / FRAMES_A_SECOND for index in range(frames)),
                calibration=Calibration(source, VIEW),
                site="longitudinal",
            ),
            segmentation=Segmentation(
                labels,
                grid,
                StructureSet(
                    ULTRASOUND_STRUCTURES, {"site": {"longitudinal": ("muscle",), "biceps": ("biceps_brachii",)}}
                ),
                frozenset({"muscle", "superficial_aponeurosis", "deep_aponeurosis"}),
                sides_split=False,
                confidence=tuple(0.9 - 0.01 * index for index in range(frames or 1)),
            ),
            measurements=Measurements(_picture_rows(unit, scale), values, (caliper,), shown),
            slices=(),
        )

    return made
