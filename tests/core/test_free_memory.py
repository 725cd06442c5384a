from __future__ import annotations

import math
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from myoscope.free_memory import available_memory_mb, cgroup_room_mb, gpu_room_mb

MB = 2**20


def tree(folder: Path, lines: str, files: dict[str, str]) -> tuple[Path, Path]:
    """Write the folder of a process and control groups, and return both."""
    process, cgroups = folder / "proc", folder / "cgroup"
    process.mkdir()
    (process / "cgroup").write_text(lines)
    for name, text in files.items():
        file = cgroups / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return process, cgroups


def v2(folder: str, most: str, used_mb: int, idle_mb: int = 0) -> dict[str, str]:
    return {
        f"{folder}/memory.max": most,
        f"{folder}/memory.current": f"{used_mb * MB}\n",
        f"{folder}/memory.stat": f"anon 1\nfile 99\ninactive_file {idle_mb * MB}\nactive_file 7\n",
    }


def v1(folder: str, most: int, used_mb: int, idle_mb: int = 0) -> dict[str, str]:
    return {
        f"memory/{folder}/memory.limit_in_bytes": f"{most}\n",
        f"memory/{folder}/memory.usage_in_bytes": f"{used_mb * MB}\n",
        f"memory/{folder}/memory.stat": f"inactive_file 5\ntotal_inactive_file {idle_mb * MB}\n",
    }


def test_a_group_leaves_its_limit_less_what_is_used_but_for_the_idle_file_cache(tmp_path: Path) -> None:
    given = tree(tmp_path, "0::/job\n", v2("job", str(1000 * MB), 300, idle_mb=50))
    assert cgroup_room_mb(*given) == 750


def test_the_least_room_of_nested_groups_counts(tmp_path: Path) -> None:
    files = v2("slice/job/step", "max\n", 100) | v2("slice/job", str(900 * MB), 200) | v2("slice", str(500 * MB), 400)
    assert cgroup_room_mb(*tree(tmp_path, "0::/slice/job/step\n", files)) == 100


def test_version_1_is_read_from_its_own_tree(tmp_path: Path) -> None:
    unlimited = 9223372036854771712
    files = v1("a/b", unlimited, 10) | v1("a", 800 * MB, 500, idle_mb=100)
    given = tree(tmp_path, "5:cpu,cpuacct:/x\n4:hugetlb,memory:/a/b\n0::/\n", files)
    assert cgroup_room_mb(*given) == 400


@pytest.mark.parametrize("path", ["/", "/../other", "/docker/0123"], ids=str)
def test_a_container_that_does_not_see_its_place_finds_its_limit_at_the_top(tmp_path: Path, path: str) -> None:
    assert cgroup_room_mb(*tree(tmp_path, f"0::{path}\n", v2(".", str(256 * MB), 56))) == 200


@pytest.mark.parametrize("lines", ["", "0::/job\n", "3:memory:/job\n"], ids=["no groups", "version 2", "version 1"])
def test_where_nothing_is_limited_the_room_is_infinite(tmp_path: Path, lines: str) -> None:
    assert cgroup_room_mb(*tree(tmp_path, lines, v2("job", "max\n", 300))) == math.inf
    assert cgroup_room_mb(tmp_path / "nowhere", tmp_path) == math.inf


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has control groups")
def test_a_container_leaves_a_process_no_more_than_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = partial(cgroup_room_mb, *tree(tmp_path, "0::/\n", v2(".", str(20 * MB), 15)))
    monkeypatch.setattr("myoscope.free_memory.cgroup_room_mb", room)
    assert available_memory_mb() == 5


def test_no_more_is_free_than_the_machine_has() -> None:
    assert 0 < available_memory_mb() <= psutil.virtual_memory().total / MB


def test_a_processor_has_no_memory_of_its_own() -> None:
    assert gpu_room_mb("cpu") is None
    assert gpu_room_mb("mps") is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what these limits forbid")
@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_what_a_limit_is_said_to_leave_can_be_taken_and_hardly_more(limit: str) -> None:
    """The process takes all but 8 MiB of what is said to be free, and then fails to take 16 MiB."""
    script = f"""
import mmap, psutil, resource
from myoscope.free_memory import available_memory_mb

available_memory_mb()
info = psutil.Process().memory_info()
used = info.vms if {limit!r} == "RLIMIT_AS" else info.data
resource.setrlimit(resource.{limit}, (used + 200 * 2**20,) * 2)
said = available_memory_mb()
private = dict(flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
held = mmap.mmap(-1, int(said - 8) * 2**20, **private)
try:
    mmap.mmap(-1, 16 * 2**20, **private)
except OSError:
    print(round(said))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 190 <= int(done.stdout) <= 200
