"""The five transverse sites as anatomy: which muscle lies where, drawn at random (Zhang, Scanning protocols).

Sizes span what is published: rectus femoris 3-9 cm2 in a woman and up to 20 cm2 in a man over its length (Andreassen
et al., Scientific Data 2022), 13-16 +- 4 mm thick in the old and the young (`Using Ultrasound to Assess Muscle
Thickness of the Quadriceps in Young and Older Adults`, core.ac.uk/works/9142611); rectus abdominis 14.7 +- 2.9 mm thick
(Egwu et al., Medical Studies 30:180-187, 2014); biceps 12.5 +- 6.3 cm2 (Chan et al., Kinesiologia Slovenica 19:36-44,
2012), less where it must fit the view. No study stands behind the sizes of triceps, peroneus, vessels and fat: they
are chosen to look right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope.synthesis.echotexture import Plane
from myoscope.synthesis.soft_tissue import (
    Distances,
    Fibers,
    Scene,
    amplitude,
    draw_fibers,
    fill_muscle,
    lay_skin_and_fat,
    oval,
    put_bone,
    put_fascia,
    put_vessel,
    reflect,
)

Floats = NDArray[np.float32]
Levels = dict[str, Floats]

#: Beyond this share of half its width lies what is beside a muscle.
BESIDE = 1.05
#: Labels end this far from the surface of a bone, in mm.
PERIOSTEUM_MM = 0.3
#: A vessel keeps at least this far from the muscle, in mm.
VESSEL_ROOM_MM = 3.0


@dataclass(frozen=True, slots=True)
class Muscle:
    """The target's place and shape in mm.

    Attributes:
        center: (x, y) of its middle.
        half: Half its width and half its thickness.
        bend: How far its ends lie below its middle.
        far: Distance to its border, positive inside, (y, x).
        u: Place along its width, -1 to 1 within it, (y, x).
    """

    center: tuple[float, float]
    half: tuple[float, float]
    bend: float
    far: Floats
    u: Floats

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Where the muscle is."""
        return self.far > 0

    def below_middle(self, plane: Plane) -> Floats:
        """Return how far each pixel lies below the muscle's middle in mm."""
        return plane.y - np.float32(self.center[1])


@dataclass(frozen=True, slots=True)
class Build:
    """How large and of which shape a site's muscle is: ranges that are drawn from.

    Attributes:
        width: In mm.
        thickness: In mm.
        roundness: Its thickness is at most this share of its width.
        below: Room in mm to leave under it.
        powers: Exponents of the superellipse along x and y.
        bend: How far the ends lie below the middle, as a share of the thickness.
        skew: How much thicker one end is than the other, as a share.
    """

    width: tuple[float, float]
    thickness: tuple[float, float]
    roundness: float
    below: tuple[float, float]
    powers: tuple[tuple[float, float], tuple[float, float]]
    bend: tuple[float, float]
    skew: float


BUILDS = {
    "rectus_femoris": Build((30.0, 54.0), (7.0, 25.0), 0.55, (4.0, 18.0), ((1.9, 2.8), (1.6, 2.2)), (-0.05, 0.3), 0.3),
    "rectus_abdominis": Build(
        (34.0, 62.0), (5.0, 17.0), 0.36, (6.0, 14.0), ((2.2, 4.5), (1.3, 2.2)), (-0.1, 0.35), 0.2
    ),
    "biceps": Build((28.0, 52.0), (11.0, 30.0), 0.72, (4.0, 14.0), ((1.9, 2.6), (1.7, 2.3)), (0.0, 0.2), 0.25),
    "triceps": Build((34.0, 58.0), (12.0, 34.0), 0.66, (2.0, 8.0), ((2.0, 3.2), (1.8, 2.6)), (0.0, 0.25), 0.2),
    "peroneus": Build((24.0, 44.0), (13.0, 28.0), 0.75, (3.0, 10.0), ((1.9, 2.6), (1.7, 2.3)), (0.0, 0.3), 0.3),
}


