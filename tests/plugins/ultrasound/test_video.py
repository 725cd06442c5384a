from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import (
    Calibration,
    FrameValue,
    GeometryError,
    Grid,
    Measurement,
    Measurements,
    Scan,
    Segmentation,
    Subject,
    View,
)
from myoscope_ultrasound.measures import measure
from myoscope_ultrasound.structures import SITES, STRUCTURES
from myoscope_ultrasound.video import jumps

SIZE = (240, 160)
FEMORIS, LONGUS, BREVIS = 2, 32, 33
Labels = NDArray[np.uint8]
Y, X = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float64)


def ellipse(b: float, a: float = 80.0, center: tuple[float, float] = (120.3, 80.4)) -> Labels:
    inside = ((X - center[0]) / a) ** 2 + ((Y - center[1]) / b) ** 2 <= 1
    return inside.astype(np.uint8) * FEMORIS


def band(thickness: int) -> Labels:
    labels = np.zeros(SIZE[::-1], dtype=np.uint8)
    labels[40:48], labels[48 : 48 + thickness], labels[48 + thickness : 56 + thickness] = 35, 34, 36
    return labels


def measured(
    frames: Sequence[Labels], site: str = "rectus_femoris", confidence: Sequence[float] = (), start: float = 0.0
) -> Measurements:
    labels = np.stack(frames)
    grid = Grid.picture(SIZE, (0.1, 0.1))
    scan = Scan(
        "ultrasound", {"bmode": np.full_like(labels, 70)}, grid, "video", site=site,
        times_s=tuple(start + 0.04 * i for i in range(len(frames))), calibration=Calibration("test", View(0, 0, *SIZE)),
    )  # fmt: skip
    found = Segmentation(
        labels, grid, STRUCTURES, frozenset(SITES[site]), sides_split=False, confidence=tuple(confidence)
    )
    return measure(scan, found, Subject())


def row(measurements: Measurements, quantity: str) -> Measurement:
    (found,) = measurements.select(quantity=quantity)
    return found


def frames_of(measurements: Measurements, quantity: str) -> list[FrameValue]:
    return [value for value in measurements.frames if value.quantity == quantity]


def test_each_frame_has_its_values_and_the_video_their_median_and_spread() -> None:
    heights = [20.0, 21.0, 22.0, 23.0, 24.0]
    found = measured([ellipse(b) for b in heights], start=3.0)
    thickness = frames_of(found, "thickness")
    assert [value.value for value in thickness] == pytest.approx([0.2 * b for b in heights], abs=0.05)
    assert [value.time_s for value in thickness] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert [value.frame for value in thickness] == [0, 1, 2, 3, 4]
    assert not any(value.reason for value in found.frames)
    assert all(math.isnan(value.confidence) for value in found.frames)
    values = [value.value for value in thickness]
    assert row(found, "thickness").value == values[2]
    assert row(found, "thickness_iqr").value == pytest.approx(values[3] - values[1])
    assert row(found, "csa").value == pytest.approx(math.pi * 8.0 * 2.2 / 100, rel=0.005)
    assert "median of 5 of 5 frames" in row(found, "thickness").method
    assert row(found, "echo_intensity").value == 70
    assert row(found, "echo_intensity_iqr").value == 0


def test_the_frame_with_the_largest_cross_section_is_named_and_shown() -> None:
    found = measured([ellipse(b) for b in (20, 21, 22, 21, 20)])
    largest = row(found, "csa_max")
    assert largest.value == max(value.value for value in frames_of(found, "csa"))
    assert "frame 2 at 0.08 s" in largest.method
    assert found.shown_frame == 2
    assert row(found, "width").method.startswith("frame 2: ")
    assert row(found, "width").value == pytest.approx(16.0, abs=0.1)
    assert row(found, "subcutaneous_thickness").complete


def test_along_a_muscle_the_frame_closest_to_the_median_is_shown() -> None:
    found = measured([band(t) for t in (60, 64, 61, 62, 63)], "longitudinal")
    assert row(found, "thickness").value == pytest.approx(6.2)
    assert found.shown_frame == 3
    assert {value.quantity for value in found.frames} == {"thickness", "echo_intensity"}
    assert "csa_max" not in {r.quantity for r in found}
    assert len(found.calipers) == 3 * 5


def test_a_frame_that_jumps_is_rejected_and_does_not_move_the_median() -> None:
    frames = [ellipse(20 + 0.1 * (i % 3)) for i in range(20)]
    frames[7] = ellipse(30)
    found = measured(frames)
    assert [value.frame for value in frames_of(found, "thickness") if value.reason] == [7]
    assert frames_of(found, "csa")[7].reason == "thickness jumps away from the frames around it"
    assert row(found, "csa_max").value < 6
    assert found.shown_frame != 7
    assert "19 of 20 frames" in row(found, "thickness").method
    assert 7 not in {caliper.frame for caliper in found.calipers}


