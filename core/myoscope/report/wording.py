"""Names, units and numbers as people read them; used by the picture and the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from myoscope.anatomy import Structure

#: Quantities of the wide table, in its order; what a case does not have is left out.
MAIN_QUANTITIES = (
    "volume",
    "csa",
    "thickness",
    "csa_max",
    "csa_at_50pct_femur",
    "hu_mean",
    "lean_volume",
    "low_attenuation_volume",
    "intramuscular_fat_volume",
    "fat_fraction_of_sums",
    "echo_intensity",
    "subcutaneous_thickness",
)

#: Quantities of the whole case that come first among the key figures, in this order.
HEADLINES = ("tmv", "tvi", "pa_ratio", "fat_fraction_mean_of_voxels", "fat_fraction_of_sums")

_TITLES = {
    "volume": "Volume",
    "csa": "CSA",
    "csa_max": "CSA, largest",
    "csa_at_50pct_femur": "CSA at 50% of femur",
    "hu_mean": "Density, mean",
    "hu_sd": "Density, SD",
    "hu_median": "Density, median",
    "lean_volume": "Lean volume",
    "low_attenuation_volume": "Low-attenuation volume",
    "intramuscular_fat_volume": "Intramuscular fat",
    "intermuscular_fat_volume": "Intermuscular fat",
    "fat_fraction_mean_of_voxels": "Fat fraction, mean of voxels",
    "fat_fraction_of_sums": "Fat fraction",
    "volume_height2": "Volume / height²",
    "tmv": "Thigh muscle volume",
    "tvi": "Thigh volume index",
    "subcutaneous_fat_volume": "Subcutaneous fat",
    "pa_ratio": "Posterior / anterior ratio",
    "lr_asymmetry": "Left/right asymmetry",
    "thickness_mean": "Thickness, mean",
    "thickness_sd": "Thickness, SD",
    "thickness_min": "Thickness, least",
    "thickness_max": "Thickness, largest",
    "thickness_iqr": "Thickness, IQR over frames",
    "csa_iqr": "CSA, IQR over frames",
    "echo_intensity_sd": "Echo intensity, SD",
    "echo_intensity_iqr": "Echo intensity, IQR over frames",
}
#: Channels that are more than a word.
_CHANNELS = {"ct": "CT", "mr": "MR", "pdff": "PDFF", "in_phase": "In phase", "opposed_phase": "Opposed phase"}
_UNITS = {
    "1": "",
    "0-255": "of 255",
    "cm2": "cm²",
    "mm2": "mm²",
    "px2": "px²",
    "mm3/m2": "mm³/m²",
    "mL/m2": "mL/m²",
    "kg/m2": "kg/m²",
}
_DECIMALS = {"1": 3, "mL": 1, "cm2": 2, "mm2": 0, "mm": 1, "HU": 1, "%": 1, "px": 1, "px2": 0, "mm3/m2": 0, "mL/m2": 0}
_PLAIN = str.maketrans(
    {
        "²": "2",
        "³": "3",
        "\N{EN DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{MULTIPLICATION SIGN}": "x",
        "µ": "u",
        "°": " deg",
    }
)
NO_NUMBER = "\N{EN DASH}"


def structure_title(name: str) -> str:
    """Return a structure's or group's name for people; `scheme:group` becomes `Group (scheme)`."""
    scheme, _, group = name.rpartition(":")
    title = group.replace("_", " ").capitalize()
    return f"{title} ({scheme})" if scheme else title


def color_text(structure: Structure) -> str:
    """Return a structure's color as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*structure.color)


def quantity_title(quantity: str) -> str:
    """Return a quantity's name for people; an unknown one keeps its own, without underscores."""
    return _TITLES.get(quantity, quantity.replace("_", " ").capitalize())


def quantity_words(quantity: str) -> str:
    """Return a quantity's name as it stands within a sentence: small, but for an abbreviation such as CSA."""
    title = quantity_title(quantity)
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def channel_title(name: str) -> str:
    """Return a scan channel's name for people."""
    return _CHANNELS.get(name, name.capitalize())


def unit_text(unit: str) -> str:
    """Return a unit with its powers raised."""
    return _UNITS.get(unit, unit)


def number(value: float, unit: str) -> str:
    """Return a value with the decimals that its unit deserves; what is not a finite number is a dash."""
    if not math.isfinite(value):
        return NO_NUMBER
    decimals = _DECIMALS.get(unit)
    text = f"{value:.3g}" if decimals is None else f"{value:,.{decimals}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def with_unit(value: float, unit: str) -> str:
    """Return a value and its unit; the dash of what is not a finite number has none."""
    text = number(value, unit)
    return text if text == NO_NUMBER else f"{text} {unit_text(unit)}".strip()


def plain_letters(text: str) -> str:
    """Return a text in ASCII, for fonts that have no more; a letter that it lacks becomes a question mark."""
    return text.translate(_PLAIN).encode("ascii", "replace").decode("ascii")


def significant(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, never as a power of ten; what is not finite is a dash or ∞."""
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else "\N{MINUS SIGN}\N{INFINITY}"
    if math.isnan(value):
        return NO_NUMBER
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    return f"{value + 0.0:,.{max(digits - 1 - magnitude, 0)}f}".replace("-", "\N{MINUS SIGN}")


def p_text(p: float) -> str:
    """Return a p-value as papers print it."""
    if math.isnan(p):
        return NO_NUMBER
    return "< 0.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004  # the least that papers print
