"""Run a 2D network over the frames of a picture or video, a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.inference.certainty import SURE

if TYPE_CHECKING:
    import torch

#: Frames that go through the network together: more gain nothing on a CPU and wait longer for the first.
BATCH = 4


@dataclass(frozen=True, slots=True)
class LabelledFrames:
    """What a network says of the frames of a picture or video.

    Attributes:
        labels: (frames, *`scan_grid.shape`).
        confidence: Of each frame.
        confidence_map: Probability of each label times 255, 0 outside the network's window; None unless asked for.
    """

    labels: NDArray[np.uint8]
    confidence: tuple[float, ...]
    confidence_map: NDArray[np.uint8] | None


def label_frames(
    frames: NDArray[np.float32],
    grid: Grid,
    network: Callable[[torch.Tensor], torch.Tensor],
    *,
    values: NDArray[np.uint8],
    scan_grid: Grid,
    device: str,
    on_frame: Callable[[], None],
    confidence: bool = False,
) -> LabelledFrames:
    """Return labels on `scan_grid` and the network's confidence in each frame.

    Probabilities, not labels, are interpolated from the network's window to the scan's pixels. The confidence of a
    frame is the mean probability of the winning class over all that is not background, 0 where nothing is found.

    Args:
        frames: (frames, channels, y, x) on `grid`.
        grid: The network's window; it covers whole pixels of `scan_grid`.
        network: (n, channels, y, x) to logits (n, classes, y, x).
        values: Label value of each class.
        scan_grid: The scan's own grid.
        device: A torch device.
        on_frame: Called after each frame.
        confidence: Whether the map of confidence is made.
    """
    import torch

    rows, columns = box_of(grid, scan_grid)
    labels = np.zeros((len(frames), *scan_grid.shape), dtype=np.uint8)
    sure = np.zeros(labels.shape, dtype=np.uint8) if confidence else None
    means = []
    size = (columns.stop - columns.start, rows.stop - rows.start)
    with torch.inference_mode():
        for first in range(0, len(frames), BATCH):
            batch = torch.from_numpy(np.array(frames[first : first + BATCH], dtype=np.float32)).to(device)
            logits = network(batch.contiguous(memory_format=torch.channels_last)).float()
            shares = logits.softmax(dim=1).permute(0, 2, 3, 1).cpu().numpy()
            for index, share in enumerate(shares, first):
                winners, best = _winners(share, size)
                labels[index, rows, columns] = values[winners]
                found = winners > 0
                means.append(float(best[found].mean()) if found.any() else 0.0)
                if sure is not None:
                    sure[index, rows, columns] = np.rint(best * SURE)
                on_frame()
    return LabelledFrames(labels, tuple(means), sure)


def box_of(grid: Grid, scan_grid: Grid) -> tuple[slice, slice]:
    """Return the rows and columns of a scan that a window on `grid` covers, edge to edge."""
    steps = np.array(grid.spacing_mm) / np.array(scan_grid.spacing_mm)
    low = (np.array(grid.origin) - np.array(scan_grid.origin)) / np.array(scan_grid.spacing_mm) + (1 - steps) / 2
    left, top = (round(float(v)) for v in low)
    width, height = (round(float(n * s)) for n, s in zip(grid.size, steps, strict=True))
    return slice(top, top + height), slice(left, left + width)


def _winners(shares: NDArray[np.float32], size: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the winning class at every pixel of a picture of `size`, and its share."""
    import cv2

    fine = cv2.resize(np.ascontiguousarray(shares), size, interpolation=cv2.INTER_LINEAR)
    planes = cv2.split(fine)
    best, winners = planes[0], np.zeros(planes[0].shape, dtype=np.uint8)
    for index, plane in enumerate(planes[1:], 1):
        winners[plane > best] = index
        best = cv2.max(best, plane)
    return winners, np.asarray(best, dtype=np.float32)
