"""From CT in HU to the network's input (Kim 2024, Methods, 'Pre-processing')."""

from __future__ import annotations

import numpy as np

from myoscope import Recipe, Scan
from myoscope.ops.body import box_around_body, box_grid, regridded
from myoscope.ops.orient import to_lps
from myoscope.ops.resample import resample

#: Tissue is denser than this.
BODY_HU = -300


def preprocess(scan: Scan, recipe: Recipe) -> Scan:
    """Return the body alone, windowed to 0..1, gamma-adjusted, on an upright grid of the recipe's spacing.

    The grid keeps the scan's own (possibly oblique) axes in the patient's order, so it maps to the scan axis by axis.
    """
    image, grid = to_lps(scan.image, scan.grid)
    box = box_around_body(image, above=BODY_HU)
    image, grid = image[box], box_grid(grid, box)
    low, high = recipe.preprocessing["hu_low"], recipe.preprocessing["hu_high"]
    windowed = (image.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    np.clip(windowed, 0.0, 1.0, out=windowed)
    windowed **= recipe.preprocessing["gamma"]
    target = regridded(grid, recipe.spacing_mm)
    return Scan(
        scan.modality,
        {recipe.channels[0]: resample(windowed, grid, target, fill=0.0)},
        target,
        scan.case_id,
        scan.source,
        scan.subject,
    )
