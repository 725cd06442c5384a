"""Random views of a prepared frame: place, size, tilt, mirroring, elastic deformation, gain, depth and borders.

Zhang (Methods) rotates, scales and deforms elastically; what a machine may do to a picture is added, so that a network
holds on machines that it has never seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.training.cases import PreparedCase

if TYPE_CHECKING:
    import torch

ROTATION_DEG = 10.0
#: Zoom of the whole and of each axis: probes differ in depth and width.
ZOOM, STRETCH = (0.9, 1.6), 0.2
SHIFT = 0.1
#: Displacement of the elastic deformation, in pixels, and the nodes that it is drawn at.
ELASTIC_PX, ELASTIC_NODES = 3.0, 5
#: Spread of the logarithm of the gain over depth, and the nodes that it is drawn at.
GAIN_SPREAD, GAIN_NODES = 0.35, 5
#: Mean grey of a frame after a change of gain: neither black nor white.
MEAN_GREY, LEAST_GREY = (0.05, 0.45), 0.01

Frame = NDArray[np.float32]


def random_frame(case: PreparedCase, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return image (channels, y, x) float32 in 0..1 and label (1, y, x) int64 of a random view of a frame."""
    import cv2
    import torch

    image, label = case.image.astype(np.float32), case.label
    columns, rows = _places(label.shape, rng)
    warped = np.stack([cv2.remap(plane, columns, rows, cv2.INTER_LINEAR, borderValue=0) for plane in image])
    truth = cv2.remap(label, columns, rows, cv2.INTER_NEAREST, borderValue=0)
    if rng.random() < 0.5:  # noqa: PLR2004
        warped, truth = warped[..., ::-1], truth[..., ::-1]
    looks = np.stack([_bordered(_other_look(plane, rng), rng) for plane in warped])
    return torch.from_numpy(looks), torch.from_numpy(truth[None].astype(np.int64))


def _places(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Frame, Frame]:
    """Return the column and row of the source for every pixel."""
    import cv2

    height, width = shape
    angle = np.deg2rad(rng.uniform(-ROTATION_DEG, ROTATION_DEG))
    zoom = np.exp(rng.uniform(*np.log(ZOOM))) * (1 + rng.uniform(-STRETCH, STRETCH, size=2))
    shift = rng.uniform(-SHIFT, SHIFT, size=2) * (width, height)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = x - width / 2, y - height / 2
    columns = (np.cos(angle) * x - np.sin(angle) * y) / zoom[0] + width / 2 + shift[0]
    rows = (np.sin(angle) * x + np.cos(angle) * y) / zoom[1] + height / 2 + shift[1]
    nodes = rng.normal(0, 1, size=(2, ELASTIC_NODES, ELASTIC_NODES)).astype(np.float32) * rng.uniform(0, ELASTIC_PX)
    bend = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC) for plane in nodes]
    return (columns + bend[0]).astype(np.float32), (rows + bend[1]).astype(np.float32)


def _other_look(plane: Frame, rng: np.random.Generator) -> Frame:
    """Return the frame as another machine, gain or depth might have shown it."""
    height, width = plane.shape
    look = np.clip(plane, 0, 1) ** np.exp(rng.uniform(-0.8, 0.8))
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    look = look * _gain_over_depth(height, rng) * (1 + rng.uniform(-0.25, 0.25) * across)
    look = look * (_between(look.mean() * np.exp(rng.uniform(-0.5, 0.6)), *MEAN_GREY) / max(look.mean(), LEAST_GREY))
    look = look + rng.uniform(-0.06, 0.06)
    if rng.random() < 0.4:  # noqa: PLR2004
        look = _blurred(look, rng.uniform(0.4, 1.6), rng.uniform(0.4, 1.2))
    if rng.random() < 0.5:  # noqa: PLR2004
        grain = rng.standard_normal(plane.shape, dtype=np.float32)
        grain = _blurred(grain, rng.uniform(0.6, 1.5), rng.uniform(0.4, 0.9))
        look = look * np.exp(rng.uniform(0, 1.0) * grain) + rng.uniform(0, 0.05) * grain
    if rng.random() < 0.2:  # noqa: PLR2004
        center, spread = rng.uniform(-1, 1), rng.uniform(0.05, 0.25)
        look = look * (1 - rng.uniform(0.3, 0.9) * np.exp(-(((across - center) / spread) ** 2)))
    return np.asarray(np.clip(look, 0, 1), dtype=np.float32)


def _between(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))


def _gain_over_depth(height: int, rng: np.random.Generator) -> Frame:
    """Return a smooth gain for each row, (height, 1), so that nobody knows the depths by their darkness alone."""
    import cv2

    nodes = rng.normal(0, GAIN_SPREAD, size=(GAIN_NODES, 1)).astype(np.float32)
    return np.exp(np.asarray(cv2.resize(nodes, (1, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32))


def _blurred(plane: Frame, across: float, down: float) -> Frame:
    import cv2

    return np.asarray(cv2.GaussianBlur(plane.astype(np.float32), (0, 0), across, sigmaY=down), dtype=np.float32)


def _bordered(plane: Frame, rng: np.random.Generator) -> Frame:
    """Return the frame, sometimes with what finding the tissue left over: a dark or grey edge."""
    if rng.random() < 0.3:  # noqa: PLR2004
        height, width = plane.shape
        level = rng.choice([0.0, rng.uniform(0, 0.3)])
        cut = rng.integers(0, 1 + int(0.06 * min(height, width)), size=4)
        inside = np.zeros(plane.shape, dtype=bool)
        inside[cut[0] : height - cut[1], cut[2] : width - cut[3]] = True
        plane = np.where(inside, plane, np.float32(level))
    return plane