def draw_muscle(scene: Scene, build: Build) -> Muscle:
    """Return a muscle of a build under a layer of fat, smaller where the room of the plane demands it."""
    rng, (room, depth) = scene.rng, scene.plane.room_mm
    below = min(rng.uniform(*build.below), 0.3 * depth)
    width = min(rng.uniform(*build.width), 0.9 * room)
    thickness = min(rng.uniform(*build.thickness), 0.55 * (depth - below), build.roundness * width)
    fat = min(2.5 + rng.gamma(2.0, 3.0), max(depth - below - thickness - 1.5, 0.12 * depth))
    bend = rng.uniform(*build.bend) * thickness
    center = (rng.uniform(-0.5, 0.5) * max(0.94 * room - width, 0.0), fat + thickness / 2 + 0.8 - 0.3 * max(bend, 0.0))
    half = (width / 2, thickness / 2)
    powers = (rng.uniform(*build.powers[0]), rng.uniform(*build.powers[1]))
    skew = rng.uniform(-build.skew, build.skew)
    far = oval(scene.plane, center, half, powers=powers, bend_mm=bend, skew=skew)
    return Muscle(center, half, bend, far, (scene.plane.x - np.float32(center[0])) / np.float32(half[0]))


def rectus_femoris(scene: Scene) -> Levels:
    """Return rectus femoris on vastus intermedius between the other vasti, the femur below."""
    rng, fibers, muscle = scene.rng, draw_fibers(scene), draw_muscle(scene, BUILDS["rectus_femoris"])
    below = _lay_limb(scene, muscle, fibers) > 0
    low = muscle.below_middle(scene.plane)
    for side in (-1.0, 1.0):
        lean = rng.uniform(0.3, 1.2)
        wall = scene.plane.x - (muscle.center[0] + side * 0.95 * muscle.half[0]) - side * lean * low
        put_fascia(scene, wall / float(np.hypot(1.0, lean)), where=(low > 0) & below, relative_db=4.0)
    fill_muscle(scene, muscle.inside, fibers)
    _central_aponeurosis(scene, muscle)
    put_fascia(scene, muscle.far, where=~muscle.inside)
    deep = muscle.center[1] + muscle.half[1]
    femur = (muscle.center[0] + rng.uniform(-5.0, 5.0), deep + rng.uniform(6.0, 20.0))
    put_bone(scene, top=femur, radius_mm=rng.uniform(11.0, 15.0))
    return {"rectus_femoris": muscle.far}


def rectus_abdominis(scene: Scene) -> Levels:
    """Return one rectus abdominis in its sheath, the linea alba at its side, peritoneum and bowel below."""
    rng, plane, fibers = scene.rng, scene.plane, draw_fibers(scene)
    muscle = draw_muscle(scene, BUILDS["rectus_abdominis"])
    side = float(rng.choice((-1.0, 1.0)))
    apart = 2 * muscle.half[0] + rng.uniform(4.0, 14.0)
    place = (muscle.center[0] + side * apart, muscle.center[1] + muscle.bend)
    other = oval(plane, place, muscle.half, powers=(2.5, 1.6), bend_mm=muscle.bend)
    low = muscle.below_middle(plane) - np.float32(muscle.bend) * np.minimum(muscle.u**2, 1.6)
    edge = np.float32(muscle.half[1]) * np.clip(1.0 - np.abs(muscle.u) ** 3, 0.12, 1.0)
    front = _under_skin(scene, low + edge + scene.person.fascia_mm, np.maximum(muscle.far, other))
    back = low - np.float32(muscle.half[1] + rng.uniform(0.8, 3.0))
    lay_skin_and_fat(scene, front)
    between = (front > 0) & (back < 0)
    np.copyto(scene.echoes.scatter, amplitude(scene.person.fat_db + rng.uniform(0.0, 8.0)), where=between)
    fill_muscle(scene, (other > 0) | (between & (side * muscle.u < -BESIDE)), fibers.turned())
    fill_muscle(scene, muscle.inside, fibers)
    for level in (other, muscle.far):
        put_fascia(scene, level, where=level <= 0)
    put_fascia(scene, 0.4 - np.abs(low), where=(side * muscle.u > 1.0) & (other < 0))
    _lay_bowel(scene, back)
    return {"rectus_abdominis": muscle.far}


def biceps(scene: Scene) -> Levels:
    """Return biceps brachii with its two heads on brachialis, the humerus below and vessels at one side."""
    rng, fibers, muscle = scene.rng, draw_fibers(scene), draw_muscle(scene, BUILDS["biceps"])
    _lay_limb(scene, muscle, fibers)
    fill_muscle(scene, muscle.inside, fibers)
    _septum_of_heads(scene, muscle)
    put_fascia(scene, muscle.far, where=~muscle.inside)
    side = float(rng.choice((-1.0, 1.0)))
    x, y = muscle.center[0] + side * 0.85 * muscle.half[0], muscle.center[1] + rng.uniform(0.8, 1.4) * muscle.half[1]
    for step in range(int(rng.integers(1, 4))):
        place = (x + side * step * 3.2, y + rng.uniform(-2.0, 2.0))
        if _is_beside(muscle.far, scene.plane, place):
            put_vessel(scene, center=place, radius_mm=rng.uniform(0.8, 2.0))
    deep = muscle.center[1] + muscle.half[1]
    humerus = (muscle.center[0] - side * rng.uniform(0.0, 6.0), deep + rng.uniform(5.0, 14.0))
    put_bone(scene, top=humerus, radius_mm=rng.uniform(9.0, 12.0))
    return {"biceps_brachii": muscle.far}


