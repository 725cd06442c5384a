"""MRI of an anatomy: the contrasts of a Dixon scan from one water and one fat map, or a plain scan of any contrast.

In- and opposed-phase follow from water and fat by their phases, so opposed-phase has the dark edges of cancellation
(Dixon, Radiology 153:189-194, 1984). Coil shading and blur are common to all contrasts, noise is each one's own and
Rician (Gudbjartsson & Patz, Magn Reson Med 34:910-914, 1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET, StructureSet
from myoscope.data.grid import Grid
from myoscope.data.modality import LabelledCase, SynthesisOptions
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.ops.resample import resample
from myoscope.synthesis.anatomy import Anatomy, deformed_onto, draw_deformation, enclosing_grid
from myoscope.synthesis.beside import add_void, draw_arms
from myoscope.synthesis.build import built
from myoscope.synthesis.fields import smooth_field
from myoscope.synthesis.protons import Protons, draw_person, protons
from myoscope.synthesis.septa import Parts, parts
from myoscope.synthesis.views import TRAINING_LENGTH_MM, centered, cut, final_grid, slab

Floats = NDArray[np.float32]

#: In- and opposed-phase are the sum and the difference of these.
CONTRASTS = ("water", "fat", "in_phase", "opposed_phase")
PLAIN = "mr"
#: Spacing of a UK Biobank neck-to-knee scan, mm.
SPACING_MM = (2.232, 2.232, 3.0)
#: Anatomy is rendered no finer than this in the plane. Scans coarser than the second are averaged from a finer one.
FINEST_RENDER_MM, COARSE_MM, FINER = 1.5, 2.4, 1.3
#: Signal of lean muscle in stored units.
MUSCLE_SIGNAL = 250.0
#: How often borders of structures are inked in a plain or opposed-phase scan, and how much of the signal that takes.
INK_CHANCE, INK = 0.5, (0.3, 1.0)
#: How often a wide scan shows the void of metal in a femur.
METAL_CHANCE = 0.05
#: How often training sees each contrast.
WIDE_CHANCES = {"water": 0.25, "fat": 0.1, "in_phase": 0.15, "opposed_phase": 0.1, PLAIN: 0.4}


@dataclass(frozen=True, slots=True)
class Scanner:
    """One machine with one sequence.

    Attributes:
        water_signal: Signal of pure water.
        fat_signal: Signal of pure fat; T1 weighting makes it the brighter one.
        leak: Share of the other species that a separated image keeps.
        shading: Spread of the logarithm of the coils' sensitivity.
        coil_mm: Over which that sensitivity changes.
        noise: Standard deviation of noise as a share of the signal of muscle.
        blur_mm: Standard deviation of the point spread.
    """

    water_signal: float
    fat_signal: float
    leak: float
    shading: float
    coil_mm: float
    noise: float
    blur_mm: float


def draw_scanner(rng: np.random.Generator, *, wide: bool) -> Scanner:
    """Return a machine of a Dixon study, or with `wide` any that training should have seen."""
    ratio = rng.uniform(0.4, 2.6) if wide else rng.uniform(1.0, 2.0)
    return Scanner(
        water_signal=MUSCLE_SIGNAL,
        fat_signal=MUSCLE_SIGNAL * ratio,
        leak=rng.uniform(0.0, 0.08) if wide else 0.0,
        shading=rng.uniform(0.05, 0.65) if wide else rng.uniform(0.02, 0.15),
        coil_mm=rng.uniform(70.0, 170.0) if wide else 140.0,
        noise=float(np.exp(rng.uniform(np.log(0.005), np.log(0.12 if wide else 0.03)))),
        blur_mm=rng.uniform(0.4, 1.6) if wide else rng.uniform(0.4, 0.9),
    )


def mr_case(anatomy: Anatomy, structures: StructureSet, seed: int, options: SynthesisOptions) -> LabelledCase:
    """Return a labelled MRI of a random deformation of `anatomy`; the same seed gives the same bytes.

    The scan has the four contrasts of a Dixon scan in float32 without any fault; with `options.wide` it has one channel
    of a contrast that the seed draws, with the faults that real scans have.
    """
    rng = np.random.default_rng([seed, 2])
    spacing = tuple(float(s) for s in options.spacing_mm or SPACING_MM)
    deformation = draw_deformation(rng, wide=options.wide)
    whole = enclosing_grid(anatomy, deformation, _render_spacing(spacing))
    view = whole if options.size is None else centered(whole, options.size, spacing)
    if options.wide:
        view = slab(view, TRAINING_LENGTH_MM, rng)
    elif not options.complete:
        view = cut(view, rng)
    labels = deformed_onto(anatomy, view, deformation, whole)
    labels = built(labels, view, rng) if options.wide else labels
    seen = parts(labels, view, rng) if options.wide else labels
    person = draw_person(rng)
    scanner = draw_scanner(rng, wide=options.wide)
    found = protons(labels, seen, view, person, rng)
    if options.wide:
        _add_arms(found, view, rng)
    shading = _shading(view, scanner, rng)
    signals = _wide_signal(found, seen, scanner, rng) if options.wide else _dixon_signals(found, scanner)
    if options.wide and rng.random() < METAL_CHANCE:
        for signal in signals.values():
            add_void(signal, labels, view, rng)
    grid = final_grid(view, spacing, options.size)
    clean = {name: _on_grid(signal * shading, view, grid, scanner) for name, signal in signals.items()}
    channels = {name: _noisy(_faulty(a, rng) if options.wide else a, scanner, rng) for name, a in clean.items()}
    if not view.is_same(grid):
        labels = resample(labels, view, grid, fill=0, labels=True)
    shown = set((np.unique(anatomy.labels) % LEFT_OFFSET).tolist())
    present = frozenset(s.name for s in structures if s.id in shown)
    source = f"synthesized from {anatomy.name}, seed {seed}"
    scan = Scan("dixon_mri", channels, grid, f"dixon_mri_{seed:05d}", source)
    truth = Segmentation(labels, grid, structures, present, sides_split=True)
    facts = {
        "seed": seed,
        "anatomy": anatomy.name,
        "spacing_mm": list(grid.spacing_mm),
        "contrasts": list(channels),
        "water_signal": scanner.water_signal,
        "fat_signal": scanner.fat_signal,
        "fat_fraction_of_sums_pct": {} if options.wide else _fat_fractions(clean, labels),
    }
    return LabelledCase(scan, truth, facts)


def _fat_fractions(clean: dict[str, Floats], labels: NDArray[np.uint8]) -> dict[str, float]:
    """Return label value -> fat in percent of all signal inside it, as it is without noise."""
    flat = labels.ravel()
    fat, all_of_it = (np.bincount(flat, clean[name].ravel(), minlength=256) for name in ("fat", "in_phase"))
    return {str(value): round(100 * float(fat[value] / all_of_it[value]), 4) for value in np.unique(flat) if value}


def _render_spacing(spacing: tuple[float, ...]) -> tuple[float, ...]:
    plane = (max(s if s < COARSE_MM else s / FINER, FINEST_RENDER_MM) for s in spacing[:2])
    return (*plane, spacing[2])


def _dixon_signals(found: Protons, scanner: Scanner) -> dict[str, Floats]:
    water = found.water * np.float32(scanner.water_signal)
    fat = found.fat * np.float32(scanner.fat_signal)
    return {"water": water, "fat": fat, "in_phase": water + fat, "opposed_phase": np.abs(water - fat)}


def _wide_signal(
    found: Protons, seen: NDArray[np.uint8] | Parts, scanner: Scanner, rng: np.random.Generator
) -> dict[str, Floats]:
    """Return one contrast, separated imperfectly, or with water and fat at any phase and borders inked."""
    signals = _dixon_signals(found, scanner)
    name = str(rng.choice(list(WIDE_CHANCES), p=list(WIDE_CHANCES.values())))
    if name == PLAIN:
        phase = rng.uniform(0.0, np.pi)
        across = signals["fat"] * np.float32(np.sin(phase))
        plain = np.hypot(signals["water"] + signals["fat"] * np.float32(np.cos(phase)), across)
        return {PLAIN: plain * _ink(seen, rng)}
    if name == "opposed_phase":
        return {name: signals[name] * _ink(seen, rng)}
    other = {"water": "fat", "fat": "water"}.get(name)
    signal = signals[name]
    if other is not None:
        signal = signal + np.float32(scanner.leak) * signals[other]
        if rng.random() < 0.06:  # noqa: PLR2004
            start = int(rng.integers(0, len(signal)))
            signal[start:] = signals[other][start:]
    return {name: signal}


def _add_arms(found: Protons, grid: Grid, rng: np.random.Generator) -> None:
    """Put arms beside the body, in place, where the scan shows any."""
    arms = draw_arms(found.body, grid, rng)
    if arms is not None:
        for mask, water, fat in ((arms.fat, 0.06, 1.0), (arms.muscle, 1.0, 0.05), (arms.bone, 0.1, 0.6)):
            found.water[mask], found.fat[mask] = np.float32(water), np.float32(fat)


def _ink(labels: NDArray[np.uint8] | Parts, rng: np.random.Generator) -> Floats:
    """Return what a gradient echo leaves of each voxel: little or all of those on a border of a part, 1 elsewhere.

    Where water and fat of one voxel cancel, a dark line is drawn around every muscle (PAPERS: Dixon MRI, opposed
    phase); partial volumes of rendered labels, which are whole, show it too faintly.
    """
    left = np.ones(labels.shape, dtype=np.float32)
    if rng.random() < INK_CHANCE:
        strength = np.float32(1.0 - rng.uniform(*INK))
        for axis in (1, 2):
            after = [slice(None)] * 3
            after[axis] = slice(1, None)
            left[tuple(after)][np.diff(labels, axis=axis) != 0] = strength
    return left


def _shading(grid: Grid, scanner: Scanner, rng: np.random.Generator) -> Floats:
    """Return the sensitivity of the coils, about 1."""
    lengths = (scanner.coil_mm, 0.8 * scanner.coil_mm, 1.3 * scanner.coil_mm)
    field = smooth_field(rng, grid.shape, grid.spacing_mm, lengths)
    return np.asarray(np.exp(np.float32(scanner.shading) * field), dtype=np.float32)


def _on_grid(signal: Floats, view: Grid, grid: Grid, scanner: Scanner) -> Floats:
    from scipy.ndimage import gaussian_filter

    sigma = (0.0, scanner.blur_mm / view.spacing_mm[1], scanner.blur_mm / view.spacing_mm[0])
    blurred = gaussian_filter(signal, sigma, truncate=3.0)
    return blurred if view.is_same(grid) else resample(blurred, view, grid, fill=0.0)


def _noisy(signal: Floats, scanner: Scanner, rng: np.random.Generator) -> Floats:
    """Return the magnitude of the signal with complex noise."""
    level = np.float32(scanner.noise * scanner.water_signal)
    real = signal + level * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.asarray(np.hypot(real, level * rng.standard_normal(signal.shape, dtype=np.float32)), dtype=np.float32)


def _faulty(signal: Floats, rng: np.random.Generator) -> Floats:
    """Return the scan with seams between stations, a ghost, and slices that fade at the ends of the slab."""
    if rng.random() < 0.25:  # noqa: PLR2004
        seam = int(rng.integers(0, len(signal)))
        signal[seam:] *= np.float32(rng.uniform(0.6, 1.5))
    if rng.random() < 0.15:  # noqa: PLR2004
        ghost = np.roll(signal, signal.shape[1] // int(rng.integers(2, 5)), axis=1)
        signal = signal + np.float32(rng.uniform(0.01, 0.08)) * ghost
    for end in (slice(None), slice(None, None, -1)):
        if rng.random() < 0.3:  # noqa: PLR2004
            count = min(int(rng.integers(1, 5)), len(signal))
            ramp = np.linspace(rng.uniform(0.1, 0.8), 1.0, count, dtype=np.float32)
            signal[end][:count] *= ramp[:, None, None]
    return signal
