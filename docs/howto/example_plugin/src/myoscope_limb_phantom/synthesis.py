"""The phantom, made from its drawing."""

from __future__ import annotations

import numpy as np

from myoscope import Grid, LabelledCase, Scan, Segmentation, SynthesisOptions, UsageError
from myoscope_limb_phantom.loading import STAMP
from myoscope_limb_phantom.structures import STRUCTURES

SIZE, SPACING_MM = (48, 48, 40), (2.0, 2.0, 3.0)
#: Intensity of air, muscle and bone, by label value.
INTENSITY = np.array([0.0, 300.0, 800.0])
NOISE = 10.0
LENGTH_MM = 60.0


def synthesize(seed: int, options: SynthesisOptions) -> LabelledCase:
    """Return the phantom of a seed, upright at the middle of the field; `complete=False` moves it out at the top.

    Raises:
        UsageError: A label map was given.
    """
    if options.label_map is not None:
        raise UsageError("The limb phantom is made from its drawing.", "Leave out the label map.")
    rng = np.random.default_rng(seed)
    radius, bone_radius = rng.uniform(25.0, 35.0), rng.uniform(6.0, 10.0)
    size, spacing = options.size or SIZE, options.spacing_mm or SPACING_MM
    grid = Grid.identity(size, spacing, tuple(-(n - 1) * s / 2 for n, s in zip(size, spacing, strict=True)))
    x, y, z = (o + np.arange(n) * s for o, n, s in zip(grid.origin, size, spacing, strict=True))
    middle = 0.0 if options.complete else float(z[-1])
    inside = np.abs(z - middle)[:, None, None] <= LENGTH_MM / 2
    distance = np.hypot(x[None, :], y[:, None])[None]
    labels = np.where(inside & (distance <= radius), 1, 0).astype(np.uint8)
    labels[inside & (distance <= bone_radius)] = 2
    image = np.rint(INTENSITY[labels] + rng.normal(0.0, NOISE, labels.shape)).astype(np.int16)
    image[0], labels[0] = STAMP, 0
    scan = Scan("limb_phantom", {"image": image}, grid, f"limb_phantom_{seed:05d}", source=f"synthesized, seed {seed}")
    truth = Segmentation(labels, grid, STRUCTURES, frozenset(STRUCTURES.names), sides_split=False)
    facts = {"seed": seed, "radius_mm": radius, "bone_radius_mm": bone_radius, "length_mm": LENGTH_MM}
    return LabelledCase(scan, truth, facts)