def triceps(scene: Scene) -> Levels:
    """Return triceps brachii, its heads parted by aponeuroses, on the humerus."""
    rng, fibers, muscle = scene.rng, draw_fibers(scene), draw_muscle(scene, BUILDS["triceps"])
    _lay_limb(scene, muscle, fibers)
    fill_muscle(scene, muscle.inside, fibers)
    for _ in range(int(rng.integers(1, 3))):
        start = rng.uniform(-1.1, 0.4)
        reach = muscle.inside & (muscle.u > start) & (muscle.u < start + rng.uniform(0.7, 1.5))
        apart = _curve(scene, muscle, level=(-0.5, 0.6), lean=(-0.8, 0.8), arch=(-0.8, 0.8))
        put_fascia(scene, apart, where=reach, relative_db=-4.0)
    put_fascia(scene, muscle.far, where=~muscle.inside)
    deep = muscle.center[1] + muscle.half[1]
    humerus = (muscle.center[0] + rng.uniform(-7.0, 7.0), deep - rng.uniform(-1.5, 3.5))
    out = put_bone(scene, top=humerus, radius_mm=rng.uniform(9.0, 12.0))
    return {"triceps_brachii": np.minimum(muscle.far, out - np.float32(PERIOSTEUM_MM))}


def peroneus(scene: Scene) -> Levels:
    """Return peroneus longus over peroneus brevis, a thin septum between them, on the fibula."""
    rng, fibers, muscle = scene.rng, draw_fibers(scene), draw_muscle(scene, BUILDS["peroneus"])
    _lay_limb(scene, muscle, fibers)
    parting = _curve(scene, muscle, level=(-0.1, 0.3), lean=(-0.5, 0.5), arch=(-0.2, 0.7))
    parting += np.float32(0.4) * scene.smooth(7.0, 30.0)
    fill_muscle(scene, muscle.inside & (parting < 0), fibers, relative_db=rng.uniform(-1.5, 1.5))
    fill_muscle(scene, muscle.inside & (parting >= 0), fibers.turned(), relative_db=rng.uniform(-1.5, 1.5))
    put_fascia(scene, -parting, where=muscle.inside, relative_db=rng.uniform(-9.0, -2.0))
    put_fascia(scene, muscle.far, where=~muscle.inside)
    deep = muscle.center[1] + muscle.half[1]
    fibula = (muscle.center[0] + rng.uniform(-0.35, 0.35) * muscle.half[0], deep - rng.uniform(-2.0, 2.0))
    out = put_bone(scene, top=fibula, radius_mm=rng.uniform(5.0, 7.5))
    below_septum = parting - np.float32(rng.uniform(0.25, 0.8))
    return {
        "peroneus_longus": np.minimum(muscle.far, -parting),
        "peroneus_brevis": np.minimum(np.minimum(muscle.far, below_septum), out - np.float32(PERIOSTEUM_MM)),
    }


def _lay_limb(scene: Scene, muscle: Muscle, fibers: Fibers) -> Floats:
    """Paint skin, fat, a round fascia and other muscle around the target; return the depth below the fascia in mm."""
    drop = np.float32(scene.rng.uniform(0.2, 2.5))
    top = muscle.half[1] + scene.person.fascia_mm
    depth = muscle.below_middle(scene.plane) + np.float32(top) - drop * np.minimum(muscle.u**2, 2.5)
    fascia = _under_skin(scene, depth, muscle.far)
    lay_skin_and_fat(scene, fascia)
    fill_muscle(scene, fascia > 0, fibers.turned(), relative_db=scene.rng.uniform(-2.0, 3.0))
    put_fascia(scene, -fascia)
    return fascia


