"""A thigh from a table of measured cross-sections; needs no image.

The table holds area, centroid and second moments of each structure at every 5% of femur length, measured in the Visible
Human Female and Male (Andreassen et al., Scientific Data 2022, doi 10.1038/s41597-022-01905-2, CC BY 4.0). A new leg
blends the four measured ones and varies the size of each muscle and of each compartment.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET, THIGH_STRUCTURES
from myoscope.data.grid import Grid
from myoscope.synthesis.anatomy import Anatomy

#: Grid of the parametric label map, (x, y, z) mm.
SPACING_MM = (1.5, 1.5, 3.0)
FEMUR_LENGTH_MM = (390.0, 480.0)
MUSCLE_SPREAD = 0.12
COMPARTMENT_SPREAD = 0.12
#: Half extent of the map around the mid-sagittal line and the femoral axis, (lateral, front, back) mm.
HALF_WIDTH_MM = 205.0
FRONT_MM, BACK_MM = 115.0, 135.0
BONES = frozenset(s.name for s in THIGH_STRUCTURES if s.kind == "bone")

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrossSections:
    """One structure of one leg along the levels: 0 area where it is absent.

    Attributes:
        area: mm2, shape (levels,).
        centroid: (lateral, anterior) mm, shape (levels, 2).
        moments: Covariance of the section in mm2, shape (levels, 2, 2).
    """

    area: Array
    centroid: Array
    moments: Array


def thigh_anatomy(rng: np.random.Generator) -> Anatomy:
    """Return a pair of thighs, hip to knee, that no one has: 22 muscles, femur and iliac bone a side."""
    levels, legs = _table()
    length = rng.uniform(*FEMUR_LENGTH_MM)
    z = np.arange(0.0, levels[-1] / 100 * length, SPACING_MM[2])
    size = (int(2 * HALF_WIDTH_MM / SPACING_MM[0]), int((FRONT_MM + BACK_MM) / SPACING_MM[1]), len(z))
    grid = Grid.identity(size, SPACING_MM, (-HALF_WIDTH_MM, -FRONT_MM, 0.0))
    labels = np.zeros(grid.shape, dtype=np.uint8)
    factors = _size_factors(rng)
    weights = rng.dirichlet(np.full(len(legs), 0.7))
    for side, offset in ((-1.0, 0), (1.0, LEFT_OFFSET)):
        jitter = {name: np.exp(rng.normal(0.0, 0.03)) for name in factors}
        leg = _blend(legs, weights, {name: factors[name] * jitter[name] for name in factors})
        _draw_leg(labels, grid, leg, z / length * 100, levels=levels, side=side, offset=offset)
    return Anatomy(labels, grid, "parametric thigh")


@cache
def _table() -> tuple[Array, tuple[Mapping[str, CrossSections], ...]]:
    text = files("myoscope.synthesis").joinpath("thigh_cross_sections.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    levels = np.array(sorted({float(r["level_percent_femur"]) for r in rows}))
    legs: dict[tuple[str, str], dict[str, CrossSections]] = {}
    for row in rows:
        leg = legs.setdefault((row["subject"], row["side"]), {})
        n = len(levels)
        blank = CrossSections(np.zeros(n), np.zeros((n, 2)), np.zeros((n, 2, 2)))
        sections = leg.setdefault(row["structure"], blank)
        at = int(np.searchsorted(levels, float(row["level_percent_femur"])))
        sections.area[at] = float(row["area_mm2"])
        sections.centroid[at] = float(row["lateral_mm"]), float(row["anterior_mm"])
        angle = np.deg2rad(float(row["major_axis_angle_deg"]))
        axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        semi = np.array([float(row["semi_axis_major_mm"]), float(row["semi_axis_minor_mm"])])
        sections.moments[at] = axes @ np.diag(semi**2) @ axes.T
    return levels, tuple(legs[key] for key in sorted(legs))


def _size_factors(rng: np.random.Generator) -> dict[str, float]:
    """Return a factor of cross-section for every structure: its own times its neighborhood's, bones unchanged."""
    compartments = np.exp(rng.normal(0.0, COMPARTMENT_SPREAD, size=6))
    own = np.exp(rng.normal(0.0, MUSCLE_SPREAD, size=len(THIGH_STRUCTURES)))
    return {
        s.name: 1.0 if s.name in BONES else float(f * compartments[s.id // 5])
        for s, f in zip(THIGH_STRUCTURES, own, strict=True)
    }


def _blend(
    legs: tuple[Mapping[str, CrossSections], ...], weights: Array, factors: Mapping[str, float]
) -> dict[str, CrossSections]:
    """Return a leg whose sections are area-weighted means of the measured ones."""
    blended = {}
    for name in sorted({n for leg in legs for n in leg}):
        present = [(w, leg[name]) for w, leg in zip(weights, legs, strict=True) if name in leg]
        area = sum(w * s.area for w, s in present)
        share = [w * s.area / np.maximum(area, 1e-9) for w, s in present]
        centroid = sum(f[:, None] * s.centroid for f, (_, s) in zip(share, present, strict=True))
        moments = sum(f[:, None, None] * s.moments for f, (_, s) in zip(share, present, strict=True))
        blended[name] = CrossSections(area * factors[name], centroid, moments * factors[name])
    return blended


def _draw_leg(
    labels: NDArray[np.uint8],
    grid: Grid,
    leg: Mapping[str, CrossSections],
    percent: Array,
    *,
    levels: Array,
    side: float,
    offset: int,
) -> None:
    """Draw every section as an ellipse of its area; where ellipses overlap the relatively nearer center wins."""
    ids = {s.name: s.id for s in THIGH_STRUCTURES}
    x = grid.origin[0] + grid.spacing_mm[0] * np.arange(grid.size[0])
    y = grid.origin[1] + grid.spacing_mm[1] * np.arange(grid.size[1])
    lateral, anterior = np.meshgrid(side * x, -y)
    along = {name: _along(sections, levels, percent) for name, sections in leg.items()}
    for k in range(len(percent)):
        nearest = np.ones(labels.shape[1:], dtype=np.float64)
        for name, sections in along.items():
            if sections.area[k] < 1.0:
                continue
            box, score = _ellipse(sections, k, lateral, anterior)
            score = np.where(score < 1.0, score - 2.0, score) if name in BONES else score
            wins = score < nearest[box]
            nearest[box][wins] = score[wins]
            labels[k][box][wins] = ids[name] + offset


def _along(sections: CrossSections, levels: Array, percent: Array) -> CrossSections:
    """Return the sections at other levels; beside a level where it is absent a structure tapers in place."""
    present = np.flatnonzero(sections.area > 0)

    def at(values: Array) -> Array:
        flat = values.reshape(len(levels), -1)
        return np.stack([np.interp(percent, levels[present], c[present]) for c in flat.T], axis=1)

    area = np.interp(percent, levels, sections.area, left=sections.area[0], right=0.0)
    moments = at(sections.moments).reshape(-1, 2, 2)
    return CrossSections(area, at(sections.centroid), moments)


def _ellipse(sections: CrossSections, k: int, lateral: Array, anterior: Array) -> tuple[tuple[slice, slice], Array]:
    """Return a box and in it the squared distance from the center in units of the ellipse with the section's area."""
    moments = sections.moments[k] + 1e-3 * np.eye(2)
    moments = moments * sections.area[k] / (np.pi * np.sqrt(np.linalg.det(moments)))
    center = sections.centroid[k]
    reach = np.sqrt(np.diag(moments))
    inside_x = np.flatnonzero(np.abs(lateral[0] - center[0]) <= reach[0])
    inside_y = np.flatnonzero(np.abs(anterior[:, 0] - center[1]) <= reach[1])
    if len(inside_x) == 0 or len(inside_y) == 0:
        return (slice(0, 0), slice(0, 0)), np.zeros((0, 0))
    box = (slice(inside_y[0], inside_y[-1] + 1), slice(inside_x[0], inside_x[-1] + 1))
    dx, dy = lateral[box] - center[0], anterior[box] - center[1]
    inverse = np.linalg.inv(moments)
    return box, inverse[0, 0] * dx * dx + 2 * inverse[0, 1] * dx * dy + inverse[1, 1] * dy * dy
