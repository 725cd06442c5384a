from __future__ import annotations

from collections.abc import Callable

import pytest

from myoscope import Grid
from myoscope.io import MRImage
from myoscope_dixon_mri.places import extent_mm, group_by_place, overlap, same_view, side_by_side

Make = Callable[..., MRImage]


def test_the_extent_reaches_from_edge_to_edge_whatever_the_order_of_axes() -> None:
    grid = Grid((4, 5, 6), (2.0, 3.0, 4.0), (10.0, 20.0, 30.0), (-1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0))
    assert extent_mm(grid) == ((3.0, 11.0), (18.0, 42.0), (28.5, 43.5))


@pytest.mark.parametrize(
    ("second", "expected"), [((0.0, 10.0), 1.0), ((5.0, 15.0), 1 / 3), ((10.0, 20.0), 0.0), ((30.0, 40.0), 0.0)]
)
def test_overlap_is_shared_length_by_covered_length(second: tuple[float, float], expected: float) -> None:
    assert overlap((0.0, 10.0), second) == pytest.approx(expected)


def test_images_of_one_place_go_together_and_places_come_from_the_head_down(mr_image: Make) -> None:
    low, high, low_again = mr_image(0.0), mr_image(40.0), mr_image(3.0)
    assert group_by_place([low, high, low_again]) == ((high,), (low, low_again))


def test_coronal_slices_are_another_view_and_flipped_ones_are_not() -> None:
    axial = Grid.identity((4, 4, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    flipped = Grid((4, 4, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0))
    coronal = Grid((4, 4, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0))
    assert same_view(axial, flipped)
    assert not same_view(axial, coronal)


def test_one_leg_each_lies_side_by_side_and_another_field_of_view_does_not() -> None:
    right = Grid.identity((10, 10, 10), (20.0, 20.0, 5.0), (-200.0, 0.0, 0.0))
    left = Grid.identity((10, 10, 10), (20.0, 20.0, 5.0), (0.0, 0.0, 0.0))
    wider = Grid.identity((12, 10, 10), (20.0, 20.0, 5.0), (-220.0, 0.0, 0.0))
    assert side_by_side(right, left)
    assert not side_by_side(right, wider)
