from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from myoscope import CaseResult, Grid, Scan, Segmentation
from myoscope.report import preview_png, report_html
from myoscope.report.drawn import draw
from myoscope.report.marks import scale_bar_length
from myoscope.report.planes import pick_planes
from myoscope.report.planes_figure import structures_in_planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLACK = 8
BRIGHT = 240
#: Index axes along and against the patient's axes, permuted, and turned by ten degrees.
DIRECTIONS = {
    "LPS": np.eye(3),
    "RAS": np.diag([-1.0, -1.0, 1.0]),
    "feet first": np.diag([1.0, 1.0, -1.0]),
    "permuted": np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    "oblique": np.array([[0.98480775, -0.17364818, 0.0], [0.17364818, 0.98480775, 0.0], [0.0, 0.0, 1.0]]),
}


def pixels(png: bytes) -> NDArray[Any]:
    from matplotlib.image import imread

    return (imread(io.BytesIO(png))[..., :3] * 255).round().astype(int)


def panels(picture: NDArray[Any]) -> list[tuple[slice, slice]]:
    """Return the boxes of the three black planes, from left to right."""
    from scipy import ndimage

    parts, _ = ndimage.label((picture < BLACK).all(axis=2))
    boxes = ndimage.find_objects(parts)
    largest = np.argsort(np.bincount(parts.ravel())[1:])[-3:]
    return sorted((boxes[n] for n in largest), key=lambda box: box[1].start)


def with_volume(result: CaseResult, image: NDArray[Any], labels: NDArray[Any], grid: Grid) -> CaseResult:
    segmentation = Segmentation(labels, grid, result.segmentation.structures, frozenset(), sides_split=True)
    return dataclasses.replace(result, scan=Scan("ct_thigh", {"ct": image}, grid, "case"), segmentation=segmentation)


def marked(result: CaseResult, matrix: NDArray[Any], corner_mm: tuple[float, float, float]) -> CaseResult:
    """Return a black cube of 240 mm, centered at the origin, with a bright ball around a position."""
    sizes, spacing = np.array([60, 48, 40]), np.array([4.0, 5.0, 6.0])
    origin = -matrix @ ((sizes - 1) / 2 * spacing)
    grid = Grid(tuple(map(int, sizes)), tuple(spacing), tuple(origin), tuple(matrix.ravel()))
    k, j, i = np.indices(grid.shape)
    positions = origin + (np.stack([i, j, k], axis=-1) * spacing) @ matrix.T
    near = np.linalg.norm(positions - corner_mm, axis=-1) < 90
    image = np.where(near, 1000.0, -1000.0).astype(np.float32)
    return with_volume(result, image, np.zeros(grid.shape, np.uint8), grid)


def halves(picture: NDArray[Any], box: tuple[slice, slice]) -> tuple[float, float]:
    """Return the bright centroid, row and column, as shares of a panel's height and width."""
    bright = (picture[box] > BRIGHT).all(axis=2)
    rows, columns = np.nonzero(bright)
    return rows.mean() / bright.shape[0], columns.mean() / bright.shape[1]


def test_the_picture_is_a_png_and_the_same_bytes_every_time(phantom: CaseResult) -> None:
    png = preview_png(phantom)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png == preview_png(phantom)


@pytest.mark.parametrize("name", DIRECTIONS)
def test_right_is_on_the_left_front_and_head_on_top_whatever_the_grid(phantom: CaseResult, name: str) -> None:
    result = marked(phantom, DIRECTIONS[name], (-60.0, -60.0, 60.0))
    picture = pixels(preview_png(result))
    axial, coronal, sagittal = (halves(picture, box) for box in panels(picture))
    assert max(*axial, *coronal, *sagittal) < 0.45


def test_the_opposite_corner_is_seen_at_the_opposite_side(phantom: CaseResult) -> None:
    picture = pixels(preview_png(marked(phantom, np.eye(3), (60.0, 60.0, -60.0))))
    shares = [share for box in panels(picture) for share in halves(picture, box)]
    assert min(shares) > 0.55


def test_planes_are_to_scale_on_an_anisotropic_grid(phantom: CaseResult, bare: CaseResult) -> None:
    dark = np.full(phantom.scan.grid.shape, -1000.0, np.float32)
    result = with_volume(bare, dark, bare.segmentation.labels, phantom.scan.grid)
    boxes = panels(pixels(preview_png(result)))
    sizes = [(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in boxes]
    width, depth, height = (n * s for n, s in zip(phantom.scan.grid.size, phantom.scan.grid.spacing_mm, strict=True))
    scale = sizes[0][1] / width
    for size, expected in zip(sizes, ((depth, width), (height, width), (height, depth)), strict=True):
        assert size == pytest.approx((expected[0] * scale, expected[1] * scale), abs=2)


def test_structures_are_tinted_and_outlined_in_their_color(phantom: CaseResult) -> None:
    picture = pixels(preview_png(phantom))
    for structure in structures_in_planes(phantom, pick_planes(phantom.scan, phantom.segmentation)):
        close = np.abs(picture - structure.color).max(axis=2) < 24
        assert close.sum() > 100, structure.name


def test_an_empty_segmentation_shows_the_plain_images(bare: CaseResult) -> None:
    picture = pixels(preview_png(bare))
    for box in panels(picture):
        gray = picture[box]
        assert (gray.max(axis=2) == gray.min(axis=2)).all()
    assert structures_in_planes(bare, pick_planes(bare.scan, bare.segmentation)) == ()


def test_planes_go_through_the_middle_of_the_femur(phantom: CaseResult) -> None:
    axial, coronal, sagittal = pick_planes(phantom.scan, phantom.segmentation)
    assert axial.index in {11, 12}
    assert 17 <= coronal.index < 23
    assert {int(v) for v in np.unique(axial.labels)} == {0, 3, 9, 28, 103, 109, 128}
    assert sagittal.labels.any()


def test_without_a_femur_the_plane_with_most_structures_is_taken(phantom: CaseResult) -> None:
    labels = np.zeros(phantom.scan.grid.shape, np.uint8)
    labels[3, :, 2:30] = 3
    labels[9, 5:9, 2:4], labels[9, 5:9, 6:8] = 3, 9
    result = dataclasses.replace(phantom, segmentation=dataclasses.replace(phantom.segmentation, labels=labels))
    assert pick_planes(result.scan, result.segmentation)[0].index == 9


def test_another_modality_is_windowed_by_percentiles_and_a_flat_image_is_fine(phantom: CaseResult) -> None:
    flat = Scan("mri", {"water": np.full(phantom.scan.grid.shape, 7, np.int16)}, phantom.scan.grid, "flat")
    assert preview_png(dataclasses.replace(phantom, scan=flat))


def test_a_case_id_with_dollars_is_not_read_as_mathematics(phantom: CaseResult) -> None:
    scan = dataclasses.replace(phantom.scan, case_id=r"a$\frac{$b")
    assert preview_png(dataclasses.replace(phantom, scan=scan))


@pytest.mark.parametrize(("width_mm", "expected"), [(250, 100), (249, 50), (500, 200), (2.5, 1), (0.6, 0.2)])
def test_a_scale_bar_is_a_round_length(width_mm: float, expected: float) -> None:
    assert scale_bar_length(width_mm) == pytest.approx(expected)


def test_what_preview_and_page_share_is_drawn_once(dixon_case: CaseResult) -> None:
    drawn = draw(dixon_case)
    assert preview_png(dixon_case, drawn) == preview_png(dixon_case)
    assert report_html(dixon_case, drawn) == report_html(dixon_case)
