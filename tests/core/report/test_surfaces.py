from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import pytest

from myoscope import THIGH_STRUCTURES, CaseResult, Grid, Segmentation, StructureSet
from myoscope.report.surfaces import aspect, extract_surfaces, mesh_coordinates

if TYPE_CHECKING:
    from numpy.typing import NDArray

TURN = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, -1.0]])
RADIUS_MM = 40.0


def ball(
    spacing_mm: tuple[float, float, float], size: tuple[int, int, int]
) -> tuple[Segmentation, NDArray[np.float64]]:
    """Return a ball of 40 mm on a turned grid, and its center."""
    origin = np.array([20.0, -30.0, 700.0])
    grid = Grid(size, spacing_mm, tuple(origin), tuple(TURN.ravel()))
    k, j, i = np.indices(grid.shape)
    positions = origin + (np.stack([i, j, k], axis=-1) * spacing_mm) @ TURN.T
    center = origin + TURN @ ((np.array(size) - 1) / 2 * spacing_mm)
    labels = np.where(np.linalg.norm(positions - center, axis=-1) < RADIUS_MM, 3, 0).astype(np.uint8)
    structures = StructureSet(THIGH_STRUCTURES)
    return Segmentation(labels, grid, structures, frozenset(structures.names), sides_split=True), center


@pytest.mark.parametrize(("spacing_mm", "size"), [((1.0, 1.5, 5.0), (100, 70, 22)), ((0.9, 0.9, 1.0), (110, 110, 100))])
def test_the_surface_of_a_ball_lies_at_its_radius_on_an_oblique_grid(
    spacing_mm: tuple[float, float, float], size: tuple[int, int, int]
) -> None:
    segmentation, center = ball(spacing_mm, size)
    (surface,) = extract_surfaces(segmentation)
    distances = np.linalg.norm(surface.vertices_mm - center, axis=1)
    assert surface.structure.name == "vastus_lateralis"
    assert distances.mean() == pytest.approx(RADIUS_MM, abs=1.0)
    assert np.abs(distances - RADIUS_MM).max() < 3.0


def test_both_sides_are_one_surface_and_structures_keep_their_order(phantom: CaseResult) -> None:
    surfaces = extract_surfaces(phantom.segmentation)
    assert [s.structure.name for s in surfaces] == ["vastus_lateralis", "gracilis", "femur"]
    x = surfaces[0].vertices_mm[:, 0]
    assert x.min() < -60 < 30 < x.max()
    assert all(s.faces.max() == len(s.vertices_mm) - 1 for s in surfaces)


def test_faces_stay_within_their_budget(phantom: CaseResult) -> None:
    whole = sum(len(s.faces) for s in extract_surfaces(phantom.segmentation))
    fewer = sum(len(s.faces) for s in extract_surfaces(phantom.segmentation, max_faces=whole // 3))
    assert 0 < fewer <= whole // 3


def test_a_sheet_thinner_than_a_mesh_block_is_still_drawn(phantom: CaseResult) -> None:
    labels = np.zeros(phantom.scan.grid.shape, np.uint8)
    labels[5:15, 10, 10:40] = 3
    grid = Grid.identity(phantom.scan.grid.size, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    thin = Segmentation(
        labels, grid, phantom.segmentation.structures, frozenset({"vastus_lateralis"}), sides_split=True
    )
    assert len(extract_surfaces(thin)) == 1


def test_nothing_segmented_has_no_surface(bare: CaseResult) -> None:
    assert extract_surfaces(bare.segmentation) == ()


def test_coordinates_unpack_to_tenths_of_a_millimeter_about_the_center() -> None:
    segmentation, _ = ball((2.0, 2.0, 2.0), (60, 60, 60))
    surfaces = extract_surfaces(segmentation)
    (packed,) = mesh_coordinates(surfaces)
    x = np.frombuffer(base64.b64decode(packed["x"]["bdata"]), packed["x"]["dtype"])
    vertices = surfaces[0].vertices_mm
    middle = (vertices[:, 0].min() + vertices[:, 0].max()) / 2
    np.testing.assert_allclose(x / 10, vertices[:, 0] - middle, atol=0.051)
    assert aspect(surfaces) == pytest.approx({"x": 1.0, "y": 1.0, "z": 1.0}, abs=0.01)
