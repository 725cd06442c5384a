"""What people see while a command works: a bar on a terminal, plain lines elsewhere. Both go to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Never

from myoscope.data.progress import Progress

if TYPE_CHECKING:
    from tqdm import tqdm

QUARTERS = 4


@contextmanager
def show_progress(*, quiet: bool) -> Iterator[Progress]:
    """Yield the callback that shows progress; a bar is gone at the end."""
    if quiet:
        yield _nothing
    elif sys.stderr.isatty():
        bar = StageBar()
        try:
            yield bar.show
        finally:
            bar.close()
    else:
        yield StageLines().show


class StageLines:
    """Prints a line when a stage begins, and one at every quarter of a stage that has steps."""

    def __init__(self) -> None:
        self._stage = ""
        self._quarter = 0

    def show(self, stage: str, done: int, total: int) -> None:
        """Take one step of progress."""
        stage, colon, _ = (whole := stage.replace("_", " ")).partition(":")
        if stage != self._stage:
            self._stage, self._quarter = stage, 0
            _say(whole)
        elif colon:
            _say(whole)
        quarter = QUARTERS * done // total
        if total > 1 and quarter > self._quarter:
            self._quarter = quarter
            _say(f"{stage}: {100 * done // total}% ({done} of {total})")


class StageBar:
    """Draws one bar a stage and removes it when the next begins."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: tqdm[Never] | None = None

    def show(self, stage: str, done: int, total: int) -> None:
        """Take one step of progress; what a stage will take stays to be read above the bar."""
        stage, colon, _ = (whole := stage.replace("_", " ")).partition(":")
        if self._bar is None or stage != self._stage:
            self._open(stage)
        bar = self._bar
        assert bar is not None
        if colon:
            bar.write(whole, file=sys.stderr)
        if total > 1:
            bar.bar_format, bar.total = None, total
            bar.n = done
            bar.refresh()

    def __reduce__(self) -> tuple[type[StageBar], tuple[()]]:
        """Draw a bar of its own where training goes on in another process."""
        return StageBar, ()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _open(self, stage: str) -> None:
        from tqdm import tqdm

        self.close()
        self._stage = stage
        self._bar = tqdm(desc=stage, bar_format="{desc}", file=sys.stderr, leave=False, dynamic_ncols=True)


def _nothing(stage: str, done: int, total: int) -> None:
    """Show nothing."""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
