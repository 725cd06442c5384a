"""Memory that one step frees serves the next."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Prints how many pages the system hands out for two arrays of 200 MB, one after the other is freed.
PROGRAM = """
import resource, sys
import numpy as np
from myoscope.training.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
np.full(200_000_000, 1, dtype=np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.full(200_000_000, 1, dtype=np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _pages(way: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, way], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="a property of glibc")
def test_the_system_is_asked_for_no_memory_a_second_time() -> None:
    kept, handed_back = _pages("keep"), _pages("hand back")
    assert kept < 10
    assert handed_back >= 10 * max(kept, 1)
