"""Which slices of an MRI show hip or thigh: told from the femur, so that a network's fancy elsewhere is not believed.

Cortical bone has no signal in any contrast. The shaft of a femur is a large bone deep under the skin with muscle all
around it. A tibia lies right under the skin, a fibula is small, a spine lies in the middle of the body, and fat or an
organ has no dark rim. A network that was trained on thighs alone labels any scan it is given: what it calls femur only
says where to look, and the image must show such a bone there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope import Grid
from myoscope.ops.air import noise_limit
from myoscope.ops.components import fill_holes
from myoscope.thigh.envelope import fascial_envelope
from myoscope.thigh.extent import midline, trunk_and_legs

#: Cortical bone is darker than this share of the muscle around it.
CORTEX_SHARE = 0.6
#: Where muscle itself is darker than this share of bright tissue, as in a fat image, bone does not stand out.
DARK_MUSCLE_SHARE = 0.25
BRIGHT_PERCENTILE = 95.0
#: A label may miss the bone's border by this much, and muscle this close by says how bright muscle is.
LABEL_ERROR_MM, NEAR_MM = 5.0, 15.0
#: Around a bone in sectors, so that one open direction does not hide behind the others.
SECTORS = 12
#: A femur has a dark rim in this many sectors. Its shaft has muscle in so many, over this share of their area between
#: these distances from the bone; at a tibia, whose inner face lies bare, 7 hold as much.
RIM_SECTORS = 9
MUSCLE_SECTORS, MUSCLE_SHARE, MUSCLE_FROM_MM, MUSCLE_TO_MM = 9, 0.35, 3.0, 35.0
#: A femur's shaft is larger, a fibula smaller.
SMALLEST_SHAFT_CM2 = 2.5
#: A femur's shaft lies deeper under the skin, a tibia's inner face does not.
SHAFT_DEPTH_MM = 15.0
#: Head, neck and trochanter of both femurs lie at least so deep and are so large.
HIP_DEPTH_MM, HIP_CM2 = 30.0, (5.0, 45.0)
#: Marrow shines this far around the center of a bone; gas in a bowel is as dark as its rim.
MARROW_RADIUS_MM = 4.0
#: A shaft of this length makes a thigh, or in a shorter scan one over this share of it; so do hips of this length.
SHAFT_MM, SHAFT_SHARE, HIP_MM = 60.0, 0.5, 20.0
#: Structures reach this far above the highest and below the lowest slice with a femur: to the iliac crest, to the knee.
ABOVE_MM, BELOW_MM = 170.0, 40.0
#: Labels of a femur farther than this below its shaft, or above it, are not believed either: to its ends.
SHAFT_TO_KNEE_MM, SHAFT_TO_HIP_MM = 170.0, 170.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a network labelled, and the image it may be believed by; all arrays in LPS order.

    Attributes:
        signal: Where everything but cortical bone and air shines: water + fat, or the best there is.
        femur: What the network calls femur.
        muscle: What it calls any muscle.
        percent: Fat fraction, NaN where unknown; None when there is none.
        grid: Their grid.
        upright: Whether it is known which end is the head's.
    """

    signal: NDArray[Any]
    femur: NDArray[np.bool_]
    muscle: NDArray[np.bool_]
    percent: NDArray[np.float32] | None
    grid: Grid
    upright: bool = True


@dataclass(frozen=True, slots=True)
class Bone:
    """The section of a bone in one slice.

    Attributes:
        area_cm2: With its marrow.
        depth_mm: From the skin to the point closest to it.
        muscle: Sectors around it that hold muscle.
        rim: Sectors with a dark rim; all where bone does not stand out.
        marrow: Whether its center shines, or nobody can tell.
        column: Its center along i, in voxels.
    """

    area_cm2: float
    depth_mm: float
    muscle: int
    rim: int
    marrow: bool
    column: float