def test_a_muscle_that_contracts_smoothly_does_not_jump() -> None:
    heights = 22 + 8 * np.sin(np.linspace(0, 2 * np.pi, 60))
    found = measured([ellipse(b) for b in heights])
    assert not any(value.reason for value in found.frames)


def test_a_doubtful_frame_is_rejected_with_its_confidence() -> None:
    found = measured([ellipse(20)] * 4, confidence=(0.9, 0.4, 0.95, 0.9))
    reasons = [value.reason for value in frames_of(found, "thickness")]
    assert reasons == ["", "confidence 0.40 is below 0.7", "", ""]
    assert [value.confidence for value in frames_of(found, "csa")] == [0.9, 0.4, 0.95, 0.9]


def test_a_frame_without_the_muscle_is_rejected_as_not_found() -> None:
    found = measured([ellipse(20), np.zeros(SIZE[::-1], dtype=np.uint8), ellipse(20)])
    lost = [value for value in found.frames if value.frame == 1]
    assert all(math.isnan(value.value) and value.reason == "not found in the field of view" for value in lost)
    assert row(found, "thickness").complete


def test_cut_frames_count_for_the_thickness_but_not_for_the_area() -> None:
    cut = ellipse(20, center=(70.3, 80.4))
    found = measured([ellipse(20), cut, ellipse(20.5), ellipse(20)])
    assert frames_of(found, "csa")[1].reason == "cut by the field of view at the left"
    assert not frames_of(found, "thickness")[1].reason
    assert "median of 3 of 4 frames" in row(found, "csa").method
    assert row(found, "csa").complete


def test_a_larger_area_in_a_frame_that_is_cut_makes_the_largest_a_lower_limit() -> None:
    cut = ellipse(21, a=90, center=(85.3, 80.4))
    found = measured([ellipse(20), cut, ellipse(20.5), ellipse(20)])
    largest = row(found, "csa_max")
    assert not largest.complete
    assert largest.reason == "frame 1 shows more and is cut by the field of view at the left"
    assert "frame 2" in largest.method


def test_a_video_whose_frames_are_all_cut_gives_partial_areas() -> None:
    found = measured([ellipse(20, center=(70.3, 80.4))] * 3)
    for quantity in ("csa", "csa_iqr", "csa_max"):
        assert row(found, quantity).reason == "cut by the field of view at the left"
        assert math.isfinite(row(found, quantity).value)
    assert row(found, "thickness").complete


def test_a_video_without_a_good_frame_has_no_numbers_and_says_why() -> None:
    nothing = np.zeros(SIZE[::-1], dtype=np.uint8)
    found = measured([nothing] * 3)
    assert found.rows
    assert all(math.isnan(r.value) and "not found in the field of view" in r.reason for r in found)
    doubtful = measured([ellipse(20)] * 3, confidence=(0.1, 0.1, 0.1))
    assert row(doubtful, "thickness").reason == "no frame counts, most often: confidence 0.10 is below 0.7"
    assert doubtful.shown_frame == 0
    assert doubtful.calipers == ()


def test_of_two_muscles_the_frame_with_the_largest_sum_is_shown() -> None:
    frames = []
    for upper, lower in ((14, 22), (16, 22), (18, 16)):
        labels = np.where(ellipse(upper, center=(120.3, 40.4)) > 0, LONGUS, 0).astype(np.uint8)
        labels[ellipse(lower, center=(120.3, 100.4)) > 0] = BREVIS
        frames.append(labels)
    found = measured(frames, "peroneus")
    assert found.shown_frame == 1
    assert {r.structure for r in found} == {"peroneus_longus", "peroneus_brevis"}


def test_one_label_picture_does_not_fit_a_video() -> None:
    grid = Grid.picture(SIZE, (0.1, 0.1))
    labels = np.stack([ellipse(20)] * 3)
    scan = Scan("ultrasound", {"bmode": labels}, grid, "video", times_s=(0.0, 0.1, 0.2), site="rectus_femoris")
    one = Segmentation(labels[0], grid, STRUCTURES, frozenset({"rectus_femoris"}), sides_split=False)
    with pytest.raises(GeometryError, match="do not lie on the scan's pixels"):
        measure(scan, one, Subject())


def test_a_jump_stands_out_from_its_neighbors_by_a_share_and_by_the_noise() -> None:
    quiet = np.full(30, 20.0)
    quiet[[10, 20]] = 22.9, 23.1
    assert np.flatnonzero(jumps(quiet)).tolist() == [20]  # 15 percent of 20 is 3
    noisy = 20 + np.random.default_rng(0).normal(0, 2.5, 200)
    assert np.count_nonzero(jumps(noisy)) <= 2


def test_nan_and_short_series_do_not_jump() -> None:
    values = np.array([20.0, math.nan, 60.0, 20.0])
    assert not jumps(values).any()
    assert not jumps(np.full(10, math.nan)).any()
    longer = np.array([20.0, math.nan, 20.0, 20.0, 60.0, math.nan, 20.0, 20.0])
    assert np.flatnonzero(jumps(longer)).tolist() == [4]
