"""What each stage of one case costs, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from myoscope.data.progress import Progress
from myoscope.data.result import StageCost
from myoscope.errors import MyoscopeError
from myoscope.peak_memory import peak_memory_mb


@dataclass
class Stages:
    """Times the stages of one case and passes on their progress.

    Attributes:
        progress: Called with stage, steps done and steps in all.
        costs: Of the stages that are done, in order.
    """

    progress: Progress | None
    costs: list[StageCost] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside as a stage; an error gains its name."""
        self.report(name, 0, 1)
        started = time.perf_counter()
        try:
            yield
        except MyoscopeError as error:
            error.add_note(f"stage: {name}")
            raise
        self.costs.append(StageCost(name, round(time.perf_counter() - started, 3), peak_memory_mb()))
        self.report(name, 1, 1)

    def report(self, name: str, done: int, total: int) -> None:
        """Pass on how far a stage is."""
        if self.progress is not None:
            self.progress(name, done, total)
