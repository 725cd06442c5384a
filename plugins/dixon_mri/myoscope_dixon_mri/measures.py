"""Every number of a Dixon MRI: volume, cross-section, fat and balance, by structure, group and side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope import Measurement, Measurements, Scan, Segmentation, Side, Structure, Subject
from myoscope.ops.fat import (
    VOLUME_METHOD,
    FatFraction,
    fat_fraction_of,
    fat_volume_ml,
    fraction_of_sums,
    mean_of_voxels,
    signal_method,
)
from myoscope.ops.orient import to_lps
from myoscope.ops.regions import LABEL_VALUES, Regions, box, deviation, mean, summarize, values_of, volume_ml
from myoscope.thigh.shape import Quantity, Shapes, require_same_grid, shape_rows
from myoscope.thigh.sides import sides_of
from myoscope_dixon_mri.balance import THIGH_AND_HIP, balance_rows
from myoscope_dixon_mri.fat_depots import fat_depot_rows
from myoscope_dixon_mri.gaps import gap_cuts
from myoscope_dixon_mri.structures import PDFF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Quantities that add up, in the order they are written.
EXTENSIVE = ("volume", "lean_volume", "intramuscular_fat_volume", "volume_height2")
#: A muscle of which more than this share shows no signal, as around metal, has no trustworthy fat fraction.
SILENT_SHARE = 0.05
#: Begins the reason of such a fraction.
SILENT = "no signal in "


@dataclass(frozen=True, slots=True)
class Images:
    """What fat is measured in, all arrays in LPS order.

    Attributes:
        labels: Label values.
        image: The first channel.
        channel: Its name.
        fraction: Percent by voxel; None when the scan does not tell fat from water.
        water_and_fat: Their signals, when both are there.
    """

    labels: NDArray[np.uint8]
    image: NDArray[Any]
    channel: str
    fraction: FatFraction | None
    water_and_fat: tuple[NDArray[Any], NDArray[Any]] | None


def measure(scan: Scan, segmentation: Segmentation, subject: Subject) -> Measurements:
    """Return every measurement: structures by id, then groups, then the thigh; right, left, both of each.

    Raises:
        GeometryError: A segmentation that does not lie on the scan's grid.
    """
    require_same_grid(scan, segmentation)
    images = _images(scan, segmentation)
    regions = summarize(segmentation.labels, scan.grid, scan.image)

    def own(structure: Structure, value: int) -> Iterator[Quantity]:
        yield from _intensity(images, regions, value)
        if structure.kind == "muscle" and images.fraction is not None:
            yield from _fat(images, images.fraction, regions, value)

    rows = shape_rows(Shapes(regions, segmentation, subject.height_m, own, EXTENSIVE, gap_cuts(scan.stations, regions)))
    rows += balance_rows(rows, segmentation, subject)
    if images.fraction is not None:
        rows += _thigh_fractions(images, images.fraction, segmentation, rows)
        rows += fat_depot_rows(images.labels, images.fraction, regions, segmentation)
    return Measurements(tuple(rows))


def _images(scan: Scan, segmentation: Segmentation) -> Images:
    fraction = fat_fraction_of(scan.channels)
    if fraction is not None:
        fraction = replace(fraction, percent=to_lps(fraction.percent, scan.grid)[0])
    pair = [to_lps(scan.channels[name], scan.grid)[0] for name in ("water", "fat") if name in scan.channels]
    return Images(
        labels=to_lps(segmentation.labels, scan.grid)[0],
        image=to_lps(scan.image, scan.grid)[0],
        channel=next(iter(scan.channels)),
        fraction=fraction,
        water_and_fat=(pair[0], pair[1]) if len(pair) == len(("water", "fat")) else None,
    )


def _intensity(images: Images, regions: Regions, value: int) -> Iterator[Quantity]:
    """Yield the brightness of the first channel in one label; a map in percent has none."""
    if images.channel == PDFF:
        return
    inside = values_of(images.labels, images.image, regions, value)
    of = f"of voxels, {images.channel}"
    yield Quantity("intensity_mean", mean(regions, value), "a.u.", f"mean {of}")
    yield Quantity("intensity_sd", deviation(regions, value), "a.u.", f"standard deviation {of} (n)")
    yield Quantity("intensity_median", float(np.median(inside)), "a.u.", f"median {of}")


def _fat(images: Images, fraction: FatFraction, regions: Regions, value: int) -> Iterator[Quantity]:
    """Yield the fat of one muscle that is present."""
    where = box(regions, value)
    mask = images.labels[where] == value
    percent = fraction.percent[where]
    reason = silence(percent[mask])
    yield from _fractions(images, fraction, (where, mask), reason)
    fat = fat_volume_ml(percent, mask, regions.grid)
    method = f"{fraction.method}, {VOLUME_METHOD}"
    yield Quantity("lean_volume", volume_ml(regions, value) - fat, "mL", f"volume - fat volume ({method})", reason)
    yield Quantity("intramuscular_fat_volume", fat, "mL", method, reason)


def silence(percent: NDArray[np.float32]) -> str:
    """Return why the fraction of these voxels cannot be trusted: too many show no signal; empty when it can."""
    share = float(np.isnan(percent).mean()) if percent.size else 0.0
    return f"{SILENT}{share:.0%} of its voxels" if share > SILENT_SHARE else ""


def _fractions(
    images: Images, fraction: FatFraction, which: tuple[tuple[slice, ...], NDArray[np.bool_]], reason: str
) -> Iterator[Quantity]:
    """Yield the fat fractions of a mask inside a box."""
    where, mask = which
    average = mean_of_voxels(fraction.percent[where], mask)
    yield Quantity("fat_fraction_mean_of_voxels", average, "%", f"mean of voxels, {fraction.method}", reason)
    if images.water_and_fat is not None:
        water, fat = (image[where] for image in images.water_and_fat)
        value = fraction_of_sums(water, fat, mask, fraction.sigmas)
        method = f"sum of F / sum of (W + F), {signal_method(fraction.sigmas)}"
        yield Quantity("fat_fraction_of_sums", value, "%", method, reason)


def _thigh_fractions(
    images: Images, fraction: FatFraction, segmentation: Segmentation, rows: list[Measurement]
) -> Iterator[Measurement]:
    """Yield the fat fractions of all muscles that `tmv` sums, as complete as it is."""
    incomplete = {row.side: row.reason for row in rows if row.quantity == "tmv"}
    sides = sides_of(segmentation)
    for side in dict.fromkeys((*sides, Side.BOTH)):
        parts = sides if side is Side.BOTH else (side,)
        values = [segmentation.structures.label(name, part) for name in THIGH_AND_HIP for part in parts]
        chosen = np.zeros(LABEL_VALUES, dtype=np.bool_)
        chosen[values] = True
        mask = chosen[images.labels]
        if not mask.any():
            continue
        more = silence(fraction.percent[mask])
        reason = "; ".join(filter(None, (incomplete[side], more)))
        everywhere = (slice(None), slice(None), slice(None))
        for quantity in _fractions(images, fraction, (everywhere, mask), reason):
            yield Measurement(
                "thigh", side, quantity.name, quantity.value, quantity.unit, quantity.method, not reason, reason
            )
