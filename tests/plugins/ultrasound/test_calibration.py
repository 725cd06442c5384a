from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from myoscope import GeometryError, LoadOptions, UsageError, View
from myoscope.io import Picture, PictureRegion, PictureScale
from myoscope_ultrasound.calibration import check_options, scale_of
from myoscope_ultrasound.places import Place, find_places, scaled_regions

VIEW = View(50, 40, 300, 400)
PLACE = Place(VIEW, 400, "the tissue region's height")
#: Two tissue images side by side and the gray bar, as a scanner writes them.
LEFT = PictureRegion(32, 24, 335, 415, 1, 1, (3, 3), (0.038, 0.038))
RIGHT = PictureRegion(336, 24, 639, 415, 1, 1, (3, 3), (0.038, 0.038))
BAR = PictureRegion(32, 40, 63, 103, 0, 13, (0, 0), (0.0, 0.0))
SHAPE = (480, 640)


def scale(place: Place = PLACE, header: PictureScale | None = None, **options: float) -> tuple[object, str, list[str]]:
    found, findings = scale_of(place, header or PictureScale(), LoadOptions(**options), "a.png")
    return found.spacing_mm, found.source, [finding.code for finding in findings]


def test_what_the_user_says_is_the_scale() -> None:
    assert scale(spacing_mm=0.1) == ((0.1, 0.1), "--spacing-mm", [])
    assert scale(depth_mm=40.0) == ((0.1, 0.1), "--depth-mm over the tissue region's height", [])
    whole = replace(PLACE, rows_of="the image height", rows=384)
    assert scale(whole, depth_mm=40.0) == (
        (pytest.approx(0.104167, rel=1e-5),) * 2, "--depth-mm over the image height", []
    )  # fmt: skip


def test_nobody_knows_is_no_scale_and_a_finding_never_1_mm() -> None:
    assert scale() == (None, "no scale", ["no_scale"])


def test_the_header_is_believed_in_the_order_region_then_spacing_then_depth() -> None:
    region = replace(PLACE, spacing_mm=(0.12, 0.1))
    header = PictureScale(spacing_mm=(0.12, 0.1), depth_mm=40.0)
    assert scale(region, header) == ((0.12, 0.1), "DICOM ultrasound region", [])
    assert scale(PLACE, header) == ((0.12, 0.1), "DICOM PixelSpacing", [])
    deep = PictureScale(depth_mm=40.0)
    assert scale(PLACE, deep) == ((0.1, 0.1), "DICOM DepthOfScanField over the tissue region's height", [])


def test_pixels_that_are_not_square_keep_their_shape_under_a_depth() -> None:
    for place, header in (
        (replace(PLACE, spacing_mm=(0.3, 0.1)), PictureScale()),
        (PLACE, PictureScale(spacing_mm=(0.6, 0.2))),
        (PLACE, PictureScale(aspect=3.0)),
    ):
        spacing, _, _ = scale(place, header, depth_mm=40.0)
        assert spacing == pytest.approx((0.3, 0.1))


@pytest.mark.parametrize(("given", "codes"), [(0.1015, []), (0.0985, []), (0.103, ["scale_disagrees"])])
def test_a_header_that_disagrees_by_more_than_2_percent_is_a_finding(given: float, codes: list[str]) -> None:
    region = replace(PLACE, spacing_mm=(0.1, 0.1))
    assert scale(region, spacing_mm=given) == ((given, given), "--spacing-mm", codes)
    assert scale(PLACE, PictureScale(spacing_mm=(0.1, 0.1)), spacing_mm=given)[2] == codes
    assert scale(PLACE, PictureScale(depth_mm=40.0), depth_mm=given * 400)[2] == codes
    assert scale(region, PictureScale(spacing_mm=(given, given)))[2] == codes


def test_one_axis_that_disagrees_is_enough() -> None:
    assert scale(replace(PLACE, spacing_mm=(0.2, 0.1)), spacing_mm=0.1)[2] == ["scale_disagrees"]


