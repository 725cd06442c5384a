"""Axial slices of a scan with its muscles in color, as docs/explanation/real_scans.md shows them.

    python benchmarks/slices_figure.py SCAN -o PICTURE --slices 3 8 13 18 23 28 [--plain] [--model ID]

Slices are counted from the feet. `--plain` shows each without colors above it. Research use only.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

import myoscope
from myoscope.anatomy import LEFT_OFFSET
from myoscope.report.planes import Plane, cut_planes
from myoscope.report.planes_figure import gray_window

COLUMNS, OPACITY, ROOM_MM = 3, 0.5, 35.0
WIDTH_INCH, LEGEND_INCH = 10.5, 0.8


def main() -> None:
    """Analyze a scan and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scan", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--slices", type=int, nargs="+", required=True)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--model")
    options = parser.parse_args()
    result = myoscope.analyze(options.scan, model=options.model)
    planes = [cut_planes(result.scan.image, result.segmentation, (k, 0, 0))[0] for k in options.slices]
    window = gray_window(next(iter(result.scan.channels)), tuple(planes))
    colors = np.zeros((256, 4))
    for structure in result.segmentation.structures:
        colors[[structure.id, structure.id + LEFT_OFFSET]] = [*(c / 255 for c in structure.color), OPACITY]
    columns = min(COLUMNS, len(planes))
    each = 2 if options.plain else 1
    rows = each * -(-len(planes) // columns)
    top, bottom, left, right = shown_box(planes)
    height, width = bottom - top, right - left
    tall = rows * (WIDTH_INCH / columns * height / width + 0.2)
    figure = Figure(figsize=(WIDTH_INCH, tall + LEGEND_INCH))
    figure.subplots_adjust(0.01, LEGEND_INCH / (tall + LEGEND_INCH), 0.99, 0.97, wspace=0.02, hspace=0.08)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.axis("off")
    for place, plane in enumerate(planes):
        row, column = divmod(place, columns)
        for colored, axes in enumerate(panels[row * each : (row + 1) * each, column], start=2 - each):
            tall_mm, wide_mm = plane.size_mm
            axes.imshow(plane.image, "gray", vmin=window[0], vmax=window[1], extent=(0, wide_mm, tall_mm, 0))
            if colored:
                axes.imshow(colors[plane.labels], extent=(0, wide_mm, tall_mm, 0), interpolation="nearest")
            axes.set(xlim=(left, right), ylim=(bottom, top))
        panels[row * each, column].set_title(f"slice {plane.index}", fontsize=9, pad=2)
    seen = set(np.unique([plane.labels for plane in planes]).tolist())
    shown = [s for s in result.segmentation.structures if seen & {s.id, s.id + LEFT_OFFSET}]
    patches = [Patch(color=colors[s.id, :3], label=s.name) for s in shown]
    figure.legend(handles=patches, loc="lower center", ncols=6, fontsize=8, frameon=False)
    figure.savefig(options.output, dpi=100, pil_kwargs={"quality": 88})


def shown_box(planes: Sequence[Plane]) -> tuple[float, float, float, float]:
    """Return top, bottom, left and right, in mm, of what the muscles of all planes fill, with some room around it.

    Where no plane has any, all of it is shown.
    """
    filled = np.any([plane.labels > 0 for plane in planes], axis=0)
    filled |= not filled.any()
    edges: list[float] = []
    for axis, (spacing, size) in enumerate(zip(planes[0].spacing_mm, planes[0].size_mm, strict=True)):
        places = np.flatnonzero(filled.any(axis=1 - axis)) * spacing
        edges += [max(0.0, places[0] - ROOM_MM), min(size, places[-1] + ROOM_MM)]
    top, bottom, left, right = edges
    return top, bottom, left, right


if __name__ == "__main__":
    main()
