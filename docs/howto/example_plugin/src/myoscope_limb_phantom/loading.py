"""Which files show the phantom, and how they become a scan."""

from __future__ import annotations

from pathlib import Path

from myoscope import LoadOptions, Recognition, Scan, UnreadableError
from myoscope.io import case_id_of, peek, read_volume

#: The scanner fills the first slice with this value.
STAMP = 3000


def recognize(source: Path) -> Recognition | None:
    """Return certainty when the first slice is stamped, else None."""
    seen = peek(source)
    if seen is None or seen.sample is None or not (seen.sample == STAMP).all():
        return None
    return Recognition(1.0, f"its first slice holds the phantom's stamp, {STAMP}")


def load(source: Path, options: LoadOptions) -> Scan:
    """Return the phantom's image.

    Raises:
        UnreadableError: The first slice is not stamped.
        InputError: Anything that cannot be trusted; see `myoscope.io.read_volume`.
    """
    volume = read_volume(source, series=options.series)
    if not (volume.array[0] == STAMP).all():
        raise UnreadableError(
            f"{source.name} lacks the phantom's stamp in its first slice.", "Give the file as the scanner wrote it."
        )
    case_id = options.case_id or case_id_of(source)
    return Scan("limb_phantom", {"image": volume.array}, volume.grid, case_id, source.name, findings=volume.findings)
