from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import (
    Calibration,
    GeometryError,
    Grid,
    Measurement,
    Measurements,
    Scan,
    Segmentation,
    Side,
    Subject,
    View,
)
from myoscope_ultrasound.measures import measure
from myoscope_ultrasound.structures import SITES, STRUCTURES

SIZE = (400, 300)
WHOLE = View(0, 0, *SIZE)
MUSCLE, SUPERFICIAL, DEEP, FEMORIS, LONGUS, BREVIS = 34, 35, 36, 2, 32, 33
SHARED = Path(__file__).parents[4] / "shared" / "data" / "ultrasound" / "longitudinal_train"
Labels = NDArray[np.uint8]
Y, X = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float64)


def band(thickness: float, degrees: float, spacing: tuple[float, float], *, line: float = 8.0) -> Labels:
    """Two aponeuroses and the muscle between them, in the unit of the spacing; each line is `line` pixels thick."""
    across = (Y - SIZE[1] / 2) * spacing[1] - math.tan(math.radians(degrees)) * (X - SIZE[0] / 2) * spacing[0]
    across *= math.cos(math.radians(degrees))
    labels = np.zeros(SIZE[::-1], dtype=np.uint8)
    labels[np.abs(across) <= thickness / 2 + line * spacing[1]] = DEEP
    labels[(labels > 0) & (across < 0)] = SUPERFICIAL
    labels[np.abs(across) <= thickness / 2] = MUSCLE
    return labels


