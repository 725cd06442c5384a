"""What the field of view shows: structures that it cuts, and scans that show no thigh at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from myoscope.anatomy import Side
from myoscope.data.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from myoscope.data.measurement import Measurements

#: Why a measurement is incomplete; every modality uses the same words.
NOT_PREDICTED = "not predicted by this model"
NOT_FOUND = "not found in the field of view"
CUT = "cut by the field of view at the "


def cut_reason(edges: Sequence[str]) -> str:
    """Return the reason of a measurement that touches `edges` of the field of view; empty for none."""
    return CUT + " and ".join(edges) if edges else ""


def cut_structures(measurements: Measurements) -> tuple[Finding, ...]:
    """Return one finding that lists every structure that the field of view cuts, and where."""
    cuts: dict[str, list[str]] = {}
    for row in measurements.select(quantity="volume"):
        if row.reason.startswith(CUT):
            side = "" if row.side is Side.BOTH else f"{row.side} "
            cuts.setdefault(row.structure, []).append(f"{side}at the {row.reason.removeprefix(CUT)}")
    if not cuts:
        return ()
    listed = "; ".join(f"{name} ({', '.join(places)})" for name, places in cuts.items())
    return (
        Finding(
            code="cut_by_field_of_view",
            severity=Severity.WARNING,
            message=f"The field of view cuts {len(cuts)} structure{'s' * (len(cuts) > 1)}: {listed}.",
            action="Use their volumes as lower limits only; compare people by cross-section at the same level instead.",
        ),
    )


def no_thigh_in_view(measurements: Measurements, names: Collection[str], *, minimum_ml: float) -> tuple[Finding, ...]:
    """Return a finding when the structures called `names` have less than `minimum_ml` together."""
    volumes = [row.value for row in measurements.select(quantity="volume", side=Side.BOTH) if row.structure in names]
    found = math.fsum(value for value in volumes if not math.isnan(value))
    if found >= minimum_ml:
        return ()
    return (
        Finding(
            code="no_thigh_in_view",
            severity=Severity.ERROR,
            message=f"No thigh is in view: its muscles and femur add up to {found:.1f} mL, {minimum_ml:g} mL expected.",
            action="Check that the scan covers the region between hip and knee; choose another series if there is one.",
        ),
    )
