from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from myoscope import CaseResult
from myoscope.report import preview_png
from myoscope.report.fat_figure import fat_figure, fraction_row
from myoscope.report.fat_part import fat_part
from myoscope.report.fat_planes import COLORS, FatPlanes, fat_planes
from myoscope.report.marks import png_bytes
from myoscope.report.planes_figure import planes_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def shown(dixon_case: CaseResult) -> FatPlanes:
    found = fat_planes(dixon_case)
    assert found is not None
    return found


def pixels(png: bytes) -> NDArray[Any]:
    from matplotlib.image import imread

    return (imread(io.BytesIO(png))[..., :3] * 255).round().astype(int)


def color(share: float) -> NDArray[Any]:
    from matplotlib import colormaps

    return np.round(np.array(colormaps[COLORS](share)[:3]) * 255).astype(int)


def panel(figure: Figure, title: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_title(loc="left").startswith(title))


def inside(figure: Figure, axes: Axes) -> NDArray[Any]:
    """Return the pixels of a panel."""
    picture = pixels(png_bytes(figure))
    box = axes.get_window_extent()
    height = picture.shape[0]
    return picture[round(height - box.y1) : round(height - box.y0), round(box.x0) : round(box.x1)]


def count_of(picture: NDArray[Any], wanted: NDArray[Any]) -> int:
    return int((np.abs(picture - wanted).max(axis=2) <= 2).sum())


def test_a_known_fraction_has_its_color_and_air_is_black(shown: FatPlanes) -> None:
    figure = fat_figure(shown)
    for plane in ("axial", "coronal"):
        part = inside(figure, panel(figure, f"Fat fraction, {plane}"))
        assert count_of(part, color(0.25)) > 0.05 * part[..., 0].size, plane
        assert count_of(part, color(0.90)) > 0.2 * part[..., 0].size, plane
    axial = inside(figure, panel(figure, "Fat fraction, axial"))
    assert (axial[2:-2, 2] == 0).all()


def test_muscles_are_colored_from_0_to_50_percent(shown: FatPlanes) -> None:
    figure = fat_figure(shown)
    part = inside(figure, panel(figure, "Fat fraction of muscles, axial"))
    assert count_of(part, color(0.5)) > 0.05 * part[..., 0].size
    assert count_of(part, color(0.90)) == 0


def test_stations_are_named_on_every_coronal_plane_and_on_no_other(shown: FatPlanes) -> None:
    for axes in fat_figure(shown).axes:
        title, texts = axes.get_title(loc="left"), {text.get_text() for text in axes.texts}
        if title:
            assert ({"hips", "knees"} <= texts) == ("coronal" in title), title


def test_each_range_of_percents_has_one_color_bar(shown: FatPlanes) -> None:
    for figure in (fat_figure(shown), fraction_row(shown)):
        labels = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
        assert sorted(labels) == ["Fat fraction of muscles, %", "Fat fraction, %"]


def test_panels_lie_within_the_picture_and_apart(shown: FatPlanes) -> None:
    for figure in (fat_figure(shown), fraction_row(shown)):
        boxes = [axes.get_position() for axes in figure.axes]
        assert all(0 < box.x0 < box.x1 < 1 and 0 < box.y0 < box.y1 < 1 for box in boxes)
        pairs = [(a, b) for n, a in enumerate(boxes) for b in boxes[:n]]
        assert not any(a.overlaps(b) for a, b in pairs)


def test_the_preview_has_the_planes_above_the_fraction(dixon_case: CaseResult) -> None:
    png = preview_png(dixon_case)
    assert png == preview_png(dixon_case)
    preview, planes = pixels(png), pixels(png_bytes(planes_figure(dixon_case)))
    assert preview.shape[0] > planes.shape[0]
    assert (preview[: planes.shape[0], : planes.shape[1]] == planes).all()
    below = preview[planes.shape[0] :]
    assert count_of(below, color(0.25)) > 1000


def test_the_page_says_in_words_what_the_picture_shows(dixon_case: CaseResult) -> None:
    shown = fat_planes(dixon_case)
    assert shown is not None
    part = fat_part(shown)
    for told in ("Water, Fat, Fat fraction, Fat fraction of muscles", "2 stations"):
        assert told in part.alt, told
    assert "0 to 50%" in part.caption


def test_a_map_without_muscles_and_stations_needs_no_caption(dixon_case: CaseResult, bare: CaseResult) -> None:
    percent = np.full(dixon_case.scan.grid.shape, 12.0, np.float32)
    scan = dataclasses.replace(dixon_case.scan, channels={"pdff": percent}, stations=())
    shown = fat_planes(dataclasses.replace(bare, scan=scan))
    assert shown is not None
    part = fat_part(shown)
    assert part.caption == ""
    assert "Fat fraction." in part.alt
