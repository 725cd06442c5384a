"""How much memory this process holds, and has needed at most."""

from __future__ import annotations

import sys
from pathlib import Path


def resident_memory_mb() -> float:
    """Return the process's resident memory in MiB, now."""
    import psutil

    return round(float(psutil.Process().memory_info().rss) / 2**20, 1)


def peak_memory_mb() -> float:
    """Return the high-water mark of the process's resident memory in MiB."""
    if sys.platform == "win32":
        import psutil

        return round(float(psutil.Process().memory_info().peak_wset) / 2**20, 1)
    if sys.platform == "linux":  # `getrusage` would count the process that started this one, too
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        if peaks:
            return round(int(peaks[0]) / 1024, 1)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)
