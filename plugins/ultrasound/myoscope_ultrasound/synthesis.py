"""Labelled ultrasound frames and videos of muscles that no one has; everything follows from one seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope import Calibration, Grid, LabelledCase, Scan, Segmentation, SynthesisOptions, UsageError
from myoscope.synthesis.echotexture import Plane, deformed_plane
from myoscope.synthesis.motion import MOST_BULGE_MM, MOST_PRESS, MOST_SLIDE_MM, draw_motion, moved, places_at
from myoscope.synthesis.screen import Screen, draw_screen, on_screen
from myoscope.synthesis.soft_tissue import open_scene
from myoscope.synthesis.ultrasound import (
    LOST_CONTACT_DB,
    Echoes,
    contact_loss,
    draw_scanner,
    envelope,
    gray_scale,
    median_db,
    white_noise,
)
from myoscope_ultrasound.acquisition import Acquisition, draw_acquisition
from myoscope_ultrasound.anatomy import TRANSVERSE
from myoscope_ultrasound.pennation import longitudinal
from myoscope_ultrasound.structures import LONGITUDINAL, SITES, STRUCTURES

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
Picture = NDArray[np.uint8]

FRAMES_PER_S = 25.0
ANATOMIES = {**TRANSVERSE, LONGITUDINAL: longitudinal}
AXES = 2
#: Fewer columns with muscle have no thickness.
FEWEST_COLUMNS = 8
#: How far the bulging of tissue moves a point at most, in mm: interpolation goes beyond the knots a little.
BULGE_REACH_MM = 1.25 * MOST_BULGE_MM
#: People that are drawn until one fits a view, each smaller than the one before.
MOST_TRIES, SMALLER = 10, 0.85


def synthesize(seed: int, options: SynthesisOptions) -> LabelledCase:
    """Return the frame, or the video of `options.frames` frames, of a seed; the same seed gives the same bytes.

    Raises:
        UsageError: A site that is not one of ultrasound, a size or spacing without two axes, or a label map.
    """
    _check(options)
    rng = np.random.default_rng([seed, 4])
    taken = draw_acquisition(rng, options, options.site or str(rng.choice(list(SITES))))
    screen = draw_screen(rng, taken.size, taken.view, taken.spacing_mm[1])
    echoes, levels = _tissue(rng, taken, options)
    if options.frames:
        pictures, labels, lost = _video(rng, taken, screen, echoes=echoes, levels=levels, options=options)
    else:
        pictures, labels = _still(rng, taken, screen, echoes, levels)
        lost = ()
    facts = _facts(taken, screen, labels) | {"seed": seed, "lost_frames": list(lost)}
    return _case(f"ultrasound_{taken.site}_{seed:05d}", taken, pictures, labels, facts=facts)


def _check(options: SynthesisOptions) -> None:
    """Refuse options that no ultrasound frame can have.

    Raises:
        UsageError: See `synthesize`.
    """
    if options.site and options.site not in SITES:
        raise UsageError(f"The site is {options.site!r}, expected one of {', '.join(SITES)}.")
    for name, value in (("size", options.size), ("spacing", options.spacing_mm)):
        if value is not None and (len(value) != AXES or min(value) <= 0):
            raise UsageError(f"The {name} of an ultrasound frame has two positive numbers (x y), got {value}.")
    if options.frames < 0:
        raise UsageError(f"A video of {options.frames} frames was asked for, expected 0 (a picture) or more.")
    if options.label_map is not None:
        raise UsageError(
            "Ultrasound frames are drawn from an anatomy of their own, not from a label map.",
            "Leave --labels away.",
        )


def _case(
    name: str, taken: Acquisition, pictures: Picture, labels: Labels, *, facts: Mapping[str, Any]
) -> LabelledCase:
    """Return pictures and labels as one case; an array of three axes is a video."""
    grid = Grid.picture(taken.size, taken.spacing_mm)
    times = tuple(round(i / FRAMES_PER_S, 4) for i in range(len(pictures))) if pictures.ndim > AXES else ()
    scan = Scan(
        "ultrasound",
        {"bmode": pictures},
        grid,
        name,
        source=f"synthesized, seed {facts['seed']}",
        times_s=times,
        calibration=Calibration("synthetic", taken.view),
        site=taken.site,
    )
    truth = Segmentation(labels, grid, STRUCTURES, frozenset(SITES[taken.site]), sides_split=False)
    return LabelledCase(scan, truth, facts)


def _tissue(
    rng: np.random.Generator, taken: Acquisition, options: SynthesisOptions
) -> tuple[Echoes, dict[str, Floats]]:
    """Return what lies under the probe at rest, with a margin of tissue around a video's view.

    Raises:
        UsageError: No anatomy fits the view, which is to show it whole.
    """
    outside = _outside(taken, options)
    room = taken.room_mm
    for _ in range(MOST_TRIES):
        scene = open_scene(rng, _plane(rng, taken, options, room))
        levels = ANATOMIES[taken.site](scene)
        if not options.complete or not any((level[outside] > 0).any() for level in levels.values()):
            return scene.echoes, levels
        # A person whom the view does not hold is no use: the next one is smaller.
        room = (SMALLER * room[0], SMALLER * room[1])
    raise UsageError(
        f"A view of {taken.room_mm[0]:.3g} x {taken.room_mm[1]:.3g} mm holds no whole {taken.site}.",
        "Ask for a larger size or spacing, or for a case that need not be complete.",
    )


def _margins(taken: Acquisition, options: SynthesisOptions) -> tuple[int, int]:
    """Return the columns at each side and the rows below that a video's view may move into."""
    if not options.frames:
        return 0, 0
    beside, below = MOST_SLIDE_MM + BULGE_REACH_MM, MOST_PRESS * taken.depth_mm + BULGE_REACH_MM
    return int(np.ceil(beside / taken.spacing_mm[0])), int(np.ceil(below / taken.spacing_mm[1]))


