"""Textures of tissue in a plane: smooth maps, septa, fascicles, and the bright lines where tissues meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Keeps a level's slope from being zero.
LEAST_SLOPE = 1e-3
#: Displacement of tissue in mm, and the distance of its knots, (x, y): the shape of the person and small unevenness.
COARSE_MM, COARSE_KNOTS_MM = (0.15, 0.95), (22.0, 22.0)
FINE_MM, FINE_KNOTS_MM = (0.03, 0.16), (6.0, 8.0)
#: How fast a streak brightens, in standard deviations of the texture, and up to where.
STREAK_RISE, MOST_STREAK = np.float32(0.8), 1.2
#: Texture of fascicles: samples along and across them, before it repeats.
TEXTURE_SHAPE = (256, 192)


@dataclass(frozen=True, slots=True)
class Plane:
    """The plane of tissue under a probe, pixel by pixel.

    Attributes:
        x: Distance from the middle of the probe in mm, (y, x): where the tissue of this pixel would lie at rest.
        y: Distance from the skin in mm.
        spacing_mm: (x, y) of a pixel.
        room_mm: (width, depth) around the middle that the anatomy is to fit.
    """

    x: Floats
    y: Floats
    spacing_mm: tuple[float, float]
    room_mm: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.x.shape[0], self.x.shape[1]


def smooth_map(
    rng: np.random.Generator, shape: tuple[int, int], spacing_mm: tuple[float, float], scale_mm: tuple[float, float]
) -> Floats:
    """Return a map of about zero mean and unit variance, (y, x), that varies over `scale_mm` (x, y)."""
    import cv2

    height, width = shape
    columns = max(2, int(np.ceil(width * spacing_mm[0] / scale_mm[0])) + 1)
    rows = max(2, int(np.ceil(height * spacing_mm[1] / scale_mm[1])) + 1)
    knots = rng.standard_normal((rows, columns), dtype=np.float32)
    return np.asarray(cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def deformed_plane(
    rng: np.random.Generator,
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    *,
    room_mm: tuple[float, float],
    left_mm: float,
) -> Plane:
    """Return a plane whose tissue is displaced smoothly and at random; the skin stays where it is.

    Args:
        rng: Source of randomness.
        shape: (rows, columns).
        spacing_mm: (x, y) of a pixel.
        room_mm: (width, depth) that the anatomy is to fit.
        left_mm: Place of the first column, 0 being the middle of the anatomy's room.
    """
    height, width = shape
    across = np.float32(left_mm) + np.arange(width, dtype=np.float32) * np.float32(spacing_mm[0])
    down = (np.arange(height, dtype=np.float32) + np.float32(0.5)) * np.float32(spacing_mm[1])
    held = np.minimum(down / 6.0, 1.0).astype(np.float32)[:, None]
    coarse, fine = (np.float32(rng.uniform(*bounds)) for bounds in (COARSE_MM, FINE_MM))
    across_by, down_by = (
        held
        * (
            coarse * smooth_map(rng, shape, spacing_mm, COARSE_KNOTS_MM)
            + fine * smooth_map(rng, shape, spacing_mm, FINE_KNOTS_MM)
        )
        for _ in range(2)
    )
    return Plane(across_by + across[None, :], down_by + down[:, None], spacing_mm, room_mm)


def slope(level: Floats, spacing_mm: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return the steepness of a map a mm, and how much of it points down: 1 for a level that lies flat."""
    import cv2

    gx = cv2.Sobel(level, cv2.CV_32F, 1, 0, scale=1 / (8 * spacing_mm[0]), borderType=cv2.BORDER_REPLICATE)
    gy = cv2.Sobel(level, cv2.CV_32F, 0, 1, scale=1 / (8 * spacing_mm[1]), borderType=cv2.BORDER_REPLICATE)
    steep: Floats = np.asarray(cv2.magnitude(gx, gy), dtype=np.float32)
    np.maximum(steep, LEAST_SLOPE, out=steep)
    flat: Floats = np.asarray(gy, dtype=np.float32)
    np.abs(flat, out=flat)
    flat /= steep
    return steep, flat


