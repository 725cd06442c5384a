"""A synthetic subject as UK Biobank hands one out: a zip of 24 DICOM series (field 20201).

Six table positions from chest to knee, each with in-phase, opposed-phase, fat and water, 44 slices of 3 mm (the Dixon
paper, Methods). For tests, the demo and benchmarks: every answer is known.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from myoscope import Grid, LabelledCase, Scan, SynthesisOptions, UsageError
from myoscope.io import MRFacts, write_mr_series
from myoscope_dixon_mri.structures import CONTRASTS
from myoscope_dixon_mri.synthesis import synthesize

POSITIONS = 6
SLICES = 44
#: Slices that two neighboring positions share.
SHARED = 8
#: (x, y, z) of all positions together.
SIZE = (224, 174, POSITIONS * SLICES - (POSITIONS - 1) * SHARED)
SPACING_MM = (2.232, 2.232, 3.0)
#: Brightness differs between positions by about this share.
GAIN_SPREAD = 0.08
#: What the header says of each contrast, and its echo time at 1.5 T in ms.
HEADERS = {
    "in_phase": ("in", "IP", 4.77),
    "opposed_phase": ("opp", "OP", 2.39),
    "fat": ("F", "FAT", 2.39),
    "water": ("W", "WATER", 2.39),
}
#: Every file of a zip carries this time, so that the same subject gives the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class TablePosition:
    """What the scanner sees at one position of the table.

    Attributes:
        number: From 1 at the chest.
        channels: Contrast -> array of shape `grid.shape`, whole numbers as float32.
        grid: Where the voxels lie.
        gain: Factor of brightness.
        swapped: Whether water and fat are exchanged.
    """

    number: int
    channels: dict[str, NDArray[np.float32]]
    grid: Grid
    gain: float
    swapped: bool


def synthetic_subject(seed: int, *, label_map: Path | None = None) -> LabelledCase:
    """Return chest to knee of a person that no one has, all positions in one, without seams."""
    return synthesize(seed, SynthesisOptions(size=SIZE, spacing_mm=SPACING_MM, label_map=label_map))


def table_positions(scan: Scan, seed: int, *, swapped: Collection[int] = ()) -> tuple[TablePosition, ...]:
    """Return the six positions that a whole scan is cut into, from the head down, each with its own brightness.

    Args:
        scan: From `synthetic_subject`.
        seed: Of the brightness.
        swapped: Numbers of the positions, from 1 at the chest, at which the scanner exchanges water and fat.

    Raises:
        UsageError: A scan of another size.
    """
    if scan.grid.size != SIZE:
        raise UsageError(f"A subject of UK Biobank has {SIZE} voxels in all, this scan has {scan.grid.size}.")
    gains = np.exp(np.random.default_rng([seed, 3]).normal(0.0, GAIN_SPREAD, size=POSITIONS))
    found = []
    for number in range(1, POSITIONS + 1):
        low = (POSITIONS - number) * (SLICES - SHARED)
        grid = Grid((*SIZE[:2], SLICES), scan.grid.spacing_mm, scan.grid.position((0.0, 0.0, low)), scan.grid.direction)
        gain = float(gains[number - 1])
        channels = {name: np.rint(scan.channels[name][low : low + SLICES] * np.float32(gain)) for name in CONTRASTS}
        if number in swapped:
            channels["water"], channels["fat"] = channels["fat"], channels["water"]
        found.append(TablePosition(number, channels, grid, gain, number in swapped))
    return tuple(found)


def write_subject_zip(positions: Sequence[TablePosition], path: Path, *, name: str) -> Path:
    """Write the positions as DICOM series into one zip, all files side by side, and return `path`.

    Args:
        positions: From `table_positions`; any may be left out.
        path: Of the zip.
        name: Of the subject; UIDs follow from it.
    """
    study = _uid(name)
    with tempfile.TemporaryDirectory(prefix="myoscope-") as folder:
        for position in positions:
            for index, (contrast, (ending, image_type, echo_ms)) in enumerate(HEADERS.items()):
                number = (position.number - 1) * len(HEADERS) + index + 1
                facts = MRFacts(
                    series_number=str(number),
                    description=f"Dixon_BH_17s_{ending}",
                    image_type=("DERIVED", "PRIMARY", "DIXON", image_type),
                    echo_time_ms=echo_ms,
                    study_uid=study,
                    study_date="20261121",
                    series_time=f"{101500 + 100 * position.number + index:06d}.000000",
                    frame_of_reference=_uid(name, "frame"),
                )
                write_mr_series(
                    position.channels[contrast], position.grid, Path(folder), facts=facts, prefix=f"{number:02d}_"
                )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
            for file in sorted(Path(folder).iterdir()):
                bundle.writestr(zipfile.ZipInfo(file.name, EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED, 1)
    return path


def _uid(*words: str) -> str:
    return f"2.25.{int.from_bytes(hashlib.sha256(' '.join(words).encode()).digest()[:16])}"
