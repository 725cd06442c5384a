"""Surfaces of the segmented structures, small enough to live in a page."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.ops.regions import label_boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope.anatomy import Structure
    from myoscope.data.grid import Grid
    from myoscope.data.segmentation import Segmentation

MESH_SPACING_MM = 4.0
SMOOTHING_VOXELS = 0.7
#: Together the surfaces have no more faces than this; the mesh grid is coarsened until they fit.
MAX_FACES = 130_000
COARSEN_FACTOR = 1.15
#: Vertices are written as whole tenths of a millimeter.
VERTEX_STEPS_PER_MM = 10
UINT16_VALUES = 65536


@dataclass(frozen=True, slots=True)
class Surface:
    """A triangle mesh of one structure, both sides.

    Attributes:
        structure: What it is the surface of.
        vertices_mm: Shape (n, 3), LPS.
        faces: Shape (m, 3), rows of `vertices_mm`.
    """

    structure: Structure
    vertices_mm: NDArray[np.float64]
    faces: NDArray[np.int64]


def extract_surfaces(segmentation: Segmentation, *, max_faces: int = MAX_FACES) -> tuple[Surface, ...]:
    """Return a smooth surface of every structure that is present, all together of at most `max_faces` faces."""
    spacing = MESH_SPACING_MM
    while (surfaces := _extract(segmentation, spacing, max_faces)) is None:
        spacing *= COARSEN_FACTOR
    return surfaces


def mesh_coordinates(surfaces: tuple[Surface, ...]) -> list[dict[str, Any]]:
    """Return JSON-ready plotly `Mesh3d` coordinates in tenths of a millimeter about the common center."""
    low, high = _box(surfaces)
    return [_coordinates(surface, (low + high) / 2) for surface in surfaces]


def aspect(surfaces: tuple[Surface, ...]) -> dict[str, float]:
    """Return the sides of the box around all surfaces, the longest being 1, by axis name."""
    low, high = _box(surfaces)
    sides = (high - low) / (high - low).max()
    return {name: round(float(side), 4) for name, side in zip("xyz", sides, strict=True)}


def _box(surfaces: tuple[Surface, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    vertices = np.concatenate([surface.vertices_mm for surface in surfaces])
    return vertices.min(axis=0), vertices.max(axis=0)


def _extract(segmentation: Segmentation, spacing_mm: float, max_faces: int) -> tuple[Surface, ...] | None:
    """Return the surfaces on a mesh grid of about this spacing; None as soon as they have too many faces."""
    grid = segmentation.grid
    steps = [max(1, math.floor(spacing_mm / 2 / s)) for s in reversed(grid.spacing_mm)]
    labels = segmentation.labels[tuple(slice(None, None, step) for step in steps)]
    strides = np.array(steps)
    factors = [max(1, round(spacing_mm / (s * n))) for s, n in zip(reversed(grid.spacing_mm), steps, strict=True)]
    boxes = label_boxes(labels)
    parts: dict[str, list[Surface]] = {}
    left = max_faces
    for value, structure, _ in segmentation.entries():
        box = boxes.get(value)
        if box is None:
            continue
        index, faces = _mesh(labels[box] == value, factors)
        left -= len(faces)
        if left < 0:
            return None
        index += [s.start for s in box]
        vertices = _positions(index * strides, grid)
        parts.setdefault(structure.name, []).append(Surface(structure, vertices, faces))
    return tuple(_joined(parts[s.name]) for s in segmentation.structures if s.name in parts)


def _mesh(mask: NDArray[np.bool_], factors: list[int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return vertices in index coordinates (k, j, i) of `mask`, and faces."""
    from scipy import ndimage
    from skimage.measure import marching_cubes

    smooth = ndimage.gaussian_filter(_block_shares(mask, factors), SMOOTHING_VOXELS)
    # A sheet thinner than a block never fills one by half; it is drawn where it fills most.
    level = min(0.5, float(smooth.max()) / 2)
    vertices, faces, _, _ = marching_cubes(smooth, level)
    factor = np.array(factors)
    return vertices.astype(np.float64) * factor + (factor - 1) / 2 - 2 * factor, faces.astype(np.int64)


def _block_shares(mask: NDArray[np.bool_], factors: list[int]) -> NDArray[np.float32]:
    """Return how much of each block of voxels a mask fills, with two empty blocks around it."""
    tail = [-n % f for n, f in zip(mask.shape, factors, strict=True)]
    filled = np.pad(mask.astype(np.uint16), [(2 * f, 2 * f + t) for f, t in zip(factors, tail, strict=True)])
    # Axis by axis, the last one first: many times faster than a mean over three axes.
    for axis in (2, 1, 0):
        phases = (filled[(slice(None),) * axis + (slice(n, None, factors[axis]),)] for n in range(factors[axis]))
        filled = sum(phases, start=next(phases))
    return np.asarray(filled.astype(np.float32) / np.float32(math.prod(factors)))


def _positions(index_kji: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    offsets = (index_kji[:, ::-1] * np.array(grid.spacing_mm)) @ grid.matrix.T
    positions: NDArray[np.float64] = offsets + np.array(grid.origin)
    return positions


def _joined(parts: list[Surface]) -> Surface:
    starts = np.cumsum([0, *(len(p.vertices_mm) for p in parts[:-1])])
    faces = np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)])
    return Surface(parts[0].structure, np.concatenate([p.vertices_mm for p in parts]), faces)


def _coordinates(surface: Surface, center: NDArray[np.float64]) -> dict[str, Any]:
    vertices = np.round((surface.vertices_mm - center) * VERTEX_STEPS_PER_MM).astype("<i2")
    index_type = "u2" if len(vertices) < UINT16_VALUES else "u4"
    faces = surface.faces.astype("<" + index_type)
    coordinates = {name: _packed(vertices[:, a], "i2") for a, name in enumerate("xyz")}
    return coordinates | {name: _packed(faces[:, a], index_type) for a, name in enumerate("ijk")}


def _packed(values: NDArray[Any], dtype: str) -> dict[str, str]:
    """Return an array as plotly's typed array: little-endian bytes in base64."""
    return {"dtype": dtype, "bdata": base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")}
