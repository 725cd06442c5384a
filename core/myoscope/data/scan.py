"""An image with its place in the patient and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding
from myoscope.data.frames import Calibration, View
from myoscope.data.grid import Grid
from myoscope.data.station import Station
from myoscope.data.subject import Subject
from myoscope.errors import GeometryError, UnreadableError


@dataclass(frozen=True, slots=True)
class Scan:
    """Named channels on one grid.

    Attributes:
        modality: Name of the plugin that loaded it.
        channels: Name -> array of shape `grid.shape`, for example `ct` in HU; (frames, *`grid.shape`) for a video.
        grid: Where the voxels lie.
        case_id: Names the output files.
        source: What it was read from, for people; never parsed.
        subject: What the headers say of the person.
        findings: What loading had to do or noticed.
        times_s: Time of each frame of a video; empty for a single picture or a volume.
        calibration: How the pixels of a picture got their size; None for a volume.
        site: Where a picture was taken, a site of its modality; empty when it was not said.
        stations: The table positions that a volume was fused from, from the head down; empty for any other scan.
        oriented: False when nothing but a nominal matrix says how a volume lies in the patient.

    Raises:
        GeometryError: A channel whose shape is not the grid's, or a video with other than one time a frame.
        UnreadableError: No channel, or a channel with NaN or infinite values.
    """

    modality: str
    channels: Mapping[str, NDArray[Any]]
    grid: Grid
    case_id: str
    source: str = ""
    subject: Subject = field(default_factory=Subject)
    findings: tuple[Finding, ...] = ()
    times_s: tuple[float, ...] = ()
    calibration: Calibration | None = None
    site: str = ""
    stations: tuple[Station, ...] = ()
    oriented: bool = True

    def __post_init__(self) -> None:
        if not self.channels:
            raise UnreadableError("A scan needs at least one channel.")
        expected = (len(self.times_s), *self.grid.shape) if self.times_s else self.grid.shape
        for name, array in self.channels.items():
            if array.shape != expected:
                raise GeometryError(f"{self.case_id}: channel {name!r} has shape {array.shape}, expected {expected}.")
            if (
                array.dtype.kind == "f"
                and not np.isfinite(array.sum(dtype=np.float64))
                and not np.isfinite(array).all()
            ):
                raise UnreadableError(
                    f"{self.case_id}: channel {name!r} holds NaN or infinite values.",
                    "Export the image again, without masked voxels.",
                )

    @property
    def view(self) -> View:
        """The part of a picture that shows tissue.

        Raises:
            UnreadableError: A scan that does not say which part that is.
        """
        if self.calibration is None:
            raise UnreadableError(f"{self.case_id} does not say which part of the picture shows tissue.")
        return self.calibration.view

    @property
    def image(self) -> NDArray[Any]:
        """The first channel."""
        return next(iter(self.channels.values()))
