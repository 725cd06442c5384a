"""What the benchmark ran on."""

from __future__ import annotations

import math
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from myoscope.benchmarking.values import Machine

#: Distributions whose versions decide how fast and how well models run.
LIBRARIES = ("myoscope", "numpy", "scipy", "SimpleITK", "torch", "monai")


def this_machine() -> Machine:
    """Return system, processor, cores, memory and versions."""
    return Machine(
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        processor=_processor(),
        cores=_cores(),
        memory_gb=_memory_gb(),
        versions={name: _version(name) for name in LIBRARIES} | {"python": platform.python_version()},
    )


def _processor() -> str:
    """Return the processor's name: `platform` knows it everywhere but on Linux."""
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gb() -> float:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return math.nan


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
