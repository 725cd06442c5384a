"""The quantities of muscle ultrasound: which a muscle has, in what unit, and how each is taken, in words."""

from __future__ import annotations

from dataclasses import dataclass

from myoscope import LengthUnit
from myoscope_ultrasound.aponeuroses import MUSCLE
from myoscope_ultrasound.reading import ABOVE_SHARE, MARGIN_MM, MARGIN_PX

#: The conventions give echo intensity no unit but its range.
GRAY = "0-255"
NORMALS = "the normals of the mid-line between superficial and deep border"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity.

    Attributes:
        name: From the conventions.
        method: How one frame gives it.
        kind: `length`, `area` or `gray`.
        in_every_frame: False for what is measured once in a video, in the frame that stands for it.
    """

    name: str
    method: str
    kind: str = "length"
    in_every_frame: bool = True

    def unit(self, grid_unit: LengthUnit) -> str:
        """Return the unit on a grid with or without a scale."""
        if self.kind == "gray":
            return GRAY
        if self.kind == "length":
            return str(grid_unit)
        return "cm2" if grid_unit is LengthUnit.MM else "px2"


def quantities_of(muscle: str, grid_unit: LengthUnit) -> tuple[Quantity, ...]:
    """Return the quantities of a muscle, in the order they are written.

    A longitudinal frame cuts its muscle by nature, so that one has no area, width or perimeter.
    """
    margin = f"{MARGIN_MM:g} mm" if grid_unit is LengthUnit.MM else f"{MARGIN_PX} pixels"
    inside = f"gray of the pixels at least {margin} inside the border"
    echo = (
        Quantity("echo_intensity", f"mean {inside}", "gray"),
        Quantity("echo_intensity_sd", f"standard deviation (n) of the {inside}", "gray"),
    )
    border = "the outer border of the superficial aponeurosis" if muscle == MUSCLE else "the superficial border"
    above = Quantity(
        "subcutaneous_thickness",
        f"from the top of the view (skin) to {border}, at a right angle to the skin, mean over the middle "
        f"{ABOVE_SHARE:.0%} of the muscle's width",
        in_every_frame=False,
    )
    spread = (
        Quantity("thickness_sd", f"standard deviation (n) of {NORMALS}"),
        Quantity("thickness_min", f"shortest of {NORMALS}"),
    )
    if muscle == MUSCLE:
        return (
            Quantity("thickness", f"mean of {NORMALS}"), *spread,
            Quantity("thickness_max", f"longest of {NORMALS}"), *echo, above,
        )  # fmt: skip
    return (
        Quantity("thickness", f"longest of {NORMALS}"), Quantity("thickness_mean", f"mean of {NORMALS}"), *spread,
        Quantity("csa", "pixel count x pixel area", "area"),
        Quantity("width", "extent along the mid-line's chord", in_every_frame=False),
        Quantity("perimeter", "length of the smoothed outline", in_every_frame=False),
        *echo, above,
    )  # fmt: skip