def _under_skin(scene: Scene, fascia: Distances, far: Floats) -> Floats:
    """Return the depth below a fascia, moved so that the fascia lies neither in the skin nor in the muscle."""
    deepest = scene.plane.y - np.float32(0.6 * scene.person.skin_mm)
    held = np.maximum(np.minimum(fascia, deepest), far + np.float32(scene.person.fascia_mm))
    return np.asarray(held, dtype=np.float32)


def _curve(
    scene: Scene,
    muscle: Muscle,
    *,
    level: tuple[float, float],
    lean: tuple[float, float],
    arch: tuple[float, float],
) -> Floats:
    """Return the distance below a sheet that crosses a muscle, in mm; ranges are shares of half its thickness."""
    a, b, c = (np.float32(scene.rng.uniform(*bounds) * muscle.half[1]) for bounds in (level, lean, arch))
    return np.asarray(muscle.below_middle(scene.plane) - a - (b + c * muscle.u) * muscle.u, dtype=np.float32)


def _is_beside(far: Floats, plane: Plane, place: tuple[float, float]) -> bool:
    """Tell whether a place (x, y) in mm lies in the plane and well outside of the muscle."""
    gap = np.hypot(plane.x - place[0], plane.y - place[1])
    row, column = np.unravel_index(int(np.argmin(gap)), gap.shape)
    return bool(gap[row, column] < 1.0 and far[row, column] < -VESSEL_ROOM_MM)


def _septum_of_heads(scene: Scene, muscle: Muscle) -> None:
    """Paint the septum between the two heads of biceps; it stands upright, so it only scatters, in pieces."""
    rng, low = scene.rng, muscle.below_middle(scene.plane)
    off = scene.plane.x - np.float32(muscle.center[0] + rng.uniform(-0.3, 0.3) * muscle.half[0])
    off += np.float32(1.2) * scene.smooth(20.0, 5.0) - np.float32(rng.uniform(-0.6, 0.6)) * low
    broken = np.clip(np.float32(0.4) + np.float32(0.7) * scene.smooth(30.0, 2.5), 0.0, 1.0)
    wall = np.maximum(np.float32(1.0) - np.abs(off) * np.float32(rng.uniform(1.5, 3.0)), 0.0) * broken
    wall *= muscle.inside & (low > rng.uniform(-0.9, 0.2) * muscle.half[1])
    bright = wall * amplitude(scene.person.fascia_db + rng.uniform(-26.0, -14.0))
    np.maximum(scene.echoes.scatter, bright, out=scene.echoes.scatter)


def _central_aponeurosis(scene: Scene, muscle: Muscle) -> None:
    """Paint the comma of tendon inside rectus femoris."""
    rng = scene.rng
    level = _curve(scene, muscle, level=(-0.45, 0.2), lean=(-0.7, 0.7), arch=(-0.5, 0.5))
    reach = (muscle.far > 1.0) & (muscle.u > -rng.uniform(0.0, 0.6)) & (muscle.u < rng.uniform(0.1, 0.6))
    put_fascia(scene, level, where=reach, relative_db=rng.uniform(-10.0, 0.0))


def _lay_bowel(scene: Scene, back: Distances) -> None:
    """Paint what lies behind the rectus: its posterior sheath, preperitoneal fat, peritoneum and gas with its haze."""
    rng, person, echoes = scene.rng, scene.person, scene.echoes
    put_fascia(scene, -back, where=back > -1.0)
    np.copyto(echoes.scatter, amplitude(person.fat_db), where=back > 0)
    gas = back - rng.uniform(0.5, 4.0) + np.float32(0.6) * scene.smooth(6.0, 40.0)
    reflect(scene, -gas, 0.8, rng.uniform(-8.0, 2.0))
    airy = np.clip((scene.smooth(9.0, 60.0) - rng.uniform(-1.5, 0.5)) * 2.0, 0.0, 1.0) * (gas > 0)
    haze = airy * np.exp(-np.maximum(gas, 0.0) / rng.uniform(2.0, 8.0)) * amplitude(rng.uniform(-26.0, -14.0))
    np.copyto(echoes.scatter, amplitude(person.muscle_db + 2.0), where=gas > 0)
    np.maximum(echoes.scatter, haze, out=echoes.scatter)
    np.add(echoes.loss_db_mm, airy * np.float32(rng.uniform(0.2, 1.0)), out=echoes.loss_db_mm)


TRANSVERSE: dict[str, Callable[[Scene], Levels]] = {
    "rectus_femoris": rectus_femoris,
    "rectus_abdominis": rectus_abdominis,
    "biceps": biceps,
    "triceps": triceps,
    "peroneus": peroneus,
}
