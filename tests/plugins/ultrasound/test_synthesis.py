from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from myoscope import LabelledCase, LengthUnit, SynthesisOptions, UsageError
from myoscope_ultrasound.pennation import Course
from myoscope_ultrasound.structures import LONGITUDINAL, SITES, STRUCTURES
from myoscope_ultrasound.synthesis import FRAMES_PER_S, synthesize

SMALL = (240, 220)
SEEDS = range(4)
CASES: dict[tuple[object, ...], LabelledCase] = {}


def case(seed: int, site: str = "", **options: object) -> LabelledCase:
    options = {"size": SMALL, **options}
    key = (seed, site, *sorted(options.items()))
    if key not in CASES:
        CASES[key] = synthesize(seed, SynthesisOptions(site=site, **options))  # type: ignore[arg-type]
    return CASES[key]


def of(made: LabelledCase, name: str) -> np.ndarray:
    return made.segmentation.labels == STRUCTURES[name].id


def in_view(made: LabelledCase) -> np.ndarray:
    assert made.scan.calibration is not None
    return made.segmentation.labels[(..., *made.scan.calibration.view.slices)]


@pytest.mark.parametrize("options", [{}, {"size": SMALL, "frames": 3, "complete": False}])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(options: dict[str, object]) -> None:
    one, same, other = (synthesize(seed, SynthesisOptions(**options)) for seed in (7, 7, 8))  # type: ignore[arg-type]
    assert one.scan.image.tobytes() == same.scan.image.tobytes()
    assert one.segmentation.labels.tobytes() == same.segmentation.labels.tobytes()
    assert one.facts == same.facts
    assert one.scan.grid == same.scan.grid
    assert one.scan.image.tobytes() != other.scan.image.tobytes()


def test_the_site_is_drawn_from_the_seed_when_it_is_left_open() -> None:
    drawn = {case(seed, size=(64, 64)).scan.site for seed in range(40)}
    assert drawn == set(SITES)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_site_shows_its_structures_and_nothing_else_inside_the_view(seed: int, site: str) -> None:
    made = case(seed, site)
    labels = made.segmentation.labels
    assert set(np.unique(labels)) == {0, *(STRUCTURES[name].id for name in SITES[site])}
    assert made.segmentation.predicted == frozenset(SITES[site])
    tissue = in_view(made)
    assert np.count_nonzero(tissue) == np.count_nonzero(labels)
    border = np.concatenate([tissue[0], tissue[-1], *(() if site == LONGITUDINAL else (tissue[:, 0], tissue[:, -1]))])
    assert not border.any()


@pytest.mark.parametrize("site", SITES)
def test_facts_are_the_label_maps_own_numbers(site: str) -> None:
    made = case(0, site)
    pixel = made.scan.grid.spacing_mm
    for name in SITES[site]:
        mask = of(made, name)
        assert made.facts["csa_cm2"][name] == pytest.approx(mask.sum() * pixel[0] * pixel[1] / 100)
        assert made.facts["height_max_mm"][name] == pytest.approx(mask.sum(axis=0).max() * pixel[1])
    view = made.scan.calibration.view  # type: ignore[union-attr]
    assert made.facts["view"] == [view.left, view.top, view.width, view.height]
    assert made.facts["depth_mm"] == pytest.approx(view.height * pixel[1])
    assert made.facts["spacing_mm"] == list(pixel)
    assert made.facts["seed"] == 0


def test_sizes_lie_in_human_ranges() -> None:
    ranges = {
        "rectus_femoris": (0.8, 14.0),
        "rectus_abdominis": (0.8, 10.0),
        "biceps_brachii": (1.2, 14.0),
        "triceps_brachii": (1.2, 16.0),
        "peroneus_longus": (0.4, 8.0),
        "peroneus_brevis": (0.3, 8.0),
    }
    for site, names in SITES.items():
        for name in names:
            areas = [case(seed, site).facts["csa_cm2"][name] for seed in SEEDS]
            low, high = ranges.get(name, (0.02, 30.0))
            assert all(low < area < high for area in areas), (name, areas)
            assert max(areas) > 1.1 * min(areas)


