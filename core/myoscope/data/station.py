"""One of the table positions that a long scan is fused from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Station:
    """A stretch of the body that was scanned at one position of the table.

    Attributes:
        name: For people, such as `station 3`.
        z_mm: Lowest and highest edge of its voxels along the patient's head-foot axis (LPS z), in mm.
        source: Series that it was read from, for people; never parsed.
    """

    name: str
    z_mm: tuple[float, float]
    source: str = ""
