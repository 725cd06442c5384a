"""Longitudinal frames as anatomy: fat, two aponeuroses with oblique fascicles between them, other muscle below.

No study stands behind the ranges: thickness 9 to 30 mm, pennation 6 to 30 degrees and tilts up to 20 degrees are wider
than what the shared real frames show, so that a network meets more than it will have to read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from myoscope.synthesis.echotexture import streaks
from myoscope.synthesis.soft_tissue import (
    Person,
    Scene,
    amplitude,
    lamellae,
    lay_skin_and_fat,
    put_bone,
    put_fascia,
    put_sheet,
)

Floats = NDArray[np.float32]

#: Steepest aponeurosis that is drawn, in degrees.
MOST_TILT_DEG = 20.0
THICKNESS_MM = (9.0, 30.0)
BAND_MM = (0.45, 1.6)
PENNATION_DEG = (6.0, 30.0)
#: Share of frames with a split superficial fascia, with a third aponeurosis, with bone.
SPLIT, THIRD, BONE = 0.35, 0.6, 0.2


@dataclass(frozen=True, slots=True)
class Course:
    """Depth of a border along the probe: middle + tilt x + bend (x / half)^2, in mm."""

    middle: float
    tilt: float
    bend: float
    half: float

    def at(self, x: Floats) -> Floats:
        """Return the depth in mm at places along the probe in mm."""
        u = x * np.float32(1.0 / self.half)
        return np.asarray(np.float32(self.middle) + np.float32(self.tilt) * x + np.float32(self.bend) * u * u)


def longitudinal(scene: Scene) -> dict[str, Floats]:
    """Return a pennate muscle between its superficial and deep aponeurosis, cut along its fascicles."""
    rng, plane = scene.rng, scene.plane
    bands = (np.float32(rng.uniform(*BAND_MM)), np.float32(rng.uniform(*BAND_MM)))
    upper, lower = _courses(scene, bands=(float(bands[0]), float(bands[1])))
    above, below = plane.y - upper.at(plane.x), plane.y - lower.at(plane.x)
    muscle = np.minimum(above, -below)
    lay_skin_and_fat(scene, above + bands[0])
    sign = float(rng.choice((-1.0, 1.0)))
    angle = np.deg2rad(rng.uniform(*PENNATION_DEG)) * sign + np.arctan(lower.tilt)
    # The fascicles run on under the bands, which are painted over them.
    _fill_fascicles(scene, scene.person, (above > -bands[0]) & (below < bands[1]), angle=angle, level=below)
    _deep_layers(scene, below - bands[1])
    _put_band(scene, above, float(bands[0]))
    _put_band(scene, -below, float(bands[1]))
    if rng.random() < SPLIT:
        _split(scene, above, upper.middle)
    return {
        "superficial_aponeurosis": np.minimum(-above, above + bands[0]),
        "deep_aponeurosis": np.minimum(below, bands[1] - below),
        "muscle": muscle,
    }


def _courses(scene: Scene, *, bands: tuple[float, float]) -> tuple[Course, Course]:
    """Return the inner borders of both aponeuroses, within the room at both of its sides."""
    rng, (width, depth) = scene.rng, scene.plane.room_mm
    half, shared = width / 2, rng.normal(0.0, 3.5)
    tilts = np.clip((shared + rng.normal(0.0, 3.0), shared + rng.normal(0.0, 5.5)), -MOST_TILT_DEG, MOST_TILT_DEG)
    slopes = [float(np.tan(np.deg2rad(tilt))) for tilt in tilts]
    bends = (rng.normal(0.0, 0.8), rng.normal(0.0, 1.2))
    rise = [abs(slope) * half + abs(bend) for slope, bend in zip(slopes, bends, strict=True)]
    least = scene.person.skin_mm + bands[0] + rise[0] + 0.5
    top = max(least, min(rng.gamma(2.0, 2.2) + least, 0.35 * depth))
    room = max(depth - top - rise[1] - bands[1] - 1.0, 0.25 * depth)
    thickness = max(min(rng.uniform(*THICKNESS_MM), room), min(4.0 + rise[0] + rise[1], room))
    return Course(top, slopes[0], bends[0], half), Course(top + thickness, slopes[1], bends[1], half)


def _fill_fascicles(scene: Scene, person: Person, inside: NDArray[np.bool_], *, angle: float, level: Floats) -> None:
    """Paint muscle cut along its fascicles, which rise at `angle` and curve a little away from where `level` is 0."""
    rng, plane, echoes = scene.rng, scene.plane, scene.echoes
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    across = plane.y * cosine + plane.x * sine + np.float32(rng.normal(0.0, 0.006)) * level * level
    across += np.float32(0.25) * scene.smooth(9.0, 9.0)
    along = plane.x * cosine - plane.y * sine
    length, pitch = rng.uniform(5.0, 20.0), rng.uniform(1.0, 2.6)
    lines = streaks(rng, along, across, length_mm=length, pitch_mm=pitch, density=rng.uniform(0.08, 0.4))
    length, pitch = rng.uniform(3.0, 8.0), rng.uniform(0.5, 0.9)
    fine = streaks(rng, along, across, length_mm=length, pitch_mm=pitch, density=0.35)
    patches = np.exp(np.float32(0.55) * scene.smooth(7.0, 5.0))
    fine *= np.float32(rng.uniform(0.1, 0.6))
    lines += fine
    lines *= patches
    lines *= amplitude(person.perimysium_db + rng.uniform(-6.0, 4.0)) * cosine**3
    patches *= amplitude(person.muscle_db)
    patches += np.float32(rng.uniform(0.2, 0.8)) * lines
    lines *= np.float32(0.6)
    np.copyto(echoes.scatter, patches, where=inside)
    np.copyto(echoes.specular, lines, where=inside)


def _put_band(scene: Scene, into: Floats, thickness_mm: float) -> None:
    """Paint an aponeurosis of a thickness outside of where `into`, in mm, is 0, brighter here and fainter there."""
    off = np.abs(into * np.float32(2.0 / thickness_mm) + np.float32(1.0))
    profile = np.clip((np.float32(1.0) - off) * np.float32(2.5), 0.0, 1.0)
    level = amplitude(scene.person.fascia_db + scene.rng.uniform(-7.0, 2.0))
    put_sheet(scene.echoes, profile * lamellae(scene, into) * level)


def _split(scene: Scene, above: Floats, room: float) -> None:
    """Paint a second sheet that leaves the superficial aponeurosis at a point, a Y lying on its side."""
    rng, x = scene.rng, scene.plane.x
    start = np.float32(rng.uniform(-0.4, 0.4) * scene.plane.room_mm[0])
    way = np.maximum(x - start if rng.random() < 0.5 else start - x, 0.0)  # noqa: PLR2004
    lift = np.minimum(way * np.float32(rng.uniform(0.05, 0.25)), np.float32(0.6 * room))
    put_fascia(scene, above + lift + np.float32(0.8), where=way > 0, relative_db=-4.0)


def _deep_layers(scene: Scene, below: Floats) -> None:
    """Paint what lies under the deep aponeurosis: another muscle, perhaps a third aponeurosis, perhaps bone."""
    rng, plane, person = scene.rng, scene.plane, scene.person
    change = rng.uniform(-4.0, 4.0)
    other = replace(person, muscle_db=person.muscle_db + change, perimysium_db=person.perimysium_db + change - 3.0)
    _fill_fascicles(scene, other, below > 0, angle=np.deg2rad(rng.uniform(-35.0, 35.0)), level=below)
    if rng.random() < THIRD:
        tilt = np.float32(np.tan(np.deg2rad(rng.normal(0.0, 6.0))))
        third = below - np.float32(rng.uniform(5.0, 22.0)) - tilt * plane.x
        put_fascia(scene, -third, where=below > 1.0, relative_db=rng.uniform(-10.0, 0.0))
    if rng.random() < BONE:
        top = float(plane.y.max()) - rng.uniform(0.0, 8.0)
        # A bone lies below the deep aponeurosis wherever that is deepest.
        if top > float((plane.y - below).max()) + 3.0:
            put_bone(scene, top=(rng.uniform(-10.0, 10.0), top), radius_mm=rng.uniform(60.0, 200.0))
