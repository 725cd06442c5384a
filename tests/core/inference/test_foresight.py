"""A run that is foreseen with a clock that stands still between windows of known length."""

import pytest

from myoscope import Grid, InputError
from myoscope.inference import foresight
from myoscope.inference.foresight import Foresight
from myoscope.inference.windows import plan_windows
from myoscope.models.backends.memory import NetworkMemory

GRID = Grid.identity((100, 100, 100), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
PLAN = plan_windows((96, 96, 288), (96, 96, 96), 0.0)


class Clock:
    """Gives the seconds since it was made, which a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(foresight, "time", made)
    return made


def ahead(told: list[str], window_mb: float = 10.0) -> Foresight:
    return Foresight(NetworkMemory(0.0, window_mb), 3, GRID, mirror=False, device="cpu", tell=told.append)


@pytest.mark.parametrize(("window_s", "lines"), [(1.0, 0), (20.0, 1)])
def test_a_long_run_is_told_of_once_and_a_short_one_never(clock: Clock, window_s: float, lines: int) -> None:
    told: list[str] = []
    run = ahead(told)
    assert run.batch(PLAN, 3) == 1
    for done in (1, 2, 3):
        clock.now += window_s
        run.step(done, 3)
    assert len(told) == lines
    assert all(line.startswith("3 windows, about 60 s, about ") and line.endswith(" GB") for line in told)


def test_a_run_for_which_memory_does_not_suffice_is_refused_with_what_it_needs(clock: Clock) -> None:
    assert clock.now == 0.0
    with pytest.raises(InputError, match=r"needs about .* GB of memory more, and .* GB are free"):
        ahead([], window_mb=1e9).batch(PLAN, 3)
