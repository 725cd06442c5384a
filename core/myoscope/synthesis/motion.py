"""Slow motion of tissue under a probe: sliding, pressing, contraction; and what of it a frame sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Bounds of the motion: how far the probe slides and tissue moves, in mm, and the share by which it is pressed.
MOST_SLIDE_MM = 2.5
MOST_BULGE_MM = 1.2
MOST_PRESS = 0.06
#: Knots (y, x) of the bulging of tissue.
BULGE_KNOTS = (5, 5)
#: Frequencies in Hz of what moves.
RATES_HZ = (0.1, 0.9)
#: Correlation of the speckle of one frame with that of the next.
MEMORY = (0.92, 0.99)


@dataclass(frozen=True, slots=True)
class Motion:
    """How tissue moves in a video.

    Attributes:
        slide_mm: Amplitude of the probe's sliding.
        press: Amplitude of the share by which depth is pressed.
        bulge_mm: (2, y, x) knots of the displacement (x, y) by contraction.
        rates_hz: Of slide, press and bulge.
        phases: The same, in radians.
        memory: Correlation of the noise from frame to frame.
    """

    slide_mm: float
    press: float
    bulge_mm: Floats
    rates_hz: tuple[float, float, float]
    phases: tuple[float, float, float]
    memory: float

    def at(self, time_s: float) -> tuple[float, float, Floats]:
        """Return slide in mm, press and bulge in mm at a time."""
        waves = [np.sin(2 * np.pi * rate * time_s + p) for rate, p in zip(self.rates_hz, self.phases, strict=True)]
        return self.slide_mm * float(waves[0]), self.press * float(waves[1]), self.bulge_mm * np.float32(waves[2])


def draw_motion(rng: np.random.Generator) -> Motion:
    """Return a motion within the bounds of this module."""
    rates = tuple(float(v) for v in rng.uniform(*RATES_HZ, size=3))
    phases = tuple(float(v) for v in rng.uniform(0.0, 2 * np.pi, size=3))
    knots = np.clip(rng.standard_normal((2, *BULGE_KNOTS)) / 2, -1.0, 1.0) * MOST_BULGE_MM
    knots[:, 0] = 0.0
    return Motion(
        slide_mm=rng.uniform(0.0, MOST_SLIDE_MM),
        press=rng.uniform(0.0, MOST_PRESS),
        bulge_mm=knots.astype(np.float32),
        rates_hz=(rates[0], rates[1], rates[2]),
        phases=(phases[0], phases[1], phases[2]),
        memory=rng.uniform(*MEMORY),
    )


def places_at(
    motion: Motion, time_s: float, shape: tuple[int, int], spacing_mm: tuple[float, float], left: int
) -> tuple[Floats, Floats]:
    """Return from which column and row of the resting tissue each pixel of a frame comes, two (y, x) maps.

    Args:
        motion: How it moves.
        time_s: When.
        shape: (rows, columns) of the frame's view.
        spacing_mm: (x, y) of a pixel, the same in the resting tissue.
        left: Columns of resting tissue left of the view.
    """
    import cv2

    slide, press, bulge = motion.at(time_s)
    height, width = shape
    size = (width, height)
    across = cv2.resize(bulge[0], size, interpolation=cv2.INTER_CUBIC)
    down = cv2.resize(bulge[1], size, interpolation=cv2.INTER_CUBIC)
    across += np.float32(slide)
    across *= np.float32(1.0 / spacing_mm[0])
    across += np.arange(left, left + width, dtype=np.float32)[None, :]
    down *= np.float32(1.0 / spacing_mm[1])
    down += (np.arange(height, dtype=np.float32) * np.float32(1.0 + press))[:, None]
    return np.asarray(across, dtype=np.float32), np.asarray(down, dtype=np.float32)


def moved(maps: Sequence[Floats], places: tuple[Floats, Floats]) -> list[Floats]:
    """Return maps of the resting tissue as a frame sees them, interpolated linearly; the edge goes on."""
    import cv2

    seen: list[Floats] = []
    for start in range(0, len(maps), 4):
        part = maps[start : start + 4]
        stacked = part[0] if len(part) == 1 else cv2.merge(list(part))
        warped = cv2.remap(stacked, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        split = [warped] if len(part) == 1 else cv2.split(warped)
        seen += [np.asarray(one, dtype=np.float32) for one in split]
    return seen