def test_a_depth_is_unsure_where_echoes_have_faded() -> None:
    faded = replace(PLACE, fades=True)
    assert scale(faded, depth_mm=40.0)[2] == ["bottom_of_tissue_unsure"]
    assert scale(faded, spacing_mm=0.1)[2] == []


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"depth_mm": 0.0}, "--depth-mm is 0, expected 5 to 300 mm"),
        ({"depth_mm": 4000.0}, "--depth-mm is 4000, expected 5 to 300 mm"),
        ({"depth_mm": -40.0}, "--depth-mm is -40"),
        ({"depth_mm": float("nan")}, "--depth-mm is nan"),
        ({"spacing_mm": 0.0}, "--spacing-mm is 0, expected 0.005 to 2 mm"),
        ({"spacing_mm": float("inf")}, "--spacing-mm is inf"),
        ({"spacing_mm": 0.1, "depth_mm": 40.0}, "exclude each other"),
    ],
)
def test_a_scale_that_no_picture_can_have_is_refused(options: dict[str, float], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        check_options(LoadOptions(**options))


def test_1_mm_a_pixel_would_make_a_frame_deeper_than_any_probe_sees() -> None:
    with pytest.raises(UsageError, match=r"1 mm a pixel by --spacing-mm, and be 400 mm deep"):
        scale(spacing_mm=1.0)
    with pytest.raises(GeometryError, match=r"1 mm a pixel by DICOM PixelSpacing, and be 400 mm deep"):
        scale(header=PictureScale(spacing_mm=(1.0, 1.0)))


@pytest.mark.parametrize("depth", [0.0, 4000.0, -1.0])
def test_a_depth_in_the_header_that_no_probe_sees_is_refused_by_name(depth: float) -> None:
    with pytest.raises(GeometryError, match=rf"a depth of {depth:g} mm, expected 5 to 300 mm"):
        scale(header=PictureScale(depth_mm=depth))
    assert scale(header=PictureScale(depth_mm=depth), spacing_mm=0.1)[2] == ["scale_disagrees"]


@pytest.mark.parametrize("spacing", [(0.0, 0.0), (-0.1, 0.1), (0.1, float("nan"))])
def test_a_pixel_spacing_that_is_no_size_is_refused(spacing: tuple[float, float]) -> None:
    with pytest.raises(GeometryError, match="DICOM PixelSpacing"):
        scale(header=PictureScale(spacing_mm=spacing))


def test_regions_of_tissue_with_a_scale_count_and_no_others() -> None:
    others = [
        BAR,
        replace(LEFT, spatial_format=2, units=(4, 3)),  # M-mode: time to the right
        replace(LEFT, spatial_format=3, data_type=3, units=(4, 7)),  # a Doppler spectrum
        replace(LEFT, data_type=2),  # color flow lies over tissue
        replace(LEFT, units=(0, 0)),
        replace(LEFT, deltas=(0.0, 0.0)),
    ]
    assert scaled_regions([RIGHT, *others, LEFT], SHAPE, "a.dcm") == [LEFT, RIGHT]


@pytest.mark.parametrize(
    ("region", "word"),
    [
        (replace(LEFT, right=400), "overlap"),
        (replace(RIGHT, deltas=(0.038, -0.038)), "0.038 x -0.038 cm"),
        (replace(RIGHT, deltas=(float("nan"), 0.038)), "expected positive numbers"),
        (replace(RIGHT, right=700), "leaves the picture"),
        (replace(RIGHT, left=600, right=500), "empty"),
    ],
)
def test_regions_that_cannot_be_trusted_are_refused(region: PictureRegion, word: str) -> None:
    partner = RIGHT if region.left == LEFT.left else LEFT
    with pytest.raises(GeometryError, match=word) as caught:
        scaled_regions([partner, region], SHAPE, "a.dcm")
    assert "--spacing-mm" in caught.value.hint


def test_regions_may_share_a_line_and_end_one_pixel_beyond_the_picture() -> None:
    shared = [replace(LEFT, right=336), replace(RIGHT, right=640, bottom=480)]
    assert [r.right for r in scaled_regions(shared, SHAPE, "a.dcm")] == [336, 639]


def noisy(*regions: PictureRegion) -> Picture:
    """Speckle in `regions`, black elsewhere."""
    frame = np.zeros(SHAPE, dtype=np.uint8)
    for region in regions:
        box = (slice(region.top, region.bottom + 1), slice(region.left, region.right + 1))
        frame[box] = np.random.default_rng(region.left).integers(10, 200, frame[box].shape)
    return Picture(frame, (), np.zeros(SHAPE, dtype=np.bool_))


def test_the_region_that_holds_tissue_gives_the_scale() -> None:
    other = replace(RIGHT, deltas=(0.05, 0.02))
    picture = replace(noisy(RIGHT), scale=PictureScale(regions=(LEFT, other)))
    places, findings = find_places(picture, "a.dcm")
    assert findings == ()
    assert places == (Place(View(336, 24, 304, 392), 392, "the ultrasound region's height", (0.5, 0.2)),)


def test_two_regions_with_tissue_are_two_images_though_they_touch() -> None:
    picture = replace(noisy(LEFT, RIGHT), scale=PictureScale(regions=(RIGHT, LEFT, BAR)))
    places, _ = find_places(picture, "a.dcm")
    assert [place.view.left for place in places] == [32, 336]
    assert [place.spacing_mm for place in places] == [(pytest.approx(0.38),) * 2] * 2


def test_tissue_outside_of_every_region_has_no_scale_from_them() -> None:
    picture = replace(noisy(RIGHT), scale=PictureScale(regions=(LEFT,)))
    (place,), _ = find_places(picture, "a.dcm")
    assert (place.view.left, place.spacing_mm) == (336, None)


def test_regions_that_cannot_be_trusted_do_not_matter_when_the_user_gives_the_scale() -> None:
    broken = replace(LEFT, deltas=(-0.038, 0.038))
    picture = replace(noisy(LEFT), scale=PictureScale(regions=(broken,)))
    with pytest.raises(GeometryError):
        find_places(picture, "a.dcm")
    (place,), findings = find_places(picture, "a.dcm", scale_given=True)
    assert (place.spacing_mm, [f.code for f in findings]) == (None, ["regions_not_used"])


def test_a_picture_without_speckle_is_tissue_whole_and_says_so() -> None:
    frame = np.zeros((300, 400), dtype=np.uint8)
    frame[100:160] = 120
    (place,), findings = find_places(Picture(frame, (), np.zeros(frame.shape, dtype=np.bool_)), "a.png")
    assert place == Place(View(0, 0, 400, 300), 300, "the image height")
    assert [f.code for f in findings] == ["tissue_not_found"]
