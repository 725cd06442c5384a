"""The published cut-offs, read from the table in this package."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from myoscope.data.subject import Sex

#: The age bands of the table, in years: from the first, below the second.
AGE_BANDS = {"all": (0.0, float("inf")), "50-64": (50.0, 65.0), "65+": (65.0, float("inf"))}
VERIFIED = "verified"
#: What a status that is not verified says of a number.
CAVEATS = {
    "secondary": "taken from a secondary source, not from the paper itself",
    "unverified": "unverified: no source at hand confirms it",
}


@dataclass(frozen=True, slots=True)
class Cutoff:
    """One cell of the table.

    Attributes:
        definition: Such as `AWGS2019`.
        age_band: A key of `AGE_BANDS`.
        measure: Such as `asm_height2_dxa`.
        sex: None when it holds for both.
        comparison: `<`, `<=`, `>` or `>=`: a value that compares so is below par.
        cutoff: The number.
        unit: Its unit.
        status: `verified`, `secondary` or `unverified`.
        source: DOI or PMC number, with what it adds.
    """

    definition: str
    age_band: str
    measure: str
    sex: Sex | None
    comparison: str
    cutoff: float
    unit: str
    status: str
    source: str

    def is_met_by(self, value: float) -> bool:
        """Tell whether a value is below par, strictly or not, as the definition has it."""
        return {
            "<": value < self.cutoff,
            "<=": value <= self.cutoff,
            ">": value > self.cutoff,
            ">=": value >= self.cutoff,
        }[self.comparison]

    def __str__(self) -> str:
        whom = ", ".join([*([self.sex] if self.sex else []), *([self.age_band] if self.age_band != "all" else [])])
        return f"{self.measure} {self.comparison} {self.cutoff:g} {self.unit}{f' ({whom})' if whom else ''}"


@cache
def cutoffs() -> tuple[Cutoff, ...]:
    """Return every cut-off of `cutoffs.csv`, in its order."""
    text = files("myoscope.sarcopenia").joinpath("cutoffs.csv").read_text(encoding="utf-8")
    return tuple(
        Cutoff(
            definition=row["definition"],
            age_band=row["age_band"],
            measure=row["measure"],
            sex=None if row["sex"] == "any" else Sex(row["sex"]),
            comparison=row["comparison"],
            cutoff=float(row["cutoff"]),
            unit=row["unit"],
            status=row["status"],
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )
