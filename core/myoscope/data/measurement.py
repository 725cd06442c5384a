"""A number with its unit, its method and whether all of the structure was in view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

from myoscope.anatomy import Side
from myoscope.data.frames import Caliper, FrameValue

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured quantity of one structure or group.

    Attributes:
        structure: Structure or group name; a group is written `scheme:group`.
        side: Side of the body.
        quantity: Name from the conventions, such as `volume` or `hu_mean`.
        value: The number; NaN when it cannot be given, with the reason.
        unit: Unit of `value`.
        method: How it was computed, short.
        complete: False when the field of view cuts what was measured, or when it cannot be given.
        reason: Why it is incomplete; empty when complete.
    """

    structure: str
    side: Side
    quantity: str
    value: float
    unit: str
    method: str
    complete: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Measurements:
    """All measurements of one case, in the order they are written.

    Attributes:
        rows: One a quantity, structure and side.
        frames: What each frame of a video gave; empty for everything else.
        calipers: Where lengths were taken in a picture, for people to see.
        shown_frame: The frame of a video that stands for it in pictures.
    """

    rows: tuple[Measurement, ...] = ()
    frames: tuple[FrameValue, ...] = ()
    calipers: tuple[Caliper, ...] = ()
    shown_frame: int = 0

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def select(
        self, *, structure: str | None = None, side: Side | str | None = None, quantity: str | None = None
    ) -> Measurements:
        """Return the rows that match every criterion given."""
        wanted = {"structure": structure, "side": side, "quantity": quantity}
        given = {name: value for name, value in wanted.items() if value is not None}
        return Measurements(tuple(r for r in self.rows if all(getattr(r, n) == v for n, v in given.items())))

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy table, one row a measurement, with the columns of `measurements.csv` but case and modality."""
        import pandas as pd

        return pd.DataFrame([astuple(row) for row in self.rows], columns=[f.name for f in fields(Measurement)])
