"""Whether a volume whose format names no modality can be an MRI at all, by its values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.ops.air import noise_limit

#: Magnitudes are not negative; interpolation overshoots by at most this share of the brightest voxel.
OVERSHOOT_SHARE = 0.05
#: Labels are whole numbers of at most this size, and not more different ones than this.
MOST_LABEL, MOST_LABELS = 255, 64
#: The next voxel has the same label at least this often; of noise in a few whole numbers hardly ever.
LEAST_SAME = 0.5
#: Samples that are looked at for different values.
SAMPLES = 100_000
#: A CT stored from 0 on (HU + 1024) shows fat, muscle and organs within such values, which is so much of what is not
#: air; in MR fat and muscle are further apart, and the coil shades both.
CT_SOFT_TISSUE, CT_SHARE = (880.0, 1180.0), 0.75


def falls_below_zero(array: NDArray[Any]) -> bool:
    """Tell whether an image has negative values that resampling a magnitude image cannot leave."""
    return float(np.nanmin(array)) < -OVERSHOOT_SHARE * max(0.0, float(np.nanmax(array)))


def looks_like_labels(array: NDArray[Any]) -> bool:
    """Tell whether an image holds regions of a few small whole numbers, as segmentations do; a blank one does not."""
    values = np.unique(array.ravel()[:: max(1, array.size // SAMPLES)])
    if not 1 < values.size <= MOST_LABELS or values[-1] > MOST_LABEL or (values != np.rint(values)).any():
        return False
    inside = array[..., :-1] != 0
    same = np.count_nonzero(inside & (array[..., 1:] == array[..., :-1]))
    return bool(same >= LEAST_SAME * np.count_nonzero(inside))


def looks_like_ct(array: NDArray[Any]) -> bool:
    """Tell whether an image is a CT that was stored with an offset: all soft tissue within a narrow range near 1024."""
    tissue = array[array > noise_limit(array)]
    low, high = CT_SOFT_TISSUE
    return bool(np.count_nonzero((tissue >= low) & (tissue <= high)) >= CT_SHARE * max(1, tissue.size))
