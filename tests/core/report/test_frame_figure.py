from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from myoscope import CaseResult, Grid, Measurements, Scan, View
from myoscope.report import preview_png

if TYPE_CHECKING:
    from numpy.typing import NDArray

PictureCase = Callable[..., CaseResult]
COLUMNS, ROWS = 120, 90


def pixels(result: CaseResult) -> NDArray[Any]:
    from matplotlib.image import imread

    return (imread(io.BytesIO(preview_png(result)))[..., :3] * 255).round().astype(int)


def panels(picture: NDArray[Any]) -> list[tuple[slice, slice]]:
    """Return the boxes of both panels of a black frame, the marked one first."""
    from scipy import ndimage

    parts, _ = ndimage.label((picture < 8).all(axis=2))
    boxes = ndimage.find_objects(parts)
    largest = np.argsort(np.bincount(parts.ravel())[1:])[-2:]
    return sorted((boxes[n] for n in largest), key=lambda box: (box[0].start, box[1].start))


def black(result: CaseResult, *, labels: bool = False, calipers: bool = False) -> CaseResult:
    """Return a case of a black frame that is all tissue, without what is not asked for."""
    scan, whole = result.scan, View(0, 0, *result.scan.grid.size)
    calibration = dataclasses.replace(scan.calibration, view=whole)
    image = np.zeros_like(scan.image)
    kept = result.segmentation.labels if labels else np.zeros_like(result.segmentation.labels)
    return dataclasses.replace(
        result,
        scan=dataclasses.replace(scan, channels={"bmode": image}, calibration=calibration),
        segmentation=dataclasses.replace(result.segmentation, labels=kept),
        measurements=result.measurements if calipers else Measurements(),
    )


def sizes(result: CaseResult) -> list[tuple[int, int]]:
    return [(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in panels(pixels(result))]


@pytest.mark.parametrize("frames", [0, 6])
def test_the_picture_is_the_same_bytes_every_time(picture_case: PictureCase, frames: int) -> None:
    png = preview_png(picture_case(frames=frames))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png == preview_png(picture_case(frames=frames))


@pytest.mark.parametrize("spacing_mm", [(0.5, 0.5), (0.5, 1.0), (0.8, 0.2), None])
def test_both_panels_have_the_true_proportions(
    picture_case: PictureCase, spacing_mm: tuple[float, float] | None
) -> None:
    dx, dy = spacing_mm or (1.0, 1.0)
    for height, width in sizes(black(picture_case(spacing_mm))):
        assert height / width == pytest.approx(ROWS * dy / (COLUMNS * dx), rel=0.02)


def test_a_wide_strip_has_its_panels_one_above_the_other(picture_case: PictureCase) -> None:
    marked, plain = panels(pixels(black(picture_case((1.0, 0.2)))))
    assert marked[1] == plain[1]
    assert marked[0].stop < plain[0].start


def test_a_caliper_is_drawn_where_it_was_measured(picture_case: PictureCase) -> None:
    case = black(picture_case((0.5, 1.0)), calipers=True)
    marked, plain = panels(pixels(case))
    bright = (pixels(case)[marked] > 200).all(axis=2)
    # The line is the longest bright column; the label and the scale bar lie elsewhere.
    column = int(bright.sum(axis=0).argmax())
    rows = np.flatnonzero(bright[:, column])
    assert column / bright.shape[1] == pytest.approx(60.5 / COLUMNS, abs=0.006)
    assert rows[0] / bright.shape[0] == pytest.approx(30 / ROWS, abs=0.008)
    assert rows[-1] / bright.shape[0] == pytest.approx(61 / ROWS, abs=0.008)
    assert not (pixels(case)[plain] > 200).any()


def test_structures_are_outlined_in_their_color_and_the_plain_frame_is_gray(picture_case: PictureCase) -> None:
    case = black(picture_case(), labels=True)
    picture = pixels(case)
    marked, plain = panels(picture)
    structures = case.segmentation.structures
    outlined = {structures[name].color for name in case.segmentation.predicted}
    for color in {structure.color for structure in structures}:
        close = (np.abs(picture[marked] - color).max(axis=2) < 24).sum()
        assert (close > 100) == (color in outlined), color
    gray = picture[plain]
    assert (gray.max(axis=2) == gray.min(axis=2)).all()


def test_an_outline_lies_on_the_border_of_its_structure(picture_case: PictureCase) -> None:
    case = black(picture_case(), labels=True)
    picture = pixels(case)
    marked, _ = panels(picture)
    yellow = np.abs(picture[marked] - (240, 228, 66)).max(axis=2) < 24
    rows, columns = np.flatnonzero(yellow.any(axis=1)), np.flatnonzero(yellow.any(axis=0))
    height, width = yellow.shape
    assert (rows[0] / height, rows[-1] / height) == pytest.approx((26 / ROWS, 30 / ROWS), abs=0.01)
    assert (columns[0] / width, columns[-1] / width) == pytest.approx((12 / COLUMNS, 108 / COLUMNS), abs=0.01)


def test_labels_of_a_left_side_are_outlined_too(picture_case: PictureCase) -> None:
    case = picture_case()
    left = np.where(case.segmentation.labels > 0, case.segmentation.labels + 100, 0).astype(np.uint8)
    sided = dataclasses.replace(case.segmentation, labels=left, sides_split=True)
    assert preview_png(dataclasses.replace(case, segmentation=sided)) == preview_png(case)


def test_a_video_shows_the_frame_that_stands_for_it(picture_case: PictureCase) -> None:
    case = black(picture_case(frames=5))
    image = case.scan.image.copy()
    image[2, :, COLUMNS // 2 :] = 255
    scan = dataclasses.replace(case.scan, channels={"bmode": image})
    shown = dataclasses.replace(case, scan=scan, measurements=Measurements(shown_frame=2))
    picture = pixels(shown)
    assert len(panels(picture)) == 2
    assert all(w / h == pytest.approx(COLUMNS / 2 / ROWS, rel=0.03) for h, w in sizes(shown))


def test_a_frame_with_nothing_segmented_says_so_and_is_shown(picture_case: PictureCase) -> None:
    red = (np.abs(pixels(black(picture_case())) - (122, 31, 31)).max(axis=2) < 24).sum()
    assert red > 100


def test_gray_values_are_shown_as_they_are(picture_case: PictureCase) -> None:
    case = black(picture_case())
    dim = dataclasses.replace(case.scan, channels={"bmode": np.full((ROWS, COLUMNS), 90, np.uint8)})
    picture = pixels(dataclasses.replace(case, scan=dim))
    assert (np.abs(picture - 90) <= 1).all(axis=2).mean() > 0.3


def test_a_picture_of_another_modality_and_a_case_id_with_dollars_have_a_preview(picture_case: PictureCase) -> None:
    case = picture_case()
    grid = Grid.picture((COLUMNS, ROWS), (0.5, 0.5))
    scan = Scan("dixon_mri", {"water": np.full(grid.shape, 7.5, np.float32)}, grid, r"a$\frac{$b")
    assert preview_png(dataclasses.replace(case, scan=scan))
