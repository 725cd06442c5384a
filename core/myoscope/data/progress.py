"""How long work tells its caller where it stands."""

from collections.abc import Callable

#: Called with a stage, the steps of it that are done and its steps in all. A stage may say after a colon what it will
#: take, as in `segment: 36 windows, about 40 s, about 1.4 GB`.
Progress = Callable[[str, int, int], None]


def say_nothing(_stage: str, _done: int, _total: int) -> None:
    """Stand where nobody listens."""
