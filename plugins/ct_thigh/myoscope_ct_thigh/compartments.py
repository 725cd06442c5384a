"""Fat and lean tissue by attenuation.

HU ranges after Kim 2025: lean -29 to 150, low attenuation -29 to 29, fat -190 to -30, all inclusive for whole HU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class HURange:
    """Whole HU from `lowest` to `highest`, both included; fractions belong to the whole number below.

    Attributes:
        lowest: First HU that counts.
        highest: Last HU that counts.
    """

    lowest: int
    highest: int

    def holds(self, hu: NDArray[Any]) -> NDArray[np.bool_]:
        """Return where `hu` lies in the range."""
        return np.logical_and(hu >= self.lowest, hu < self.highest + 1)


LEAN = HURange(-29, 150)
LOW_ATTENUATION = HURange(-29, 29)
FAT = HURange(-190, -30)
