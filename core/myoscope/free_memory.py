"""How much memory this process may still take: of the machine, its container and its own limits, the least."""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from myoscope.errors import InputError

MB = 2**20
PROCESS = Path("/proc/self")
CGROUPS = Path("/sys/fs/cgroup")


#: So many times what is needed has to be free: the first run of a process scatters what it holds.
MARGIN = 1.3


def gigabytes(mebibytes: float) -> str:
    """Return an amount of memory as a person reads it."""
    return f"{mebibytes * MB / 1e9:.1f} GB"


def check_room(doing: str, needed_mb: float, room_mb: float) -> None:
    """Refuse what needs more memory, with `MARGIN`, than there is.

    Args:
        doing: What needs it, to begin a sentence with.
        needed_mb: MiB besides what the process holds.
        room_mb: MiB that the process may still take.

    Raises:
        InputError: It does not suffice.
    """
    if MARGIN * needed_mb > room_mb:
        raise InputError(
            f"{doing} needs about {gigabytes(MARGIN * needed_mb)} of memory more, and "
            f"{gigabytes(max(room_mb, 0.0))} are free.",
            "Close other programs, give the container or job more memory, or crop the scan to what shall be measured.",
        )


def available_memory_mb() -> float:
    """Return how many MiB this process may still take before memory runs out; may be below 0."""
    import psutil

    room = float(psutil.virtual_memory().available) / MB
    return min(room, cgroup_room_mb(), _limit_room_mb()) if sys.platform == "linux" else room


def give_back_memory() -> None:
    """Give back to the system what was freed: the GNU C library keeps it, often more than a network takes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def gpu_room_mb(device: str) -> float | None:
    """Return how many MiB are free on a torch device with memory of its own; None on any other."""
    if not device.startswith("cuda"):
        return None
    import torch

    return float(torch.cuda.mem_get_info(device)[0]) / MB


def cgroup_room_mb(process: Path = PROCESS, cgroups: Path = CGROUPS) -> float:
    """Return how many MiB the control groups of a process leave it, infinite without a limit.

    The least room on the way up counts, as a group is bound by those around it. A container that does not see its own
    place in the tree finds its limit at the top. Of the file cache, what was not used lately is free, as Kubernetes
    counts it. Sources: Linux, admin-guide/cgroup-v2.rst, 'Memory', and admin-guide/cgroup-v1/memory.rst.

    Args:
        process: The folder of the process in `/proc`.
        cgroups: Where control groups are mounted.
    """
    rooms = [math.inf]
    for top, path, (limit, usage, cache) in _memory_groups(process, cgroups):
        for folder in (top / path, *(top / path).parents):
            if not folder.is_relative_to(top):
                break
            most = _number(folder / limit)
            if most < math.inf:
                rooms.append((most - _number(folder / usage) + _cached(folder / "memory.stat", cache)) / MB)
    return min(rooms)


def _memory_groups(process: Path, cgroups: Path) -> Iterator[tuple[Path, str, tuple[str, str, str]]]:
    """Yield the mount, the path below it, and the names of limit, usage and idle cache, of version 2 and 1."""
    try:
        lines = (process / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        # a path out of the container's own tree begins with /..
        inside = "/".join(part for part in path.split("/") if part not in ("", ".."))
        if number == "0":
            yield cgroups, inside, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield cgroups / "memory", inside, names


def _number(file: Path) -> float:
    """Return the number of bytes in a file; infinite for `max` or where there is no such file."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except OSError:
        return math.inf
    return float(text) if text.isdecimal() else math.inf


def _cached(file: Path, name: str) -> float:
    try:
        rows = (line.split() for line in file.read_text(encoding="ascii").splitlines())
        return next((float(row[1]) for row in rows if row[0] == name), 0.0)
    except OSError:
        return 0.0


def _limit_room_mb() -> float:
    """Return how many MiB the process's own limits leave it: of addresses (`ulimit -v`) and of data (`ulimit -d`)."""
    import resource

    import psutil

    used = psutil.Process().memory_info()
    pairs = [(resource.RLIMIT_AS, used.vms), (resource.RLIMIT_DATA, used.data)]
    limits = [(resource.getrlimit(kind)[0], now) for kind, now in pairs]
    return min([math.inf, *((most - now) / MB for most, now in limits if most != resource.RLIM_INFINITY)])
