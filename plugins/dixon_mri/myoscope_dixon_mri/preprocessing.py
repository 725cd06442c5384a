"""From an MRI of any contrast to the network's input (the Dixon paper, Methods, 'Image pre-processing')."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope import Recipe, Scan, UnreadableError
from myoscope.ops.body import box_around_body, box_grid, regridded
from myoscope.ops.orient import to_lps
from myoscope.ops.resample import resample
from myoscope_dixon_mri.structures import PLAIN

#: What the network sees, the first that the scan has: the contrast in which muscles stand out most.
PREFERENCE = ("water", "in_phase", PLAIN, "opposed_phase", "fat")
#: Air is darker than this share of the brightest tissue.
AIR_SHARE = 0.12
#: The brightest tissue is this percentile of the whole scan; vessels and coils are brighter.
BRIGHT_PERCENTILE = 99.0
#: Brighter than the brightest tissue by this factor is cut off.
MOST = 1.5


def preprocess(scan: Scan, recipe: Recipe) -> Scan:
    """Return one contrast of the body, normalized, on an upright grid of the recipe's spacing.

    The channel keeps the name of the contrast. With `low` and `high` the recipe's window goes to 0..1, as in the paper;
    else 0 stays 0 and `high_percentile` of the tissue becomes 1, which needs no unit. The grid keeps the scan's own
    (possibly oblique) axes in the patient's order, so it maps to the scan axis by axis.

    Raises:
        UnreadableError: The scan is empty, or has no contrast that a network knows.
    """
    name = seen_contrast(scan)
    image, grid = to_lps(scan.channels[name], scan.grid)
    bright = float(np.percentile(image, BRIGHT_PERCENTILE))
    if bright <= 0:
        raise UnreadableError(f"{scan.case_id} holds next to nothing but zeros in {name}.", "Export the scan again.")
    box = box_around_body(image, above=AIR_SHARE * bright)
    image, grid = image[box], box_grid(grid, box)
    target = regridded(grid, recipe.spacing_mm)
    seen = resample(np.asarray(image, dtype=np.float32), grid, target, fill=0.0)
    return Scan(
        scan.modality, {name: _normalized(seen, recipe, bright)}, target, scan.case_id, scan.source, scan.subject
    )


def seen_contrast(scan: Scan) -> str:
    """Return the contrast that a network sees of a scan.

    Raises:
        UnreadableError: It has none that a network knows.
    """
    for name in PREFERENCE:
        if name in scan.channels:
            return name
    raise UnreadableError(
        f"{scan.case_id} has only {', '.join(scan.channels)}, expected one of {', '.join(PREFERENCE)}.",
        "Give the water image, or any other contrast that shows muscles.",
    )


def _normalized(image: NDArray[Any], recipe: Recipe, bright: float) -> NDArray[np.float32]:
    if "low" in recipe.preprocessing:
        low, high = recipe.preprocessing["low"], recipe.preprocessing["high"]
        return np.clip((image - np.float32(low)) / np.float32(high - low), 0.0, 1.0).astype(np.float32)
    tissue = image[image > AIR_SHARE * bright]
    top = float(np.percentile(tissue, recipe.preprocessing["high_percentile"])) if tissue.size else bright
    return np.clip(image / np.float32(top), 0.0, MOST).astype(np.float32)
