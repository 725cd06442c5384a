"""Says before a long run what it will take, and how many windows may go through the network together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from myoscope.data.grid import Grid
from myoscope.free_memory import available_memory_mb, gpu_room_mb
from myoscope.inference.budget import Forecast, estimated_seconds, forecast_line, foresee, needs_of
from myoscope.inference.running import WindowProgress
from myoscope.inference.windows import Plan
from myoscope.models.backends.memory import NetworkMemory
from myoscope.peak_memory import peak_memory_mb, resident_memory_mb

#: A run that takes less than this is over before anyone has read what it takes.
LONG_S = 10.0
#: The first window warms up; the second tells how long the others will take.
TIMED = 2


@dataclass(slots=True)
class Foresight:
    """What is known of one run over a volume, asked before its first window and told of every window.

    Attributes:
        memory: What the network takes with its first window.
        classes: Output channels of the network.
        scan_grid: The scan's own grid.
        mirror: Whether every window is also looked at left for right.
        device: A torch device.
        progress: Called with windows done and windows in all.
        tell: Called once with a line about a long run.
    """

    memory: NetworkMemory
    classes: int
    scan_grid: Grid
    mirror: bool
    device: str
    progress: WindowProgress | None = None
    tell: Callable[[str], None] | None = None
    _forecast: Forecast | None = field(default=None, init=False)
    _spent: list[float] = field(default_factory=list, init=False)
    _since: float = field(default=0.0, init=False)

    def batch(self, plan: Plan, windows: int) -> int:
        """Return how many windows may go through the network together.

        Raises:
            InputError: Memory does not suffice for a single window.
        """
        needs = needs_of(
            plan.window, plan.shape, classes=self.classes, voxels=math.prod(self.scan_grid.size),
            network=self.memory, mirror=self.mirror,
        )  # fmt: skip
        self._forecast = foresee(
            needs, windows=windows, held_mb=resident_memory_mb(), past_mb=peak_memory_mb(),
            room_mb=available_memory_mb(), gpu_room_mb=gpu_room_mb(self.device),
        )  # fmt: skip
        self._since = time.monotonic()
        return self._forecast.batch

    def step(self, done: int, total: int) -> None:
        """Take note of a window that is done."""
        if len(self._spent) < TIMED and self._forecast is not None and self.tell is not None:
            now = time.monotonic()
            self._spent.append(now - self._since)
            self._since = now
            if len(self._spent) == min(TIMED, total):
                seconds = estimated_seconds(total, self._spent)
                if seconds >= LONG_S:
                    self.tell(forecast_line(self._forecast, seconds))
        if self.progress is not None:
            self.progress(done, total)