def _outside(taken: Acquisition, options: SynthesisOptions) -> NDArray[np.bool_]:
    """Return where in the plane a whole structure must not lie: hidden, at the border, or where motion may hide it."""
    columns, rows = _margins(taken, options)
    height, width = taken.view.height, taken.view.width
    hidden = np.zeros((height, width), dtype=bool) if taken.shown is None else ~taken.shown
    # Aponeuroses and the muscle between them run on through both sides of the view.
    if taken.site == LONGITUDINAL:
        hidden[:] = False
    else:
        hidden[:, [0, -1]] = True
    hidden[[0, -1]] = True
    plane = np.pad(hidden, ((0, rows), (columns, columns)), mode="edge")
    if options.frames:
        import cv2

        # Tissue moves to both sides and, away from the skin, up or down.
        across = np.ones((1, 1 if taken.site == LONGITUDINAL else 2 * columns + 1), dtype=np.uint8)
        up = np.ones((rows + 1, 1), dtype=np.uint8)
        reached = cv2.dilate(cv2.dilate(plane.astype(np.uint8), across), up, anchor=(0, 0))
        plane = np.asarray(reached, dtype=bool)
    return plane


def _plane(
    rng: np.random.Generator, taken: Acquisition, options: SynthesisOptions, room_mm: tuple[float, float]
) -> Plane:
    """Return the plane; the anatomy's room is the one given, or another aside of it where it may be cut."""
    columns, rows = _margins(taken, options)
    width, depth = room_mm
    aside = 0.0
    if options.frames:
        width, depth = width - 2 * min(MOST_SLIDE_MM + BULGE_REACH_MM, 0.12 * width), 0.88 * depth
    if not options.complete:
        aside = rng.uniform(-0.45, 0.45) * width
        width, depth = width * rng.uniform(1.0, 1.3), depth * rng.uniform(1.0, 1.4)
    shape = (taken.view.height + rows, taken.view.width + 2 * columns)
    left = aside - (shape[1] - 1) / 2 * taken.spacing_mm[0]
    return deformed_plane(rng, shape, taken.spacing_mm, room_mm=(width, depth), left_mm=left)


def _still(
    rng: np.random.Generator, taken: Acquisition, screen: Screen, echoes: Echoes, levels: dict[str, Floats]
) -> tuple[Picture, Labels]:
    """Return one picture and its labels."""
    scanner = draw_scanner(rng, taken.depth_mm)
    contact = contact_loss(rng, taken.view.width, taken.spacing_mm[0])
    noise = white_noise(rng, (taken.view.height, taken.view.width))
    amplitude = envelope(echoes, noise, taken.spacing_mm, scanner)
    tissue = gray_scale(amplitude, taken.spacing_mm[1], scanner, contact_db=contact, middle_db=median_db(amplitude))
    return on_screen(screen, tissue, taken.shown), _labels(taken, levels)


def _video(
    rng: np.random.Generator,
    taken: Acquisition,
    screen: Screen,
    *,
    echoes: Echoes,
    levels: dict[str, Floats],
    options: SynthesisOptions,
) -> tuple[Picture, Labels, tuple[int, ...]]:
    """Return pictures and labels of a video, (frames, y, x), and the frames where the probe has lost the skin."""
    motion = draw_motion(rng)
    scanner = draw_scanner(rng, taken.depth_mm)
    contact = contact_loss(rng, taken.view.width, taken.spacing_mm[0])
    lost = () if options.complete else _lost_frames(rng, options.frames)
    rest = [echoes.scatter, echoes.specular, echoes.loss_db_mm, *levels.values()]
    noise = white_noise(rng, echoes.scatter.shape)
    fresh = np.float32(np.sqrt(1.0 - motion.memory**2))
    shape = (taken.view.height, taken.view.width)
    pictures = np.empty((options.frames, *taken.size[::-1]), dtype=np.uint8)
    labels = np.zeros_like(pictures)
    middle: float | None = None
    for index in range(options.frames):
        places = places_at(motion, index / FRAMES_PER_S, shape, taken.spacing_mm, _margins(taken, options)[0])
        seen = moved(rest, places)
        amplitude = envelope(Echoes(*seen[:3]), _speckle_seen(noise, places), taken.spacing_mm, scanner)
        loss = np.full_like(contact, LOST_CONTACT_DB) if index in lost else contact
        middle = median_db(amplitude) if middle is None else middle
        tissue = gray_scale(amplitude, taken.spacing_mm[1], scanner, contact_db=loss, middle_db=middle)
        pictures[index] = on_screen(screen, tissue, taken.shown)
        if index not in lost:
            labels[index] = _labels(taken, dict(zip(levels, seen[3:], strict=True)))
        noise *= np.float32(motion.memory)
        noise += fresh * white_noise(rng, echoes.scatter.shape)
    return pictures, labels, lost


