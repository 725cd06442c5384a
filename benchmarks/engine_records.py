"""Measurements as lines of JSON, kept as they are made, and tables of them."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from myoscope.benchmarking.machine import this_machine

Row = dict[str, Any]


class Records:
    """A file to which every measurement is added at once; nothing in it is ever changed.

    Args:
        path: Made when there is none.
        resume: Whether measurements that the file holds already count, or all are made anew.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        self.path, self.began = path, time.strftime("%Y-%m-%dT%H:%M:%S")
        self.rows: list[Row] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        if resume and path.exists():
            self.rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def has(self, part: str, key: Row) -> bool:
        """Tell whether this is measured."""
        return bool(self.of(part, key))

    def of(self, part: str, key: Row | None = None) -> list[Row]:
        """Return what was measured of a part, with these values of its key."""
        wanted = json.loads(json.dumps(key or {}))
        return [row for row in self.rows if row["part"] == part and wanted.items() <= row.items()]

    def add(self, part: str, key: Row, found: Row) -> None:
        """Add a measurement."""
        load = Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
        row = {"run": self.began, "part": part, **key, **found, "load": float(load)}
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        self.rows.append(json.loads(json.dumps(row)))
        said = ", ".join(f"{k} {v:.4g}" for k, v in found.items() if isinstance(v, float))
        print(f"[{part}] {' '.join(map(str, key.values()))}: {said}", flush=True)


def machine_line() -> str:
    """Return processor, cores, memory and versions in words."""
    machine = asdict(this_machine())
    versions = machine["versions"] | {name: _version(name) for name in ("openvino", "nnunetv2")}
    listed = ", ".join(f"{name} {versions[name]}" for name in ("python", "torch", "openvino", "monai", "nnunetv2"))
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GiB; {machine['system']}; {listed}"
    )


def spread(rows: Iterable[Row], name: str, digits: int = 1) -> str:
    """Return median and range."""
    values = [row[name] for row in rows]
    if not values:
        return ""
    median = f"{statistics.median(values):.{digits}f}"
    return median if len(values) == 1 else f"{median} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def middle(rows: Iterable[Row], name: str) -> float | None:
    """Return the median; None where there is nothing."""
    values = [row[name] for row in rows if name in row]
    return statistics.median(values) if values else None


def shown(value: float | None, form: Callable[[float], str]) -> str:
    """Return a figure in words, nothing where there is none."""
    return "" if value is None else form(value)


def print_table(title: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for line in lines:
        print(f"| {' | '.join(line)} |")


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)
