"""How long work tells its caller where it stands."""

from collections.abc import Callable

#: Called with a stage, the steps of it that are done and its steps in all.
Progress = Callable[[str, int, int], None]
