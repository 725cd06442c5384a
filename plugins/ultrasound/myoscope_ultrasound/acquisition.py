"""How a synthetic frame was taken: its size, depth, pixels, probe and where on the screen the tissue is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope import SynthesisOptions, View
from myoscope.synthesis.screen import margins_for

#: The frame of the paper: all tissue, (width, height) pixels and depth (Zhang, Methods).
PAPER_FRAME_PX = (384, 400)
PAPER_DEPTH_MM = 40.0
#: Depths that operators choose, and what share of cases is taken as in the paper.
DEPTHS_MM = (30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 60.0, 70.0)
DEPTH_ODDS = (0.1, 0.12, 0.26, 0.14, 0.16, 0.08, 0.09, 0.05)
AS_IN_PAPER = 0.3
#: Widths of linear probes.
PROBE_MM = (36.0, 62.0)
VIEW_ROWS = (300, 460)
#: A view drawn at random is no wider than this, for speed.
MOST_COLUMNS = 560


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What was scanned with which picture.

    Attributes:
        site: Where the probe lies.
        size: (width, height) of the frame in pixels.
        view: The tissue's bounding rectangle in it.
        spacing_mm: (x, y) of a pixel.
        flare: By how much the left and right edge of the tissue lie further out a mm of depth; both 0: a rectangle;
            both positive: a trapezoid; of different sign: steered to one side.
    """

    site: str
    size: tuple[int, int]
    view: View
    spacing_mm: tuple[float, float]
    flare: tuple[float, float]

    @property
    def depth_mm(self) -> float:
        """Depth that the view shows."""
        return self.view.height * self.spacing_mm[1]

    @property
    def room_mm(self) -> tuple[float, float]:
        """(width, depth) that every row of the view shows."""
        cut = sum(abs(f) for f in self.flare) * self.depth_mm
        return self.view.width * self.spacing_mm[0] - cut, self.depth_mm

    @property
    def whole_columns(self) -> tuple[int, int]:
        """First column of the frame that shows the whole depth, and the one after the last."""
        cuts = [int(np.ceil(abs(f) * self.depth_mm / self.spacing_mm[0])) for f in self.flare]
        return self.view.left + cuts[0], self.view.left + self.view.width - cuts[1]

    @property
    def shown(self) -> NDArray[np.bool_] | None:
        """Which pixels of the view show tissue, (y, x); None for all."""
        if not any(self.flare):
            return None
        x = np.arange(self.view.width)[None, :] * self.spacing_mm[0]
        y = np.arange(self.view.height)[:, None] * self.spacing_mm[1]
        left, right = (np.where(f >= 0, f * (self.depth_mm - y), -f * y) for f in self.flare)
        return np.asarray((x >= left) & (x <= x[0, -1] - right))


def draw_acquisition(rng: np.random.Generator, options: SynthesisOptions, site: str) -> Acquisition:
    """Return an acquisition with the size and spacing of the options, drawn where they leave them open."""
    depth = float(rng.choice(DEPTHS_MM, p=DEPTH_ODDS))
    ratio = float(rng.choice((1.0, 1.0, 1.0, rng.uniform(0.85, 1.18))))
    width_mm = rng.uniform(*PROBE_MM)
    rows = int(rng.integers(*VIEW_ROWS))
    bare = bool(rng.random() < 0.25)  # noqa: PLR2004
    if rng.random() < AS_IN_PAPER:
        depth, ratio, rows, bare = PAPER_DEPTH_MM, 1.0, PAPER_FRAME_PX[1], True
        width_mm = PAPER_DEPTH_MM * PAPER_FRAME_PX[0] / PAPER_FRAME_PX[1]
    if options.size is not None:
        size = (options.size[0], options.size[1])
        margins = margins_for(rng, size, bare=bare)
        view = View(margins[0], margins[2], size[0] - margins[0] - margins[1], size[1] - margins[2] - margins[3])
        spacing = _spacing(options, depth / view.height, ratio)
    else:
        spacing = _spacing(options, depth / rows, ratio)
        rows = max(8, round(depth / spacing[1]))
        columns = max(8, round(width_mm / spacing[0]))
        if options.spacing_mm is None:
            columns = min(columns, MOST_COLUMNS)
        # Panels are shares of the whole screen; the view is what they leave.
        margins = margins_for(rng, (round(columns / 0.75), round(rows / 0.85)), bare=bare)
        view = View(margins[0], margins[2], columns, rows)
        size = (columns + margins[0] + margins[1], rows + margins[2] + margins[3])
    return Acquisition(site, size, view, spacing, (0.0, 0.0) if bare else _draw_flare(rng, view, spacing))


def _spacing(options: SynthesisOptions, row_mm: float, ratio: float) -> tuple[float, float]:
    if options.spacing_mm is not None:
        return float(options.spacing_mm[0]), float(options.spacing_mm[1])
    return row_mm * ratio, row_mm


def _draw_flare(rng: np.random.Generator, view: View, spacing_mm: tuple[float, float]) -> tuple[float, float]:
    """Return the edges' slopes: mostly none, sometimes a trapezoid, sometimes steered; at most a fifth of the width."""
    kind = rng.random()
    most = 0.2 * view.width * spacing_mm[0] / (view.height * spacing_mm[1])
    slope = min(rng.uniform(0.05, 0.25), most)
    if kind < 0.7:  # noqa: PLR2004
        return 0.0, 0.0
    if kind < 0.9:  # noqa: PLR2004
        return slope, slope
    return (slope, -slope) if rng.random() < 0.5 else (-slope, slope)  # noqa: PLR2004
