"""What is wrong with a case or worth a look: coverage, sides, volumes, and HU that cannot be HU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope import Finding, Severity
from myoscope.ops.orient import to_lps
from myoscope.ops.regions import LABEL_VALUES, summarize
from myoscope.thigh.checks import thigh_findings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope import Measurements, Scan, Segmentation
    from myoscope.data.grid import Grid

#: Voxels below are air or padding; padding lies below the second number.
AIR_BELOW_HU, PADDING_BELOW_HU = -500, -1500
AIR_HU, AIR_TOLERANCE_HU = -1000, 100
#: Air is looked for on every nth voxel; a scan has at least this share of it.
STRIDE, SMALLEST_AIR_SHARE = 4, 1e-3
#: Mean HU that muscle, from fatty to contrast-enhanced, and whole bones with their marrow can have.
MEAN_HU_LIMITS = {"muscle": (-60.0, 110.0), "bone": (50.0, 1500.0)}
#: Denser than cortical bone, and more of it than noise makes.
METAL_ABOVE_HU, NOTABLE_METAL_ML = 2500, 0.5


def check(scan: Scan, segmentation: Segmentation, measurements: Measurements) -> tuple[Finding, ...]:
    """Return what is wrong or worth a look; empty when all is well."""
    image, grid = to_lps(scan.image, scan.grid)
    return (
        *thigh_findings(segmentation, measurements, summarize(segmentation.labels, segmentation.grid)),
        *_hounsfield(image),
        *_mean_hu(segmentation, measurements),
        *_metal(image, grid, to_lps(segmentation.labels, scan.grid)[0], segmentation),
    )


def _hounsfield(image: NDArray[Any]) -> tuple[Finding, ...]:
    """Look for air near -1000."""
    sample = image[::STRIDE, ::STRIDE, ::STRIDE]
    air = sample[np.logical_and(sample < AIR_BELOW_HU, sample > PADDING_BELOW_HU)]
    if air.size < SMALLEST_AIR_SHARE * sample.size:
        found = "No air is in the scan: either it is cropped to the body or its values are not HU"
    elif abs(typical := float(np.median(air)) - AIR_HU) > AIR_TOLERANCE_HU:
        found = f"Air lies at {typical + AIR_HU:.0f} instead of near {AIR_HU} HU"
    else:
        return ()
    return (
        Finding(
            code="hu_not_calibrated",
            severity=Severity.WARNING,
            message=f"{found}.",
            action="Check rescale slope and intercept of the source before using density and fat; volumes still hold.",
        ),
    )


def _mean_hu(segmentation: Segmentation, measurements: Measurements) -> tuple[Finding, ...]:
    """List the structures whose mean HU no such tissue has."""
    odd = []
    for row in measurements.select(quantity="hu_mean"):
        low, high = MEAN_HU_LIMITS[segmentation.structures[row.structure].kind]
        if not low <= row.value <= high:
            odd.append(f"{row.side} {row.structure} ({row.value:.0f} HU, {low:.0f} to {high:.0f} expected)")
    if not odd:
        return ()
    return (
        Finding(
            code="hu_implausible",
            severity=Severity.WARNING,
            message=f"Mean densities that the tissue cannot have: {'; '.join(odd)}.",
            action="Look whether these labels fit the image and the scan is in HU before using density and fat.",
        ),
    )


def _metal(
    image: NDArray[Any], grid: Grid, labels: NDArray[np.uint8], segmentation: Segmentation
) -> tuple[Finding, ...]:
    """Say how much metal there is and where."""
    slices = np.flatnonzero(image.max(axis=(1, 2)) > METAL_ABOVE_HU).tolist()
    found = [np.insert(np.argwhere(image[k] > METAL_ABOVE_HU), 0, k, axis=1) for k in slices]
    volume = sum(map(len, found)) * grid.voxel_volume_ml
    if volume < NOTABLE_METAL_ML:
        return ()
    voxels = np.concatenate(found)
    x, y, z = grid.position(tuple(float(c) for c in voxels.mean(axis=0)[::-1]))
    around = np.bincount(labels[tuple(voxels.T)], minlength=LABEL_VALUES)
    around[0] = 0
    inside = segmentation.structures.decode(int(around.argmax())) if around.any() else None
    side = f"{inside[1]} " if inside and segmentation.sides_split else ""
    at = f", mostly in the {side}{inside[0].name}" if inside else ""
    first, last = int(voxels[0, 0]), int(voxels[-1, 0])
    return (
        Finding(
            code="metal",
            severity=Severity.WARNING,
            message=f"{volume:.1f} mL lie above {METAL_ABOVE_HU} HU, as metal does: slices {first} to {last} from "
            f"the feet, around x {x:.0f}, y {y:.0f}, z {z:.0f} mm (LPS){at}.",
            action="Do not use density and fat in these slices: streaks change them; look at the labels there.",
        ),
    )
