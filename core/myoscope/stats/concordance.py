"""Lin's concordance correlation coefficient."""

from __future__ import annotations

import math

from myoscope.data.agreement import Estimate
from myoscope.stats.correlation import Z95
from myoscope.stats.pairs import Column

#: So close to 1 or -1, where z is infinite, the rest is rounding error.
EXACT = 1e-12


def concordance(x: Column, y: Column) -> Estimate:
    """Return 2 cov / (var x + var y + (mean x - mean y)^2), moments divided by n (Lin 1989).

    The interval is Lin's by z, the variance as corrected in Biometrics 2000;56:324; of exact agreement it is 1 to 1.
    """
    sd_x, sd_y, shift = float(x.std()), float(y.std()), float(x.mean() - y.mean())
    covariance = float(((x - x.mean()) * (y - y.mean())).mean())
    ccc = 2 * covariance / (sd_x**2 + sd_y**2 + shift**2)
    if abs(ccc) >= 1 - EXACT:
        exact = math.copysign(1.0, ccc)
        return Estimate(exact, exact, exact)
    r = covariance / (sd_x * sd_y)
    accuracy = 2 * sd_x * sd_y / (sd_x**2 + sd_y**2 + shift**2)
    u2 = shift**2 / (sd_x * sd_y)
    room = 1 - ccc**2
    variance = (
        (1 - r**2) * accuracy**2 / room
        + 2 * ccc**2 * accuracy * (1 - ccc) * u2 / room**2
        - (ccc * accuracy * u2 / room) ** 2 / 2
    ) / (x.size - 2)
    z, half = math.atanh(ccc), Z95 * math.sqrt(max(variance, 0.0))
    return Estimate(ccc, math.tanh(z - half), math.tanh(z + half))