def ellipse(
    a: float, b: float, degrees: float = 0.0, center: tuple[float, float] = (200.0, 150.0)
) -> NDArray[np.bool_]:
    """Semi-axes in pixels."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    along, across = (X - center[0]) * c + (Y - center[1]) * s, (Y - center[1]) * c - (X - center[0]) * s
    found: NDArray[np.bool_] = (along / a) ** 2 + (across / b) ** 2 <= 1
    return found


def case(
    labels: Labels,
    site: str,
    spacing: tuple[float, float] | None = (0.1, 0.1),
    *,
    view: View | None = WHOLE,
    image: NDArray[np.uint8] | None = None,
) -> tuple[Scan, Segmentation]:
    grid = Grid.picture(SIZE, spacing)
    source = "no scale" if spacing is None else "DICOM ultrasound region"
    calibration = None if view is None else Calibration(source, view)
    bmode = np.full_like(labels, 80) if image is None else image
    return (
        Scan("ultrasound", {"bmode": bmode}, grid, "case", calibration=calibration, site=site),
        Segmentation(labels, grid, STRUCTURES, frozenset(SITES[site]), sides_split=False),
    )


def measured(*given: object, **options: object) -> Measurements:
    return measure(*case(*given, **options), Subject())  # type: ignore[arg-type]


def row(measurements: Measurements, quantity: str, structure: str | None = None) -> Measurement:
    (found,) = measurements.select(quantity=quantity, structure=structure)
    return found


def value(measurements: Measurements, quantity: str, structure: str | None = None) -> float:
    return row(measurements, quantity, structure).value


@pytest.mark.parametrize("spacing", [(0.1, 0.1), (0.06, 0.09), (0.09, 0.06)])
@pytest.mark.parametrize("degrees", [2, 12, 30, -30])
def test_a_longitudinal_muscle_has_the_thickness_between_its_aponeuroses(
    degrees: float, spacing: tuple[float, float]
) -> None:
    found = measured(band(6.03, degrees, spacing), "longitudinal", spacing)
    for quantity in ("thickness", "thickness_min", "thickness_max"):
        assert value(found, quantity) == pytest.approx(6.03, abs=max(0.03, 0.5 * min(spacing)))
    assert value(found, "thickness_sd") < 0.05
    assert row(found, "thickness").complete
    assert row(found, "thickness").unit == "mm"


def test_a_tilted_muscle_that_leaves_the_view_is_not_measured_along_its_edge() -> None:
    # 30 degrees over 40 mm: both aponeuroses leave through the top and the bottom of the view.
    labels = band(12.0, 30, (0.1, 0.1))
    labels[:40] = labels[260:] = 0
    found = measured(labels, "longitudinal", view=View(0, 40, 400, 220))
    assert value(found, "thickness") == pytest.approx(12.0, abs=0.06)
    assert value(found, "thickness_min") == pytest.approx(12.0, abs=0.1)
    assert row(found, "thickness").complete


def test_a_person_who_draws_the_aponeuroses_alone_gets_the_muscle_between_them() -> None:
    labels = band(6.0, 10, (0.1, 0.1))
    whole = measured(labels, "longitudinal")
    lines = measured(np.where(labels == MUSCLE, 0, labels).astype(np.uint8), "longitudinal")
    assert lines == whole


def test_one_aponeurosis_is_no_muscle() -> None:
    labels = band(6.0, 10, (0.1, 0.1))
    found = measured(np.where(labels == SUPERFICIAL, SUPERFICIAL, 0).astype(np.uint8), "longitudinal")
    assert math.isnan(value(found, "thickness"))
    assert row(found, "thickness").reason == "not found in the field of view: no deep aponeurosis"


def test_calipers_lie_at_a_quarter_a_half_and_three_quarters_and_are_as_long_as_they_say() -> None:
    found = measured(band(6.0, 20, (0.06, 0.09)), "longitudinal", (0.06, 0.09))
    assert len(found.calipers) == 3
    starts = [caliper.start[0] for caliper in found.calipers]
    assert starts[1] == pytest.approx((starts[0] + starts[2]) / 2, abs=6)
    for caliper in found.calipers:
        across, down = ((b - a) * s for a, b, s in zip(caliper.start, caliper.end, (0.06, 0.09), strict=True))
        assert math.hypot(across, down) == pytest.approx(caliper.length)
        assert caliper.length == pytest.approx(6.0, abs=0.05)
        assert math.degrees(math.atan2(-across, down)) == pytest.approx(20, abs=0.5)


def test_a_frame_along_a_muscle_has_no_cross_section() -> None:
    assert {r.quantity for r in measured(band(6.0, 0, (0.1, 0.1)), "longitudinal")} == {
        "thickness", "thickness_sd", "thickness_min", "thickness_max", "echo_intensity", "echo_intensity_sd",
        "subcutaneous_thickness",
    }  # fmt: skip


@pytest.mark.parametrize("degrees", [0, 25])
@pytest.mark.parametrize("spacing", [(0.1, 0.1), (0.2, 0.2)])
def test_an_ellipse_has_its_closed_forms(degrees: float, spacing: tuple[float, float]) -> None:
    from scipy.special import ellipe

    a, b, s = 120.0, 50.0, spacing[0]
    found = measured(ellipse(a, b, degrees).astype(np.uint8) * FEMORIS, "rectus_femoris", spacing)
    assert value(found, "thickness") == pytest.approx(2 * b * s, rel=0.005)
    assert value(found, "csa") == pytest.approx(math.pi * a * b * s * s / 100, rel=0.005)
    assert value(found, "width") == pytest.approx(2 * a * s, rel=0.005)
    assert value(found, "perimeter") == pytest.approx(4 * a * s * ellipe(1 - (b / a) ** 2), rel=0.005)
    assert value(found, "thickness_min") < value(found, "thickness_mean") < value(found, "thickness")
    assert all(r.complete for r in found)
    (caliper,) = found.calipers
    assert caliper.length == pytest.approx(value(found, "thickness"))


def test_area_is_the_pixel_count_times_both_spacings() -> None:
    inside = ellipse(90, 40, 10)
    found = measured(inside.astype(np.uint8) * FEMORIS, "rectus_femoris", (0.08, 0.13))
    assert value(found, "csa") == pytest.approx(inside.sum() * 0.08 * 0.13 / 100, rel=1e-12)


def test_without_a_scale_everything_is_in_pixels() -> None:
    inside = ellipse(120, 50, 10)
    found = measured(inside.astype(np.uint8) * FEMORIS, "rectus_femoris", None)
    units = {r.quantity: r.unit for r in found}
    assert units.pop("csa") == "px2"
    assert units.pop("echo_intensity") == units.pop("echo_intensity_sd") == "0-255"
    assert set(units.values()) == {"px"}
    assert value(found, "csa") == inside.sum()
    assert value(found, "thickness") == pytest.approx(100, rel=0.005)
    assert all(r.method.endswith("; no scale") for r in found)


def test_every_method_names_the_scale() -> None:
    found = measured(ellipse(120, 50).astype(np.uint8) * FEMORIS, "rectus_femoris")
    assert all(r.method.endswith("; scale: DICOM ultrasound region") for r in found)


def test_twice_the_spacing_is_twice_the_length_and_four_times_the_area() -> None:
    labels = ellipse(120, 50, 15).astype(np.uint8) * FEMORIS
    once, twice = (measured(labels, "rectus_femoris", (s, s)) for s in (0.1, 0.2))
    for quantity, factor in (
        ("thickness", 2),
        ("width", 2),
        ("perimeter", 2),
        ("csa", 4),
        ("subcutaneous_thickness", 2),
    ):
        assert value(twice, quantity) == pytest.approx(factor * value(once, quantity), rel=1e-9)


@pytest.mark.parametrize(
    ("center", "edge"), [((60.0, 150.0), "left"), ((340.0, 150.0), "right"), ((200.0, 270.0), "bottom")]
)
def test_what_the_view_cuts_is_partial_and_says_so(center: tuple[float, float], edge: str) -> None:
    labels = ellipse(120, 50, center=center).astype(np.uint8) * FEMORIS
    found = measured(labels, "rectus_femoris")
    for quantity in ("csa", "width", "perimeter"):
        assert row(found, quantity).reason == f"cut by the field of view at the {edge}"
        assert not row(found, quantity).complete
    assert value(found, "csa") == pytest.approx((labels > 0).sum() * 0.01 / 100)
    assert row(found, "thickness").complete == (edge != "bottom")
    assert row(found, "echo_intensity").complete


def test_the_edge_that_cuts_is_that_of_the_view_not_of_the_picture() -> None:
    inside = ellipse(120, 50)
    inside[:, :100] = False
    found = measured(inside.astype(np.uint8) * FEMORIS, "rectus_femoris", view=View(100, 20, 280, 260))
    assert row(found, "csa").reason == "cut by the field of view at the left"


def test_a_muscle_that_is_thickest_at_the_cut_may_be_thicker_beyond() -> None:
    found = measured(ellipse(120, 50, center=(-10.0, 150.0)).astype(np.uint8) * FEMORIS, "rectus_femoris")
    assert row(found, "thickness").reason == "cut by the field of view at the left"


def test_echo_intensity_is_that_of_the_inside_without_the_fascia() -> None:
    inside = ellipse(120, 50)
    image = np.where(inside, 60, 10).astype(np.uint8)
    image[:, ::2] = np.where(inside, 100, 10)[:, ::2]
    image[inside & ~ellipse(118, 48)] = 255  # a fascia of two pixels
    found = measured(inside.astype(np.uint8) * FEMORIS, "rectus_femoris", image=image)
    assert value(found, "echo_intensity") == pytest.approx(80, abs=0.2)
    assert value(found, "echo_intensity_sd") == pytest.approx(20, abs=0.01)


def test_a_muscle_thinner_than_the_margin_has_no_echo_intensity() -> None:
    labels = np.zeros(SIZE[::-1], dtype=np.uint8)
    labels[100:108, 50:300] = FEMORIS
    found = measured(labels, "rectus_femoris")
    assert math.isnan(value(found, "echo_intensity"))
    assert not row(found, "echo_intensity").complete
    assert value(found, "thickness") == pytest.approx(0.8)


def test_subcutaneous_tissue_reaches_from_the_skin_to_the_superficial_border() -> None:
    labels = np.zeros(SIZE[::-1], dtype=np.uint8)
    labels[100:180, 50:300] = FEMORIS
    found = measured(labels, "rectus_femoris", (0.05, 0.1), view=View(5, 20, 390, 270))
    assert value(found, "subcutaneous_thickness") == pytest.approx(8.0)


def test_subcutaneous_tissue_ends_at_the_outer_border_of_the_aponeurosis_also_in_its_gap() -> None:
    labels = band(6.0, 15, (0.1, 0.1))
    whole = measured(labels, "longitudinal")
    # The middle of the frame lies 150 rows deep, the muscle reaches 30 mm / cos(15) above it, the line 8 rows more.
    expected = (150 - (30 + 8) / math.cos(math.radians(15)) + 0.5) * 0.1
    assert value(whole, "subcutaneous_thickness") == pytest.approx(expected, abs=0.06)
    labels[:, 190:205] = np.where(labels == SUPERFICIAL, 0, labels)[:, 190:205]
    assert value(measured(labels, "longitudinal"), "subcutaneous_thickness") == pytest.approx(expected, abs=0.06)


def test_tissue_above_a_deep_muscle_is_not_all_subcutaneous() -> None:
    labels = ellipse(120, 40, center=(200.0, 90.0)).astype(np.uint8) * LONGUS
    labels[ellipse(100, 40, center=(200.0, 200.0))] = BREVIS
    found = measured(labels, "peroneus")
    assert row(found, "subcutaneous_thickness", "peroneus_longus").complete
    assert row(found, "subcutaneous_thickness", "peroneus_brevis").reason == "peroneus_longus lies above it"
    assert math.isnan(value(found, "subcutaneous_thickness", "peroneus_brevis"))


def test_what_lies_at_the_top_of_the_view_has_lost_the_tissue_above_it() -> None:
    labels = np.zeros(SIZE[::-1], dtype=np.uint8)
    labels[20:80, 50:300] = FEMORIS
    found = measured(labels, "rectus_femoris", view=View(0, 20, 400, 280))
    assert row(found, "subcutaneous_thickness").reason == "cut by the field of view at the top"
    assert math.isnan(value(found, "subcutaneous_thickness"))


def test_nobody_knows_where_the_skin_is_without_a_view() -> None:
    found = measured(ellipse(120, 50).astype(np.uint8) * FEMORIS, "rectus_femoris", view=None)
    assert math.isnan(value(found, "subcutaneous_thickness"))
    assert row(found, "subcutaneous_thickness").reason
    assert value(found, "thickness") == pytest.approx(10, rel=0.005)


def test_what_is_not_found_is_nan_and_never_zero() -> None:
    found = measured(np.zeros(SIZE[::-1], dtype=np.uint8), "peroneus")
    assert {r.structure for r in found} == {"peroneus_longus", "peroneus_brevis"}
    assert all(math.isnan(r.value) and r.reason == "not found in the field of view" and not r.complete for r in found)


def test_what_was_not_looked_for_is_not_predicted() -> None:
    scan, labels = case(ellipse(120, 50).astype(np.uint8) * LONGUS, "peroneus")
    found = measure(scan, replace(labels, predicted=frozenset({"peroneus_longus"})), Subject())
    assert all(r.reason.startswith("not predicted") for r in found.select(structure="peroneus_brevis"))
    assert value(found, "thickness", "peroneus_longus") == pytest.approx(10, rel=0.005)


def test_only_the_structures_of_the_site_have_rows_and_without_a_site_those_looked_for() -> None:
    scan, labels = case(ellipse(120, 50).astype(np.uint8) * FEMORIS, "rectus_femoris")
    everything = replace(labels, predicted=frozenset(STRUCTURES.names))
    assert {r.structure for r in measure(scan, everything, Subject())} == {"rectus_femoris"}
    nowhere = measure(
        replace(scan, site=""), replace(labels, predicted=frozenset({"rectus_femoris", "muscle"})), Subject()
    )
    assert [r.structure for r in nowhere.select(quantity="thickness")] == ["rectus_femoris", "muscle"]


def test_of_a_muscle_in_pieces_the_largest_has_the_lengths_and_all_have_the_area() -> None:
    inside = ellipse(100, 40)
    once = measured(inside.astype(np.uint8) * FEMORIS, "rectus_femoris")
    inside[20:30, 20:30] = True
    twice = measured(inside.astype(np.uint8) * FEMORIS, "rectus_femoris")
    for quantity in ("thickness", "width", "perimeter"):
        assert value(twice, quantity) == value(once, quantity)
    assert value(twice, "csa") == pytest.approx(value(once, "csa") + 100 * 0.01 / 100)
    assert "largest of 2 pieces" in row(twice, "thickness").method


def test_a_speck_has_an_area_but_no_thickness() -> None:
    labels = np.zeros(SIZE[::-1], dtype=np.uint8)
    labels[100:104, 100:104] = FEMORIS
    found = measured(labels, "rectus_femoris")
    assert value(found, "csa") == pytest.approx(16 * 0.01 / 100)
    assert math.isnan(value(found, "thickness"))
    assert math.isnan(value(found, "width"))
    assert row(found, "thickness").reason


def test_labels_of_one_side_keep_it_and_of_both_are_refused() -> None:
    scan, labels = case(ellipse(120, 50).astype(np.uint8) * (FEMORIS + 100), "rectus_femoris")
    split = replace(labels, sides_split=True)
    found = measure(scan, split, Subject())
    assert {r.side for r in found} == {Side.LEFT}
    assert value(found, "thickness") == pytest.approx(10, rel=0.005)
    both = split.labels.copy()
    both[:5, :5] = FEMORIS
    with pytest.raises(GeometryError, match="left and of the right"):
        measure(scan, replace(split, labels=both), Subject())


def test_labels_of_another_picture_are_refused() -> None:
    scan, labels = case(ellipse(120, 50).astype(np.uint8) * FEMORIS, "rectus_femoris")
    other = replace(labels, grid=Grid.picture(SIZE, (0.2, 0.2)))
    with pytest.raises(GeometryError, match="400"):
        measure(scan, other, Subject())


def test_each_row_is_whole_and_finite_or_says_why_not() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        labels = np.zeros(SIZE[::-1], dtype=np.uint8)
        for _ in range(rng.integers(0, 4)):
            x, y = rng.integers(0, 380), rng.integers(0, 280)
            labels[y : y + rng.integers(1, 120), x : x + rng.integers(1, 200)] = rng.choice([LONGUS, BREVIS])
        found = measured(labels, "peroneus")
        assert pickle.loads(pickle.dumps(found)).rows  # noqa: S301 - our own bytes
        for r in found:
            assert r.complete == (not r.reason)
            assert r.complete <= math.isfinite(r.value)
            assert r.value != 0 or r.quantity.endswith("_sd")
            assert r.unit
            assert r.method


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared ultrasound images are not beside the project")
def test_real_aponeuroses_that_people_drew_are_measured() -> None:
    import cv2

    done = 0
    for path in sorted((SHARED / "masks").glob("*.png"))[::20]:
        mask = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) > 127
        _, pieces, boxes, centers = cv2.connectedComponentsWithStats(mask.view(np.uint8))
        lines = [i for i in range(1, len(boxes)) if boxes[i, cv2.CC_STAT_WIDTH] > 60]
        if len(lines) < 2:
            continue
        first, second = sorted(lines, key=lambda i: centers[i, 1])[:2]
        labels = np.where(pieces == first, SUPERFICIAL, np.where(pieces == second, DEEP, 0)).astype(np.uint8)
        grid = Grid.picture((mask.shape[1], mask.shape[0]), None)
        calibration = Calibration("no scale", View(0, 0, mask.shape[1], mask.shape[0]))
        scan = Scan("ultrasound", {"bmode": labels}, grid, path.stem, calibration=calibration, site="longitudinal")
        drawn = Segmentation(labels, grid, STRUCTURES, frozenset(SITES["longitudinal"]), sides_split=False)
        found = measure(scan, drawn, Subject())
        apart = centers[second, 1] - centers[first, 1]
        assert 0.5 * apart < value(found, "thickness") < 1.1 * apart
        assert value(found, "thickness_min") <= value(found, "thickness") <= value(found, "thickness_max")
        done += 1
    assert done >= 10
