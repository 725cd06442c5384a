"""Pictures and videos: which part shows tissue, how a pixel got its size, and what each frame gave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """The rectangle of a picture that shows tissue, in pixels: no border, text or ruler.

    Attributes:
        left: First column.
        top: First row.
        width: Columns.
        height: Rows.
    """

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index an array whose last axes are (y, x)."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the pixels of a picture got their size.

    Attributes:
        source: What gave the size, a phrase that every measurement's method repeats.
        view: The part of the picture that shows tissue.
    """

    source: str
    view: View


@dataclass(frozen=True, slots=True)
class FrameValue:
    """One quantity in one frame of a video: a row of `frames.csv`.

    Attributes:
        frame: Index of the frame, from 0.
        time_s: Time of the frame since the first one.
        structure: Structure name.
        quantity: Name from the conventions.
        value: The number; NaN when the frame does not show it.
        unit: Unit of `value`.
        confidence: The model's own, 0 to 1; NaN for labels that a person gave.
        reason: Why the frame is rejected from the summary; empty for a frame that counts.
    """

    frame: int
    time_s: float
    structure: str
    quantity: str
    value: float
    unit: str
    confidence: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Caliper:
    """A line along which a length was measured.

    Attributes:
        frame: Index of the frame, 0 for a picture.
        structure: What was measured.
        start: Superficial end (x, y), in pixels of the whole picture; (0, 0) is the center of the first pixel.
        end: Deep end.
        length: In the unit of the grid.
    """

    frame: int
    structure: str
    start: tuple[float, float]
    end: tuple[float, float]
    length: float
