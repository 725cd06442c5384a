from __future__ import annotations

import numpy as np
import pytest
import torch

from myoscope import Grid
from myoscope.inference.frames import box_of, label_frames

VALUES = np.array([0, 36], dtype=np.uint8)


def stretched(grid: Grid, left: int, top: int, width: int, height: int, samples: int) -> Grid:
    """Return the grid of samples x samples that covers a rectangle of a picture edge to edge."""
    step = (width / samples, height / samples)
    first = (left + (step[0] - 1) / 2, top + (step[1] - 1) / 2)
    spacing = tuple(s * t for s, t in zip(grid.spacing_mm, step, strict=True))
    return Grid((samples, samples), spacing, grid.position(first), grid.direction, grid.unit)


def bright_is_muscle(frames: torch.Tensor) -> torch.Tensor:
    return torch.cat([0.5 - frames, frames - 0.5], dim=1) * 40


@pytest.mark.parametrize("spacing", [None, (0.1, 0.1), (0.07, 0.13)])
def test_a_window_covers_the_pixels_that_it_was_cut_from(spacing: tuple[float, float] | None) -> None:
    grid = Grid.picture((300, 200), spacing)
    window = stretched(grid, left=40, top=11, width=170, height=123, samples=64)
    assert box_of(window, grid) == (slice(11, 134), slice(40, 210))


@pytest.mark.parametrize("samples", [64, 160])
def test_a_half_bright_view_is_labeled_in_its_bright_half_and_nowhere_outside(samples: int) -> None:
    grid = Grid.picture((300, 200), (0.1, 0.1))
    window = stretched(grid, left=100, top=20, width=128, height=128, samples=samples)
    frame = np.zeros((1, 1, samples, samples), dtype=np.float32)
    frame[..., : samples // 2] = 1
    found = label_frames(
        frame, window, bright_is_muscle, values=VALUES, scan_grid=grid, device="cpu", on_frame=lambda: None,
        confidence=True,
    )  # fmt: skip
    expected = np.zeros(grid.shape, dtype=np.uint8)
    expected[20:148, 100:164] = 36
    wrong = np.argwhere(found.labels[0] != expected)
    assert np.all(np.abs(wrong[:, 1] - 164) <= 1)
    assert found.confidence[0] > 0.95
    assert found.confidence_map.shape == found.labels.shape
    seen = found.confidence_map[0, 20:148, 100:228]
    assert np.delete(seen, np.s_[60:68], axis=1).min() == 255
    assert found.confidence_map.sum() == seen.sum()


def test_each_frame_gets_its_own_labels_and_confidence_whatever_the_batch() -> None:
    grid = Grid.picture((32, 32), (0.1, 0.1))
    window = stretched(grid, left=0, top=0, width=32, height=32, samples=32)
    levels = np.linspace(0, 1, 19, dtype=np.float32)
    frames = np.broadcast_to(levels[:, None, None, None], (19, 1, 32, 32))
    seen = []
    found = label_frames(
        frames, window, bright_is_muscle, values=VALUES, scan_grid=grid, device="cpu", on_frame=lambda: seen.append(1)
    )
    assert [bool(frame.all()) for frame in found.labels] == [level > 0.5 for level in levels]
    assert len(seen) == len(found.confidence) == 19
    expected = [float(1 / (1 + np.exp(-40 * (2 * v - 1)))) if v > 0.5 else 0.0 for v in levels]
    assert found.confidence_map is None
    assert found.confidence == pytest.approx(expected, abs=1e-5)