def distance(level: Floats, spacing_mm: tuple[float, float]) -> Floats:
    """Return about the distance in mm to where a level is zero, positive where it is; exact for a straight one."""
    return level / slope(level, spacing_mm)[0]


def line(far_mm: Floats, thickness_mm: float, spacing_mm: tuple[float, float], flatness: float = 3.0) -> Floats:
    """Return how brightly a sheet of fascia reflects, 0 to 1, that lies on the outer side of where `far_mm` is zero.

    Args:
        far_mm: Distance to the sheet's inner border, positive inside.
        thickness_mm: Of the sheet.
        spacing_mm: (x, y) of a pixel.
        flatness: How much darker a sheet gets as it turns from the probe: the exponent of the cosine.
    """
    import cv2

    profile: Floats = far_mm * np.float32(2.0 / thickness_mm)
    profile += np.float32(1.0)
    np.abs(profile, out=profile)
    np.subtract(np.float32(1.0), profile, out=profile)
    profile *= np.float32(2.0)
    np.clip(profile, 0.0, 1.0, out=profile)
    _, flat = slope(far_mm, spacing_mm)
    profile *= cv2.pow(flat, flatness)
    return profile


def septa(
    rng: np.random.Generator,
    plane: Plane,
    scale_mm: tuple[float, float],
    *,
    width_mm: float = 0.25,
    flatness: float = 2.0,
) -> Floats:
    """Return a net of thin sheets, 0 to 1, whose meshes measure `scale_mm` (x, y); steep sheets reflect little."""
    import cv2

    level = smooth_map(rng, plane.shape, plane.spacing_mm, scale_mm)
    level += np.float32(0.3) * smooth_map(rng, plane.shape, plane.spacing_mm, (scale_mm[0] / 2.3, scale_mm[1] / 2.3))
    steep, flat = slope(level, plane.spacing_mm)
    off = np.square(level / (steep * np.float32(width_mm)))
    broken = np.float32(0.5) + np.float32(0.6) * smooth_map(rng, plane.shape, plane.spacing_mm, (2.5, 2.0))
    bright = np.clip(broken, 0.0, 1.2) * cv2.pow(flat, flatness)
    bright /= np.float32(1.0) + np.square(np.minimum(off, np.float32(1e3)))
    return np.asarray(bright, dtype=np.float32)


def streaks(
    rng: np.random.Generator, along_mm: Floats, across_mm: Floats, *, length_mm: float, pitch_mm: float, density: float
) -> Floats:
    """Return bright streaks, 0 to 1.2, that run along lines of constant `across_mm`.

    Args:
        rng: Source of randomness.
        along_mm: Place along the streaks, (y, x).
        across_mm: Place across them.
        length_mm: About how long one is.
        pitch_mm: About how far one is from the next.
        density: Share of the plane that is bright, 0 to 1.
    """
    import cv2

    rows, columns = TEXTURE_SHAPE
    white = rng.standard_normal((rows, columns), dtype=np.float32)
    texture: Floats = np.asarray(cv2.GaussianBlur(white, (0, 0), sigmaX=2.2, sigmaY=0.8), dtype=np.float32)
    texture /= texture.std()
    threshold = np.float32(np.quantile(texture, 1.0 - density))
    steps = np.float32(5.0 / length_mm), np.float32(5.0 / pitch_mm)
    starts = np.float32(rng.uniform(0, columns)), np.float32(rng.uniform(0, rows))
    # In place, as new arrays of this size cost as much as the arithmetic.
    along, across = along_mm * steps[0], across_mm * steps[1]
    along += starts[0]
    across += starts[1]
    seen: Floats = np.asarray(cv2.remap(texture, along, across, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
    seen -= threshold
    seen *= STREAK_RISE
    return np.clip(seen, 0.0, MOST_STREAK, out=seen)