def _speckle_seen(noise: Floats, places: tuple[Floats, Floats]) -> Floats:
    """Return the scatterers of the resting tissue as a frame sees them; nearest ones, which keeps their power."""
    import cv2

    return np.asarray(cv2.remap(noise, *places, cv2.INTER_NEAREST, borderMode=cv2.BORDER_WRAP), dtype=np.float32)


def _lost_frames(rng: np.random.Generator, frames: int) -> tuple[int, ...]:
    """Return a run of frames, at most a third of them and never all, where the probe is off the skin."""
    most = frames // 3
    if most == 0:
        return ()
    length = int(rng.integers(1, most + 1))
    start = int(rng.integers(0, frames - length + 1))
    return tuple(range(start, start + length))


def _labels(taken: Acquisition, levels: dict[str, Floats]) -> Labels:
    """Return the frame's labels: a pixel belongs to the structure whose level is positive there."""
    tissue = np.zeros((taken.view.height, taken.view.width), dtype=np.uint8)
    for name, level in levels.items():
        tissue[level > 0] = STRUCTURES[name].id
    if taken.shown is not None:
        tissue[~taken.shown] = 0
    labels = np.zeros(taken.size[::-1], dtype=np.uint8)
    labels[taken.view.slices] = tissue
    return labels


def _facts(taken: Acquisition, screen: Screen, labels: Labels) -> dict[str, Any]:
    """Return what a reader of the case may check: geometry, and each structure's size in its label map."""
    return {
        "site": taken.site,
        "spacing_mm": list(taken.spacing_mm),
        "depth_mm": taken.depth_mm,
        "view": [taken.view.left, taken.view.top, taken.view.width, taken.view.height],
        "ruler_tick_mm": screen.tick_mm,
        "csa_cm2": {name: _csa_cm2(labels, name, taken) for name in SITES[taken.site]},
        "height_max_mm": {name: _height_mm(labels, name, taken) for name in SITES[taken.site]},
    } | ({"thickness_mean_mm": _thickness_mm(labels, taken)} if taken.site == LONGITUDINAL else {})


def _csa_cm2(labels: Labels, name: str, taken: Acquisition) -> float | list[float]:
    """Return pixels times their size, one a frame for a video."""
    pixel_cm2 = taken.spacing_mm[0] * taken.spacing_mm[1] / 100.0
    counts = np.count_nonzero(labels == STRUCTURES[name].id, axis=(-2, -1))
    areas: float | list[float] = (counts * pixel_cm2).tolist()
    return areas


def _height_mm(labels: Labels, name: str, taken: Acquisition) -> float | list[float]:
    """Return the largest number of pixels of a structure in one column times their height, one a frame."""
    counts = np.count_nonzero(labels == STRUCTURES[name].id, axis=-2).max(axis=-1)
    heights: float | list[float] = (counts * taken.spacing_mm[1]).tolist()
    return heights


def _thickness_mm(labels: Labels, taken: Acquisition) -> float | list[float]:
    """Return the mean distance of the borders of `muscle` along the normals of the mid-line, one a frame; NaN for none.

    Each border is a cubic through its pixels, in the columns that the whole depth shows; with slopes p and q of the
    borders and m = (p + q) / 2 of the mid-line, a height h is h / 2 (1 / (1 + p m) + 1 / (1 + q m)) sqrt(1 + m^2) along
    the normal, when borders are straight over that length.
    """
    if labels.ndim > AXES:
        return [float(v) for v in (_thickness_mm(frame, taken) for frame in labels)]  # type: ignore[arg-type]
    width_mm, height_mm = taken.spacing_mm
    first, last = taken.whole_columns
    muscle = labels[:, first:last] == STRUCTURES["muscle"].id
    columns = np.flatnonzero(muscle.any(axis=0))
    if len(columns) < FEWEST_COLUMNS:
        return float("nan")
    muscle = muscle[:, columns]
    upper = muscle.argmax(axis=0) * height_mm
    lower = (len(muscle) - muscle[::-1].argmax(axis=0)) * height_mm
    fits = [np.polynomial.Polynomial.fit(columns * width_mm, border, 3) for border in (upper, lower)]
    top, bottom = (fit(columns * width_mm) for fit in fits)
    p, q = (fit.deriv()(columns * width_mm) for fit in fits)
    m = (p + q) / 2
    along = (bottom - top) / 2 * (1 / (1 + p * m) + 1 / (1 + q * m)) * np.sqrt(1 + m**2)
    return float(along.mean())
