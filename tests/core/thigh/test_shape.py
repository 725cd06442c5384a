from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from myoscope import THIGH_STRUCTURES, GeometryError, Grid, Measurement, Scan, Segmentation, Structure, StructureSet
from myoscope.ops.regions import summarize
from myoscope.thigh.shape import Quantity, Shapes, require_same_grid, shape_rows

STRUCTURES = StructureSet(THIGH_STRUCTURES, {"scheme": {"one": ("gracilis",)}}).subset(("gracilis", "femur"))
GRID = Grid.identity((20, 10, 12), (2.0, 1.0, 5.0), (0.0, 0.0, 0.0))


def boxes() -> Segmentation:
    """Right: gracilis of 2 x 3 voxels over slices 2 to 9, of 4 x 3 over the first three; femur over slices 1 to 10."""
    labels = np.zeros(GRID.shape, np.uint8)
    labels[2:10, 4:7, 4:6] = labels[2:5, 4:7, 4:8] = 9
    labels[1:11, 4:7, 1:3] = 28
    return Segmentation(labels, GRID, STRUCTURES, frozenset(STRUCTURES.names), sides_split=True)


def brightness(_structure: Structure, value: int) -> Iterator[Quantity]:
    yield Quantity("brightness", float(value), "a.u.", "made up", "too dark" if value == 28 else "")


def rows(height_m: float | None = None, cuts: dict[int, tuple[str, ...]] | None = None) -> list[Measurement]:
    segmentation = boxes()
    regions = summarize(segmentation.labels, GRID)
    return shape_rows(Shapes(regions, segmentation, height_m, brightness, ("volume", "volume_height2"), cuts or {}))


def one(found: list[Measurement], structure: str, quantity: str, side: str = "right") -> Measurement:
    (row,) = (r for r in found if (r.structure, r.quantity, r.side) == (structure, quantity, side))
    return row


def test_volume_and_areas_of_a_box_are_exact() -> None:
    found = rows(height_m=2.0)
    assert one(found, "gracilis", "volume").value == pytest.approx((3 * 12 + 5 * 6) * 10 / 1000)
    assert one(found, "gracilis", "csa_max").value == pytest.approx(12 * 2 / 100)
    assert one(found, "gracilis", "csa_at_50pct_femur").value == pytest.approx(6 * 2 / 100)
    assert one(found, "gracilis", "volume_height2").value == pytest.approx(660 / 4)
    assert one(found, "scheme:one", "volume").value == pytest.approx(0.66)


def test_a_modalitys_own_quantities_stand_between_areas_and_volume_by_height() -> None:
    names = [row.quantity for row in rows(height_m=2.0) if (row.structure, row.side) == ("gracilis", "right")]
    assert names == ["volume", "csa_max", "csa_at_50pct_femur", "brightness", "volume_height2"]


def test_a_quantity_may_be_incomplete_on_its_own() -> None:
    found = rows()
    assert one(found, "femur", "brightness").reason == "too dark"
    assert one(found, "femur", "volume").complete


def test_a_cut_inside_the_volume_is_named_with_those_at_its_ends() -> None:
    row = one(rows(cuts={9: ("gap",)}), "gracilis", "volume")
    assert (row.complete, row.reason) == (False, "cut by the field of view at the gap")


def test_labels_on_another_grid_are_refused() -> None:
    scan = Scan("any", {"x": np.zeros((5, 5, 5))}, Grid.identity((5, 5, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), "case")
    with pytest.raises(GeometryError, match="not the scan's"):
        require_same_grid(scan, boxes())