@pytest.mark.parametrize("site", [name for name in SITES if name != LONGITUDINAL])
def test_each_muscle_is_one_piece_darker_than_the_sheet_around_it(site: str) -> None:
    from scipy.ndimage import binary_dilation, label

    contrast = []
    for seed in SEEDS:
        made = case(seed, site)
        for name in SITES[site]:
            mask = of(made, name)
            pieces = np.bincount(label(mask)[0].ravel())[1:]
            assert pieces.max() > 0.995 * pieces.sum()
        whole = made.segmentation.labels > 0
        rim = binary_dilation(whole, iterations=5) & ~binary_dilation(whole, iterations=1)
        contrast.append(made.scan.image[rim].mean() / made.scan.image[whole].mean())
    assert np.median(contrast) > 1.1


def test_peroneus_brevis_lies_under_longus() -> None:
    for seed in SEEDS:
        made = case(seed, "peroneus")
        longus, brevis = of(made, "peroneus_longus"), of(made, "peroneus_brevis")
        both = longus.any(axis=0) & brevis.any(axis=0)
        assert both.sum() > 0.5 * longus.any(axis=0).sum()
        lowest = longus.shape[0] - longus[::-1].argmax(axis=0)
        assert np.all(lowest[both] <= brevis.argmax(axis=0)[both])


