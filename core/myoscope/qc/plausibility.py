"""Numbers that anatomy does not allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope.anatomy import Side
from myoscope.data.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from myoscope.data.measurement import Measurements


def volumes_outside(measurements: Measurements, limits_ml: Mapping[str, tuple[float, float]]) -> tuple[Finding, ...]:
    """Return one finding that lists complete structures, each side for itself, whose volume is outside its limits.

    Args:
        measurements: Those of one case.
        limits_ml: Structure -> lowest and highest volume of one side, in mL.
    """
    odd = []
    for row in measurements.select(quantity="volume"):
        low, high = limits_ml.get(row.structure, (0.0, float("inf")))
        if row.complete and row.side in {Side.LEFT, Side.RIGHT} and not low <= row.value <= high:
            odd.append(f"{row.side} {row.structure} ({row.value:.1f} mL, {low:g} to {high:g} expected)")
    if not odd:
        return ()
    return (
        Finding(
            code="volume_outside_anatomy",
            severity=Severity.WARNING,
            message=f"Volumes outside what anatomy allows: {'; '.join(odd)}.",
            action="Look at these structures in the preview and correct their labels before using their values.",
        ),
    )


def unequal_sides(measurements: Measurements, *, share: float) -> tuple[Finding, ...]:
    """Return one finding that lists structures whose sides differ by more than `share` of the larger one.

    Only structures and groups that are complete on both sides are compared.
    """
    volumes: dict[str, dict[Side, float]] = {}
    for row in measurements.select(quantity="volume"):
        if row.complete and row.side in {Side.LEFT, Side.RIGHT}:
            volumes.setdefault(row.structure, {})[row.side] = row.value
    odd = [
        f"{name} (left {pair[Side.LEFT]:.1f} mL, right {pair[Side.RIGHT]:.1f} mL)"
        for name, pair in volumes.items()
        if len(pair) == len((Side.LEFT, Side.RIGHT)) and min(pair.values()) < (1.0 - share) * max(pair.values())
    ]
    if not odd:
        return ()
    return (
        Finding(
            code="sides_differ",
            severity=Severity.WARNING,
            message=f"Left and right differ by more than {share:.0%}: {'; '.join(odd)}.",
            action="Look at both sides in the preview: either a label is wrong or the difference is real.",
        ),
    )
