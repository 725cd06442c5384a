"""What a run will take: memory before it starts, time after the first windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from myoscope.errors import InputError
from myoscope.free_memory import MARGIN, check_room, gigabytes
from myoscope.inference.blending import SIDE
from myoscope.models.backends.memory import NetworkMemory

MB = 2**20
FLOAT_BYTES = 4
#: What libraries load when the first window runs, in MiB.
LIBRARIES_MB = 60.0
#: Bytes a voxel of the scan that its labels take, with the copy that turns them back to the scan's axes.
LABEL_BYTES = 2
#: Bytes a voxel of the scan that cleaning and measuring the labels takes.
AFTER_BYTES = 5
#: Windows that go through a network together at most: on a CPU two take longer together than one after the other.
MOST_ON_CPU, MOST_ON_GPU = 1, 8
MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Needs:
    """Memory in MiB that a run takes besides what the process holds before.

    Attributes:
        weights_mb: The network, where it is made ready with the first window.
        labels_mb: What stays until the end.
        shares_mb: Probabilities that windows to come still touch.
        window_mb: Each window of a batch, in the network.
        after_mb: What cleaning and measuring take when the network is done.
    """

    weights_mb: float
    labels_mb: float
    shares_mb: float
    window_mb: float
    after_mb: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run will take.

    Attributes:
        windows: That the network will see.
        batch: Windows that go through it together.
        peak_mb: Resident memory of the whole process at its peak, in MiB, what is past included.
    """

    windows: int
    batch: int
    peak_mb: float


def needs_of(
    window: tuple[int, ...],
    shape: tuple[int, ...],
    *,
    classes: int,
    voxels: int,
    network: NetworkMemory,
    mirror: bool = False,
) -> Needs:
    """Return what a run over a volume takes.

    Args:
        window: (z, y, x) in voxels.
        shape: (z, y, x) of the prepared volume.
        classes: Output channels of the network.
        voxels: Of the scan, on its own grid.
        network: What the network takes with its first window.
        mirror: Whether every window is also looked at left for right.
    """
    # What the network said of the windows before is held until it has seen the next.
    logits = FLOAT_BYTES * classes * math.prod(window) / MB
    # At most: the embedded CT model gives every class some probability somewhere above every square of the plane.
    held = classes * min(window[0], shape[0]) * shape[1] * shape[2] * ((SIDE + 1) / SIDE) ** 2
    return Needs(
        weights_mb=network.weights_mb,
        labels_mb=LABEL_BYTES * voxels / MB,
        shares_mb=FLOAT_BYTES * held / MB,
        window_mb=network.window_mb + (2 if mirror else 1) * logits,
        after_mb=AFTER_BYTES * voxels / MB,
    )


def needed_memory_mb(needs: Needs, batch: int, *, on_gpu: bool = False) -> float:
    """Return the MiB that a run takes besides what the process holds before.

    Args:
        needs: Of the run.
        batch: Windows that go through the network together.
        on_gpu: Whether windows and probabilities lie in a memory of their own, which this leaves out.
    """
    running = 0.0 if on_gpu else needs.shares_mb + batch * needs.window_mb
    return LIBRARIES_MB + needs.weights_mb + needs.labels_mb + max(running, needs.after_mb)


def batch_that_fits(needs: Needs, *, windows: int, room_mb: float, gpu_room_mb: float | None = None) -> int:
    """Return how many windows may go through a network together: a power of two, 0 where not even one fits.

    Args:
        needs: Of the run.
        windows: That the network will see.
        room_mb: Memory that the process may still take.
        gpu_room_mb: Free memory of the GPU that computes; None without one.
    """
    on_gpu = gpu_room_mb is not None
    most = min(MOST_ON_GPU if on_gpu else MOST_ON_CPU, max(windows, 1))
    for batch in (1 << power for power in reversed(range(most.bit_length()))):
        there = gpu_room_mb is None or MARGIN * (needs.shares_mb + batch * needs.window_mb) <= gpu_room_mb
        if there and MARGIN * needed_memory_mb(needs, batch, on_gpu=on_gpu) <= room_mb:
            return batch
    return 0


def foresee(
    needs: Needs,
    *,
    windows: int,
    held_mb: float,
    past_mb: float,
    room_mb: float,
    gpu_room_mb: float | None = None,
) -> Forecast:
    """Return what a run will take.

    Args:
        needs: Of the run.
        windows: That the network will see.
        held_mb: What the process holds now.
        past_mb: The most that it held before.
        room_mb: As for `batch_that_fits`.
        gpu_room_mb: As for `batch_that_fits`.

    Raises:
        InputError: Memory does not suffice for a single window.
    """
    batch = batch_that_fits(needs, windows=windows, room_mb=room_mb, gpu_room_mb=gpu_room_mb)
    needed = needed_memory_mb(needs, max(batch, 1), on_gpu=gpu_room_mb is not None)
    if batch:
        return Forecast(windows, batch, max(past_mb, held_mb + needed))
    check_room("Segmenting this scan", needed, room_mb)
    assert gpu_room_mb is not None
    raise InputError(
        f"Segmenting this scan needs about {gigabytes(MARGIN * (needs.shares_mb + needs.window_mb))} of memory on the "
        f"GPU, and {gigabytes(gpu_room_mb)} are free there.",
        "Close other programs that use the GPU, or take the processor with -d cpu.",
    )


def estimated_seconds(windows: int, spent: Sequence[float]) -> float:
    """Return the seconds that all windows take together.

    Args:
        windows: That the network sees in all.
        spent: Seconds of each of the first; the very first warms up and counts for itself where others follow.
    """
    return sum(spent) + (windows - len(spent)) * median(spent[1:] or spent)


def forecast_line(forecast: Forecast, seconds: float) -> str:
    """Return what a person wants to know of a run, such as `36 windows, about 40 s, about 1.4 GB`."""
    count = "1 window" if forecast.windows == 1 else f"{forecast.windows} windows"
    return f"{count}, about {_duration(seconds)}, about {gigabytes(forecast.peak_mb)}"


def _duration(seconds: float) -> str:
    if seconds >= 1.5 * HOUR:
        return f"{seconds / HOUR:.1f} h"
    if seconds >= 1.5 * MINUTE:
        return f"{seconds / MINUTE:.0f} min"
    step = 5 if seconds >= 10 else 1  # noqa: PLR2004
    return f"{max(1, step * math.ceil(seconds / step))} s"