def thigh_extent(seen: Seen) -> slice | None:
    """Return the slices in which structures of hip and thigh can lie, or None when none shows a thigh."""
    step_mm = seen.grid.spacing_mm[2]
    shaft_mm = min(SHAFT_MM, SHAFT_SHARE * len(seen.signal) * step_mm)
    shafts, hips = (np.zeros(len(seen.signal), dtype=bool) for _ in range(2))
    body = _body(seen)
    middle = midline(body, seen.grid.spacing_mm[0])
    for k in np.flatnonzero(seen.femur.any(axis=(1, 2))).tolist():
        bones = [bone for bone in _bones(seen, body[k], k) if not middle[k, round(bone.column)]]
        shafts[k] = any(_is_shaft(bone) for bone in bones)
        sides = {bool(bone.column > _center(middle[k])) for bone in bones if _is_hip(bone)}
        hips[k] = middle[k].any() and len(sides) == 2  # noqa: PLR2004 - right and left
    if np.count_nonzero(shafts) * step_mm < shaft_mm and np.count_nonzero(hips) * step_mm < HIP_MM:
        return None
    return _around(shafts | hips, seen)


def _is_shaft(bone: Bone) -> bool:
    """Tell whether a bone lies as the shaft of a femur does."""
    surrounded = bone.muscle >= MUSCLE_SECTORS and bone.rim >= RIM_SECTORS
    return surrounded and bone.marrow and bone.area_cm2 >= SMALLEST_SHAFT_CM2 and bone.depth_mm >= SHAFT_DEPTH_MM


def _is_hip(bone: Bone) -> bool:
    """Tell whether a bone can be head, neck or trochanter of a femur."""
    large = HIP_CM2[0] <= bone.area_cm2 <= HIP_CM2[1]
    return large and bone.marrow and bone.rim >= RIM_SECTORS and bone.depth_mm >= HIP_DEPTH_MM


def _around(shown: NDArray[np.bool_], seen: Seen) -> slice:
    """Return the slices around those that show a femur for sure: to the ends of its label, and beyond them."""
    step_mm = seen.grid.spacing_mm[2]
    found, named = np.flatnonzero(shown), np.flatnonzero(seen.femur.any(axis=(1, 2)))
    knee, hip = found[0] - SHAFT_TO_KNEE_MM / step_mm, found[-1] + SHAFT_TO_HIP_MM / step_mm
    named = named[(named >= knee) & (named <= hip)]
    below_mm = BELOW_MM if seen.upright else ABOVE_MM
    low, high = int(named[0]) - round(below_mm / step_mm), int(named[-1]) + round(ABOVE_MM / step_mm)
    return slice(max(0, low), min(len(shown), high + 1))


def _body(seen: Seen) -> NDArray[np.bool_]:
    """Return trunk and legs with all that they enclose, without arms, slice by slice."""
    from scipy.ndimage import binary_opening

    above = noise_limit(seen.signal)
    slices = zip(seen.signal, seen.muscle | seen.femur, strict=True)
    # Fat without signal may part what is labelled from the rest.
    filled = [fill_holes(binary_opening(signal > above) | labelled) for signal, labelled in slices]
    return np.stack([trunk_and_legs(plane) for plane in filled])


def _center(middle: NDArray[np.bool_]) -> float:
    return float(np.flatnonzero(middle).mean()) if middle.any() else 0.0


