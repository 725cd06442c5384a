"""Left and right in the labels against left and right in the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope.anatomy import Side, StructureSet
from myoscope.data.finding import Finding, Severity
from myoscope.ops.regions import lateral_distance_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from myoscope.ops.regions import Regions


def swapped_sides(regions: Regions, structures: StructureSet) -> tuple[str, ...]:
    """Return the structures whose left label lies on the patient's right of their right label."""
    swapped = []
    for structure in structures:
        right, left = (structures.label(structure.name, side) for side in (Side.RIGHT, Side.LEFT))
        if lateral_distance_mm(regions, left, right) < 0:
            swapped.append(structure.name)
    return tuple(swapped)


def side_finding(swapped: Sequence[str]) -> tuple[Finding, ...]:
    """Return a finding that lists structures whose side disagrees with geometry; none for an empty list."""
    if not swapped:
        return ()
    return (
        Finding(
            code="side_disagrees_with_geometry",
            severity=Severity.ERROR,
            message=f"Left and right in the labels disagree with the image's orientation: {', '.join(swapped)}.",
            action="Check whether the image or the labels were mirrored or saved with a wrong orientation; "
            "do not use values by side until that is known.",
        ),
    )
