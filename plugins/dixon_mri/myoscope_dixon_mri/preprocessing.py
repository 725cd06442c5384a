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

#: What the network sees, the first that the scan has: contrasts in which muscles stand out most.
PREFERENCE = ("water", "in_phase", PLAIN, "opposed_phase", "fat")
#: Air is darker than this share of the brightest tissue.
AIR_SHARE = 0.12
#: The brightest tissue is this percentile of the whole scan; vessels and coils are brighter.
BRIGHT_PERCENTILE = 99.0
#: Brighter than the brightest tissue by this factor is cut off.
MOST = 1.5


def preprocess(scan: Scan, recipe: Recipe) -> Scan:
    """Return the contrasts that the network sees of the body, normalized, on an upright grid of the recipe's spacing.

    The first `contrasts` of `PREFERENCE` that the scan has, one unless the recipe says more; channels keep their names.
    With `low` and `high` the recipe's window goes to 0..1, as in the paper; else 0 stays 0 and `high_percentile` of the
    tissue becomes 1, which needs no unit. The grid keeps the scan's own (possibly oblique) axes in the patient's order,
    so it maps to the scan axis by axis.

    Raises:
        UnreadableError: The scan is empty, or has no contrast that a network knows.
    """
    names = seen_contrasts(scan, int(recipe.preprocessing.get("contrasts", 1)))
    first, grid = to_lps(scan.channels[names[0]], scan.grid)
    bright = _brightness(first)
    if bright <= 0:
        raise UnreadableError(f"{scan.case_id} holds next to nothing but zeros in {names[0]}.", "Export it again.")
    box = box_around_body(first, above=AIR_SHARE * bright)
    grid = box_grid(grid, box)
    target = regridded(grid, recipe.spacing_mm)
    seen = {}
    for name in names:
        image = to_lps(scan.channels[name], scan.grid)[0]
        if (top := _brightness(image)) > 0:
            part = resample(np.asarray(image[box], dtype=np.float32), grid, target, fill=0.0)
            seen[name] = _normalized(part, recipe, top)
    return Scan(scan.modality, seen, target, scan.case_id, scan.source, scan.subject)


def seen_contrasts(scan: Scan, most: int) -> tuple[str, ...]:
    """Return the contrasts that a network sees of a scan, at most so many.

    Raises:
        UnreadableError: It has none that a network knows.
    """
    found = tuple(name for name in PREFERENCE if name in scan.channels)[:most]
    if not found:
        raise UnreadableError(
            f"{scan.case_id} has only {', '.join(scan.channels)}, expected one of {', '.join(PREFERENCE)}.",
            "Give the water image, or any other contrast that shows muscles.",
        )
    return found


def _brightness(image: NDArray[Any]) -> float:
    return float(np.percentile(image, BRIGHT_PERCENTILE))


def _normalized(image: NDArray[np.float32], recipe: Recipe, bright: float) -> NDArray[np.float32]:
    if "low" in recipe.preprocessing:
        low, high = recipe.preprocessing["low"], recipe.preprocessing["high"]
        window = (image - np.float32(low)) / np.float32(high - low)
        return np.asarray(np.clip(window, 0.0, 1.0), dtype=np.float32)
    tissue = image[image > AIR_SHARE * bright]
    top = float(np.percentile(tissue, recipe.preprocessing["high_percentile"])) if tissue.size else bright
    return np.asarray(np.clip(image / np.float32(top), 0.0, MOST), dtype=np.float32)
