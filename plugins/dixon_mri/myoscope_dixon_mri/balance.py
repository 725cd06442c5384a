"""Volume and balance of the muscles of thigh and hip: TMV, TVI, back to front, right to left, strength by volume.

**Which muscles TMV sums.** The Dixon paper does not list them. Its medians in the youngest, 12.2 L in men and 8.4 L in
women for both legs, fit the muscles of thigh and hip together (groups anterior, medial, posterior, gluteal: 21 muscles)
better than those of the thigh alone (13): in the Visible Human label maps (Andreassen et al. 2022) the slender woman
has 7.8 L with and 4.8 L without the gluteal group, the muscular man 17.6 L and 12.8 L. Other measurements of the same
cohort, 8.8 +- 1.3 L in women and 13.3 +- 1.9 L in men of 45 to 54 years (GeroScience 2024, doi
10.1007/s11357-024-01304-y), put the woman 0.8 SD below the mean with it and 3.1 SD without, the man 2.3 SD above and
0.2 SD below. The volume of each group stands in rows of its own.

**TVI.** The paper prints 0.30 to 0.38 cm3/m2, which does not follow from its TMV in cm3 and height in m: 12.2 L and
1.76 m are 3,900 mL/m2. It does with height in cm (0.39 cm3/cm2), so multiply its figures by 10,000.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from myoscope import Measurement, Segmentation, Side, Subject
from myoscope.qc.coverage import NOT_FOUND
from myoscope.thigh.envelope import UNSPLIT
from myoscope.thigh.groups import PA_TERTILES, SCHEMES
from myoscope.thigh.sides import sides_of
from myoscope.thigh.sums import Table, member_sums, table_of, why

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEME = "dixon"
GROUPS: Mapping[str, tuple[str, ...]] = SCHEMES[SCHEME]
ANTERIOR, POSTERIOR = GROUPS["anterior"], GROUPS["posterior"]
#: The muscles that `tmv` sums.
THIGH_AND_HIP = (*ANTERIOR, *GROUPS["medial"], *POSTERIOR, *GROUPS["gluteal"])
WHOLE = "thigh"

TMV_METHOD = "voxel count x voxel volume, sum of the 21 muscles of the groups anterior, medial, posterior and gluteal"
TVI_METHOD = f"tmv / height^2; tmv: {TMV_METHOD}"
PA_METHOD = (
    "volume of semitendinosus, semimembranosus, biceps femoris / volume of sartorius, rectus femoris and three vasti; "
    f"UK Biobank tertiles {PA_TERTILES[0]:g} and {PA_TERTILES[1]:g}"
)
ASYMMETRY_METHOD = "100 x |right - left| / mean of both volumes"
STRENGTH_METHOD = "hand grip strength of the stronger hand / tmv of both legs"
ML_PER_L = 1000.0


def balance_rows(rows: Sequence[Measurement], segmentation: Segmentation, subject: Subject) -> list[Measurement]:
    """Return TMV, TVI, back-to-front ratio, right-to-left difference and strength by volume.

    A sum of which a part is missing or cut keeps the value of the rest, incomplete; a ratio or difference of which a
    muscle is missing altogether is NaN. Without a height there is no TVI, without a grip strength no strength by
    volume.

    Args:
        rows: Volumes of every structure.
        segmentation: What the labels mean.
        subject: Gives height and grip strength.
    """
    table = table_of(rows)
    sides = sides_of(segmentation)
    tmv = [
        replace(row, quantity="tmv", method=TMV_METHOD)
        for row in member_sums(table, WHOLE, THIGH_AND_HIP, sides=sides, quantities=("volume",))
    ]
    found = list(tmv)
    if subject.height_m is not None:
        found += [
            replace(row, quantity="tvi", value=row.value / subject.height_m**2, unit="mL/m2", method=TVI_METHOD)
            for row in tmv
        ]
    found += _pa_ratios(table, sides)
    groups = {WHOLE: THIGH_AND_HIP, **{f"{SCHEME}:{group}": members for group, members in GROUPS.items()}}
    found += [_asymmetry(table, name, members, split=segmentation.sides_split) for name, members in groups.items()]
    if subject.grip_strength_kg is not None:
        strength = subject.grip_strength_kg / (tmv[-1].value / ML_PER_L)
        found.append(
            replace(tmv[-1], quantity="muscle_specific_strength", value=strength, unit="kg/L", method=STRENGTH_METHOD)
        )
    return found


def _pa_ratios(table: Table, sides: Sequence[Side]) -> Iterator[Measurement]:
    """Yield the ratio of each side, then of both together."""
    every: dict[Side, dict[str, Measurement]] = {
        side: {name: _volume(table, name, side) for name in (*ANTERIOR, *POSTERIOR)} for side in sides
    }
    for side, parts in every.items():
        yield _pa_ratio(side, [parts], why(parts))
    if len(sides) > 1:
        reasons = {str(side): why(parts) for side, parts in every.items()}
        yield _pa_ratio(Side.BOTH, list(every.values()), _joined(reasons))


def _pa_ratio(side: Side, legs: Sequence[Mapping[str, Measurement]], reason: str) -> Measurement:
    posterior, anterior = (
        math.fsum(leg[name].value for leg in legs for name in names) for names in (POSTERIOR, ANTERIOR)
    )
    return Measurement(WHOLE, side, "pa_ratio", posterior / anterior, "1", PA_METHOD, not reason, reason)


def _asymmetry(table: Table, name: str, members: Sequence[str], *, split: bool) -> Measurement:
    """Return how far the volumes of both sides differ, in % of their mean."""
    value, reason = math.nan, ""
    if split:
        legs = {side: {m: _volume(table, m, side) for m in members} for side in (Side.RIGHT, Side.LEFT)}
        right, left = (math.fsum(row.value for row in leg.values()) for leg in legs.values())
        value = 100.0 * abs(right - left) / ((right + left) / 2.0)
        reason = _joined({str(side): why(leg) for side, leg in legs.items()})
    else:
        seen = any(not math.isnan(_volume(table, m, Side.BOTH).value) for m in members)
        reason = UNSPLIT if seen else NOT_FOUND
    return Measurement(name, Side.BOTH, "lr_asymmetry", value, "%", ASYMMETRY_METHOD, not reason, reason)


def _volume(table: Table, name: str, side: Side) -> Measurement:
    """Return the volume of a structure, or the row that says why there is none."""
    return table.get((name, side, "volume")) or table[name, Side.BOTH, "volume"]


def _joined(reasons: Mapping[str, str]) -> str:
    """Return the reasons of both sides, once when they are one."""
    given = {side: reason for side, reason in reasons.items() if reason}
    if len(given) == len(reasons) and len(set(given.values())) == 1:
        return next(iter(given.values()))
    return "; ".join(f"{side} {reason}" for side, reason in given.items())