def _bones(seen: Seen, body: NDArray[np.bool_], k: int) -> Iterator[Bone]:
    """Yield the bones of a slice where the network calls something femur."""
    from scipy import ndimage

    spacing = (seen.grid.spacing_mm[1], seen.grid.spacing_mm[0])
    margin = [int((MUSCLE_TO_MM + LABEL_ERROR_MM) / s) + 1 for s in spacing]
    pieces, _ = ndimage.label(seen.femur[k] & body)
    depth = ndimage.distance_transform_edt(fascial_envelope(body, spacing), sampling=spacing)
    bright = float(np.percentile(seen.signal[k][body], BRIGHT_PERCENTILE)) if body.any() else 0.0
    for value, where in enumerate(ndimage.find_objects(pieces), 1):
        box = tuple(slice(max(0, s.start - m), s.stop + m) for s, m in zip(where, margin, strict=True))
        label, muscle, signal = pieces[box] == value, seen.muscle[k][box], seen.signal[k][box]
        bone, dark = _bone_at(label, muscle & body[box], signal, bright, spacing)
        if not bone.any():
            continue
        yield Bone(
            area_cm2=float(np.count_nonzero(bone)) * spacing[0] * spacing[1] / 100.0,
            depth_mm=float(depth[box][bone].min()),
            muscle=_muscle_sectors(bone, muscle, spacing),
            rim=len(np.unique(_sectors(bone, spacing)[dark])),
            marrow=seen.percent is None or _has_marrow(seen.percent[k][box], bone, spacing),
            column=float(np.nonzero(bone)[1].mean()) + box[1].start,
        )


def _bone_at(
    label: NDArray[np.bool_],
    muscle: NDArray[np.bool_],
    signal: NDArray[Any],
    bright: float,
    spacing: tuple[float, float],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the bone that the image shows at a label, and which of it is dark; the label where bone stands not out."""
    from scipy import ndimage

    away = ndimage.distance_transform_edt(~label, sampling=spacing)
    around = signal[muscle & (away <= NEAR_MM)]
    if not around.size:
        return np.zeros_like(label), np.zeros_like(label)
    typical = float(np.median(around))
    if typical < DARK_MUSCLE_SHARE * bright:
        return label, label
    dark = (signal < CORTEX_SHARE * typical) & (away <= LABEL_ERROR_MM)
    # A thin cortex shares its pixels with marrow, which leaves gaps in the rim: the label's core holds it together.
    core = ndimage.distance_transform_edt(label, sampling=spacing) > LABEL_ERROR_MM
    pieces, _ = ndimage.label(fill_holes(ndimage.binary_closing(dark | core, np.ones((3, 3), dtype=bool))))
    bone = np.isin(pieces, np.setdiff1d(pieces[label], 0))
    return bone, bone & dark


def _has_marrow(percent: NDArray[np.float32], bone: NDArray[np.bool_], spacing: tuple[float, float]) -> bool:
    """Tell whether most of the center of a bone shows signal, however water and fat share it."""
    rows, columns = np.nonzero(bone)
    j, i = np.indices(bone.shape)
    away = np.hypot((j - rows.mean()) * spacing[0], (i - columns.mean()) * spacing[1])
    center = percent[away <= max(MARROW_RADIUS_MM, *spacing)]
    return bool(2 * np.count_nonzero(~np.isnan(center)) > center.size)


def _muscle_sectors(bone: NDArray[np.bool_], muscle: NDArray[np.bool_], spacing: tuple[float, float]) -> int:
    """Return in how many directions muscle lies next to a bone."""
    from scipy import ndimage

    away = ndimage.distance_transform_edt(~bone, sampling=spacing)
    near = (away > MUSCLE_FROM_MM) & (away <= MUSCLE_TO_MM)
    sectors = _sectors(bone, spacing)
    held = np.bincount(sectors[near & muscle], minlength=SECTORS)
    whole = np.bincount(sectors[near], minlength=SECTORS)
    return int(np.count_nonzero(held > MUSCLE_SHARE * whole))


def _sectors(bone: NDArray[np.bool_], spacing: tuple[float, float]) -> NDArray[np.intp]:
    """Return the direction of each pixel from the center of a bone, as a sector."""
    rows, columns = np.nonzero(bone)
    j, i = np.indices(bone.shape)
    angle = np.arctan2((j - rows.mean()) * spacing[0], (i - columns.mean()) * spacing[1])
    sectors: NDArray[np.intp] = ((angle / (2 * np.pi) + 0.5) * SECTORS).astype(np.intp) % SECTORS
    return sectors