def test_the_muscle_of_a_longitudinal_frame_fills_the_room_between_its_aponeuroses() -> None:
    for seed in SEEDS:
        made = case(seed, LONGITUDINAL)
        labels = in_view(made)
        ids = [STRUCTURES[name].id for name in ("superficial_aponeurosis", "muscle", "deep_aponeurosis")]
        for column in labels.T[:: max(labels.shape[1] // 40, 1)]:
            values = column[column > 0]
            if not set(ids) <= set(values.tolist()):
                continue  # an edge of a trapezoid cuts this column
            runs = values[np.flatnonzero(np.diff(values, prepend=0))]
            assert runs.tolist() == ids
            assert np.flatnonzero(column)[-1] - np.flatnonzero(column)[0] + 1 == len(values)


def test_aponeuroses_are_brighter_than_the_muscle_between_them() -> None:
    ratios = []
    for seed in range(8):
        made = case(seed, LONGITUDINAL)
        image = made.scan.image.astype(float)
        muscle = image[of(made, "muscle")].mean()
        ratios += [image[of(made, name)].mean() / muscle for name in SITES[LONGITUDINAL][:2]]
    assert np.median(ratios) > 1.5


def test_the_course_of_a_border_is_its_formula() -> None:
    course = Course(middle=10.0, tilt=0.1, bend=-2.0, half=20.0)
    np.testing.assert_allclose(course.at(np.array([-20.0, 0.0, 10.0], dtype=np.float32)), [6.0, 10.0, 10.5])


def test_the_thickness_of_a_tilted_band_is_measured_along_its_normal() -> None:
    """The fact is checked against a count that knows nothing of normals: area over the length of the mid-line."""
    for seed in range(6):
        made = case(seed, LONGITUDINAL, size=(400, 300))
        flat = made.facts["thickness_mean_mm"]
        mask = of(made, "muscle")
        columns = np.flatnonzero(mask.any(axis=0))
        inner = columns[len(columns) // 4 : -len(columns) // 4]
        width, height = made.scan.grid.spacing_mm
        rows = np.arange(mask.shape[0])[:, None]
        middle = (mask * rows).sum(axis=0)[inner] / mask.sum(axis=0)[inner] * height
        fit = np.polynomial.Polynomial.fit(inner * width, middle, 2)
        length = np.sum(np.hypot(width, fit.deriv()(inner * width) * width))
        area = mask[:, inner].sum() * width * height
        assert flat == pytest.approx(area / length, rel=0.1)


@pytest.mark.parametrize("site", SITES)
def test_size_and_spacing_are_honored(site: str) -> None:
    made = case(1, site, size=(300, 200), spacing_mm=(0.15, 0.2))
    assert made.scan.image.shape == (200, 300)
    assert made.segmentation.labels.shape == (200, 300)
    assert made.scan.grid.spacing_mm == (0.15, 0.2)
    assert made.scan.grid.unit is LengthUnit.MM


def test_spacing_alone_leaves_the_depth_to_the_seed() -> None:
    made = case(2, "biceps", spacing_mm=(0.25, 0.25), size=None)
    assert 29.0 < made.facts["depth_mm"] < 71.0
    assert made.facts["depth_mm"] == pytest.approx(round(made.facts["depth_mm"] / 5) * 5, abs=0.25)


def test_a_frame_says_how_its_pixels_got_their_size() -> None:
    made = case(0, "triceps")
    assert made.scan.calibration is not None
    assert made.scan.calibration.source == "synthetic"
    assert made.scan.modality == "ultrasound"
    assert made.scan.image.dtype == np.uint8
    assert made.scan.times_s == ()


def test_some_frames_have_borders_rulers_and_edges_that_are_no_rectangle() -> None:
    made = [case(seed, "rectus_femoris") for seed in range(24)]
    whole = [c.facts["view"] == [0, 0, *SMALL] for c in made]
    assert 2 < sum(whole) < 20
    assert any(c.facts["ruler_tick_mm"] for c in made)
    corners = [c.scan.image[c.facts["view"][1] + 40, c.facts["view"][0]] for c in made]
    assert len(set(map(int, corners))) > 3


def test_a_video_is_the_same_person_in_every_frame() -> None:
    made = case(3, "biceps", frames=12)
    image, labels = made.scan.image.astype(float), made.segmentation.labels
    assert image.shape == labels.shape == (12, SMALL[1], SMALL[0])
    np.testing.assert_allclose(np.diff(made.scan.times_s), 1 / FRAMES_PER_S, atol=1e-4)
    areas = np.array(made.facts["csa_cm2"]["biceps_brachii"])
    assert areas == pytest.approx((labels > 0).sum(axis=(1, 2)) * np.prod(made.scan.grid.spacing_mm) / 100)
    assert np.all(np.abs(np.diff(areas)) < 0.03 * areas[0])
    overlap = [2 * ((a > 0) & (b > 0)).sum() / ((a > 0).sum() + (b > 0).sum()) for a, b in pairwise(labels)]
    assert min(overlap) > 0.97
    assert made.facts["lost_frames"] == []


def test_speckle_decorrelates_slowly() -> None:
    made = case(3, "biceps", frames=12)
    view = made.scan.calibration.view.slices  # type: ignore[union-attr]
    frames = made.scan.image[(slice(None), *view)].astype(float)
    near, far = (np.corrcoef(frames[0].ravel(), frames[i].ravel())[0, 1] for i in (1, 11))
    assert near > 0.8
    assert far < near


@pytest.mark.parametrize("site", SITES)
def test_a_complete_video_keeps_its_structures_in_view(site: str) -> None:
    for seed in range(2):
        made = case(seed, site, frames=30, size=(160, 150))
        tissue = in_view(made)
        assert all(np.all(np.array(made.facts["csa_cm2"][name]) > 0) for name in SITES[site])
        assert not tissue[:, [0, -1]].any()
        if site != LONGITUDINAL:
            assert not tissue[:, :, [0, -1]].any()


def test_an_incomplete_video_loses_contact_in_some_frames_that_show_and_hold_nothing() -> None:
    found = 0
    for seed in range(4):
        made = case(seed, "triceps", frames=9, complete=False)
        lost = made.facts["lost_frames"]
        assert 1 <= len(lost) <= 3
        view = made.scan.calibration.view.slices  # type: ignore[union-attr]
        deep = made.scan.image[(slice(None), *view)][:, SMALL[1] // 3 :].mean(axis=(1, 2))
        kept = [i for i in range(9) if i not in lost]
        assert not made.segmentation.labels[lost].any()
        found += bool(made.segmentation.labels[kept].any(axis=(1, 2)).all())
        assert deep[lost].max() < 0.7 * deep[kept].min()
    assert found >= 2


def test_an_incomplete_frame_may_be_cut_by_the_view() -> None:
    cut = [in_view(case(seed, "rectus_femoris", complete=False)) for seed in range(12)]
    assert any(tissue[:, 0].any() or tissue[:, -1].any() for tissue in cut)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"site": "gastrocnemius"}, "The site is 'gastrocnemius', expected one of rectus_femoris"),
        ({"size": (10, 20, 30)}, r"The size .* two positive numbers"),
        ({"size": (0, 20)}, r"The size .* two positive numbers"),
        ({"spacing_mm": (0.1, -0.1)}, r"The spacing .* two positive numbers"),
        ({"frames": -1}, "A video of -1 frames"),
        ({"label_map": Path("map.png")}, "not from a label map"),
    ],
)
def test_options_that_no_frame_can_have_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        synthesize(0, SynthesisOptions(**options))  # type: ignore[arg-type]
