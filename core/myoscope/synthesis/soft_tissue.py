"""Skin, fat, fascia, muscle, vessels and bone on a plane: what every site of muscle ultrasound is painted from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.synthesis.echotexture import Plane, distance, line, septa, smooth_map, streaks
from myoscope.synthesis.ultrasound import Echoes

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
#: A map of distances, of any precision.
Distances = NDArray[np.floating[Any]]

#: Bone lets nothing through from this depth in it on; blood takes less than the tissue that depth gain expects.
BONE_LOSS_DB_MM = 25.0
CORTEX_MM = 0.4
BLOOD_GAIN_DB_MM = 0.6


@dataclass(frozen=True, slots=True)
class Person:
    """How one person's tissues echo; 0 dB is a strong, flat reflector.

    Attributes:
        skin_mm: Thickness of the skin.
        skin_db: Its scatter.
        fat_db: Scatter of fat.
        fat_septa_db: Reflection of the septa of fat.
        muscle_db: Scatter of muscle; rises with fat and fibrosis.
        perimysium_db: Reflection of the sheets between fascicles.
        fascia_db: Reflection of the sheets around muscles.
        fascia_mm: Thickness of those sheets.
        loss_db_mm: Attenuation that depth gain leaves.
    """

    skin_mm: float
    skin_db: float
    fat_db: float
    fat_septa_db: float
    muscle_db: float
    perimysium_db: float
    fascia_db: float
    fascia_mm: float
    loss_db_mm: float


def draw_person(rng: np.random.Generator) -> Person:
    """Return a person from lean and trained (dark muscle, bright sheets) to old and infiltrated (the reverse)."""
    age = rng.beta(1.3, 1.3)
    return Person(
        skin_mm=rng.uniform(1.0, 2.4),
        skin_db=rng.uniform(-24.0, -12.0),
        fat_db=rng.uniform(-46.0, -32.0),
        fat_septa_db=rng.uniform(-24.0, -8.0),
        muscle_db=-46.0 + 12.0 * age + rng.normal(0.0, 2.0),
        perimysium_db=-12.0 - 6.0 * age + rng.normal(0.0, 2.5),
        fascia_db=2.0 - 6.0 * age + rng.normal(0.0, 2.0),
        fascia_mm=rng.uniform(0.3, 0.9),
        loss_db_mm=rng.uniform(-0.1, 0.35) + 0.2 * age,
    )


def amplitude(db: float) -> np.float32:
    """Return the amplitude of a level in dB."""
    return np.float32(10.0 ** (db / 20.0))


@dataclass(frozen=True, slots=True)
class Fibers:
    """Muscle seen across its fascicles, once a plane; regions take it as it is or turned around.

    Attributes:
        scatter: About 1.
        specular: The net of perimysium, 0 to about 1.
    """

    scatter: Floats
    specular: Floats

    def turned(self) -> Fibers:
        """Return the same texture upside down, so that a neighboring muscle does not repeat it."""
        return Fibers(self.scatter[::-1, ::-1], self.specular[::-1, ::-1])


@dataclass(frozen=True, slots=True)
class Scene:
    """What is being painted: a person's tissue in a plane; the arrays of `echoes` change.

    Attributes:
        plane: Where.
        person: Whose.
        echoes: What is there so far.
        grain: Unevenness of sheets, about 0.1 to 1.3, (y, x).
        rng: Source of randomness.
    """

    plane: Plane
    person: Person
    echoes: Echoes
    grain: Floats
    rng: np.random.Generator

    def smooth(self, *scale_mm: float) -> Floats:
        """Return a smooth random map of about zero mean and unit variance that varies over `scale_mm`, (x, y)."""
        return smooth_map(self.rng, self.plane.shape, self.plane.spacing_mm, (scale_mm[0], scale_mm[1]))


def open_scene(rng: np.random.Generator, plane: Plane) -> Scene:
    """Return a person drawn at random who is all muscle without structure, to be painted on."""
    person = draw_person(rng)
    levels = (float(amplitude(person.muscle_db)), 0.0, person.loss_db_mm)
    echoes = Echoes(*(np.full(plane.shape, v, dtype=np.float32) for v in levels))
    fine = smooth_map(rng, plane.shape, plane.spacing_mm, (2.5, 0.35))
    grain = np.clip(np.float32(0.65) + np.float32(0.45) * fine, 0.1, 1.3)
    return Scene(plane, person, echoes, grain, rng)


def draw_fibers(scene: Scene) -> Fibers:
    """Return a fine or coarse texture of muscle cut across."""
    rng, plane = scene.rng, scene.plane
    mesh, wide = rng.uniform(1.0, 2.6), rng.uniform(1.6, 3.2)
    coarse = septa(rng, plane, (mesh * wide, mesh), width_mm=rng.uniform(0.07, 0.16))
    fine = septa(rng, plane, (1.7, 0.8), width_mm=0.08, flatness=1.5)
    patches = np.exp(np.float32(0.35) * scene.smooth(6.0, 4.0))
    return Fibers(patches, (coarse + np.float32(rng.uniform(0.2, 0.7)) * fine) * patches)


def lay_skin_and_fat(scene: Scene, fascia: Distances) -> None:
    """Paint skin, and fat with its septa down to where `fascia`, the distance below the fat in mm, is 0."""
    rng, person, echoes = scene.rng, scene.person, scene.echoes
    fat, skin = fascia < 0, scene.plane.y < person.skin_mm
    scale = (rng.uniform(7.0, 24.0), rng.uniform(1.8, 4.5))
    net = septa(rng, scene.plane, scale, width_mm=rng.uniform(0.1, 0.25), flatness=4.0)
    np.copyto(echoes.scatter, amplitude(person.fat_db), where=fat)
    np.copyto(echoes.specular, net * amplitude(person.fat_septa_db), where=fat)
    np.copyto(echoes.scatter, amplitude(person.skin_db), where=skin)
    np.copyto(echoes.specular, np.float32(0.0), where=skin)
    np.multiply(echoes.scatter, np.exp(np.float32(0.25) * scene.smooth(5.0, 2.0)), out=echoes.scatter)
    reflect(scene, 0.1 - np.abs(scene.plane.y - person.skin_mm), 0.3, person.skin_db + 6.0)


def reflect(scene: Scene, far: Distances, thickness_mm: float, level_db: float) -> None:
    """Paint a smooth, even sheet of a level outside of where `far`, in mm, is zero."""
    bright = line(np.asarray(far, dtype=np.float32), thickness_mm, scene.plane.spacing_mm) * amplitude(level_db)
    np.maximum(scene.echoes.specular, bright, out=scene.echoes.specular)


def put_fascia(scene: Scene, far: Distances, *, where: Mask | None = None, relative_db: float = 0.0) -> None:
    """Paint a fascia outside of where `far`, in mm, is zero; its strength varies along it."""
    rng, person = scene.rng, scene.person
    level = np.asarray(far, dtype=np.float32)
    bright = line(level, person.fascia_mm * rng.uniform(0.7, 1.4), scene.plane.spacing_mm, rng.uniform(1.5, 4.5))
    bright *= _along(scene) * scene.grain
    bright *= amplitude(person.fascia_db + relative_db)
    if where is not None:
        bright *= where
    put_sheet(scene.echoes, bright)


def lamellae(scene: Scene, far: Floats) -> Floats:
    """Return the uneven brightness, about 0.1 to 1.3, of a sheet whose layers follow where `far` is constant."""
    rng = scene.rng
    length, pitch = rng.uniform(2.0, 9.0), rng.uniform(0.4, 0.9)
    layers = streaks(rng, scene.plane.x, far, length_mm=length, pitch_mm=pitch, density=rng.uniform(0.4, 0.8))
    return np.asarray((np.float32(0.2) + layers) * _along(scene), dtype=np.float32)


def _along(scene: Scene) -> Floats:
    """Return how the strength of a sheet varies along it, 0.1 to 1.3."""
    return np.asarray(np.clip(np.float32(0.7) + np.float32(0.45) * scene.smooth(5.0, 20.0), 0.1, 1.3))


def put_sheet(echoes: Echoes, bright: Floats) -> None:
    """Add a sheet of amplitude `bright` to what reflects and, as it is rough, to what scatters."""
    np.maximum(echoes.specular, bright, out=echoes.specular)
    np.maximum(echoes.scatter, np.float32(0.5) * bright, out=echoes.scatter)


def fill_muscle(scene: Scene, inside: Mask, fibers: Fibers, *, relative_db: float = 0.0) -> None:
    """Paint muscle cut across its fascicles: dark scatter and a broken net of perimysium."""
    person, echoes = scene.person, scene.echoes
    net = fibers.specular * amplitude(person.perimysium_db + relative_db)
    scatter = fibers.scatter * amplitude(person.muscle_db + relative_db) + np.float32(0.5) * net
    np.copyto(echoes.scatter, scatter, where=inside)
    np.copyto(echoes.specular, np.float32(0.4) * net, where=inside)


def put_bone(scene: Scene, *, top: tuple[float, float], radius_mm: float) -> Floats:
    """Paint a round shaft whose nearest point is `top` (x, y), with its shadow; return the distance to it in mm."""
    import cv2

    rng, plane, echoes = scene.rng, scene.plane, scene.echoes
    x = (plane.x - np.float32(top[0])) * np.float32(rng.uniform(0.85, 1.2))
    out = cv2.magnitude(x, plane.y - np.float32(top[1] + radius_mm)) - np.float32(radius_mm)
    _empty(echoes, out < 0)
    bright = line(out, rng.uniform(0.3, 0.6), plane.spacing_mm, rng.uniform(2.0, 4.0))
    varied = np.clip(np.float32(0.8) + np.float32(0.4) * scene.smooth(3.0, 20.0), 0.2, 1.4)
    put_sheet(echoes, bright * varied * amplitude(rng.uniform(-2.0, 6.0)))
    np.copyto(echoes.loss_db_mm, np.float32(BONE_LOSS_DB_MM), where=out < -CORTEX_MM)
    return np.asarray(out, dtype=np.float32)


def put_vessel(scene: Scene, *, center: tuple[float, float], radius_mm: float) -> None:
    """Paint a vessel: no echo inside, a wall, and a little more behind it."""
    import cv2

    x = (scene.plane.x - np.float32(center[0])) / np.float32(scene.rng.uniform(1.0, 1.7))
    out = cv2.magnitude(x, scene.plane.y - np.float32(center[1])) - np.float32(radius_mm)
    _empty(scene.echoes, out < 0)
    scene.echoes.loss_db_mm[out < 0] -= np.float32(BLOOD_GAIN_DB_MM)
    reflect(scene, 0.05 - np.abs(out), 0.4, -18.0)


def _empty(echoes: Echoes, inside: Mask) -> None:
    """Remove every echo from a region."""
    np.copyto(echoes.scatter, np.float32(0.0), where=inside)
    np.copyto(echoes.specular, np.float32(0.0), where=inside)


def oval(
    plane: Plane,
    center: tuple[float, float],
    semi_axes_mm: tuple[float, float],
    *,
    powers: tuple[float, float] = (2.0, 2.0),
    bend_mm: float = 0.0,
    skew: float = 0.0,
) -> Floats:
    """Return about the distance in mm to the border of a rounded shape, positive inside.

    Args:
        plane: Where.
        center: (x, y) of its middle.
        semi_axes_mm: Half its width and half its thickness.
        powers: Exponents of the superellipse along x and y: 2 is an ellipse, less gives points, more gives corners.
        bend_mm: How far its ends lie below its middle.
        skew: How much thicker its right end is than its left one, as a share.
    """
    import cv2

    u = (plane.x - np.float32(center[0])) * np.float32(1.0 / semi_axes_mm[0])
    v = plane.y - np.float32(center[1]) - np.float32(bend_mm) * u * u
    v /= np.float32(semi_axes_mm[1]) * np.clip(1.0 + np.float32(skew) * u, 0.3, 1.7)
    level = np.float32(1.0) - cv2.pow(np.abs(u), powers[0]) - cv2.pow(np.abs(v), powers[1])
    return np.clip(distance(np.asarray(level, dtype=np.float32), plane.spacing_mm), -50.0, 50.0)
