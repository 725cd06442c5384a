"""Seconds and peak memory a stage for a whole-thigh CT of 512 x 512 x 400 voxels, or of a scan of your own.

    python benchmarks/whole_thigh.py [--size 512 512 400] [--spacing 0.8 0.8 1.25]
    python benchmarks/whole_thigh.py --scan subject.zip

The scan is synthesized in a process of its own, so that its memory does not count. What is no stage of the analysis is
the start of Python and its libraries, the report and the writing of files. Seconds of the processor do not depend on
what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOOL = (sys.executable, "-m", "myoscope")


def main() -> None:
    """Print one line a stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=3, default=[512, 512, 400])
    parser.add_argument("--spacing", type=float, nargs=3, default=[0.8, 0.8, 1.25])
    parser.add_argument("--scan", type=Path, help="analyzed instead of a synthetic CT")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scan = options.scan or _synthesized(folder / "data", options.size, options.spacing)
        print(scan.name if options.scan else f"{' x '.join(str(n) for n in options.size)} voxels")
        _report(scan, folder / "out")


def _synthesized(folder: Path, size: list[int], spacing: list[float]) -> Path:
    extent = ["--size", *(str(n) for n in size), "--spacing", *(str(s) for s in spacing)]
    subprocess.run([*TOOL, "synthesize", "ct_thigh", "-o", folder, "-n", "1", "--seed", "0", *extent, "-q"], check=True)
    return next((folder / "images").iterdir())


def _report(scan: Path, out: Path) -> None:
    processor, started = _processor_seconds(), time.perf_counter()
    subprocess.run([*TOOL, "analyze", scan, "-o", out, "-q"], check=True)
    total, processor = time.perf_counter() - started, _processor_seconds() - processor
    stages = json.loads((out / "run.json").read_text())["stages"]
    rest = total - sum(stage["seconds"] for stage in stages)
    print(f"{'stage':24} {'seconds':>8} {'share':>6} {'peak MiB so far':>16}")
    for stage in stages:
        share = stage["seconds"] / total
        print(f"{stage['stage']:24} {stage['seconds']:8.1f} {share:6.0%} {stage['peak_memory_mb']:16.0f}")
    print(f"{'start, report and files':24} {rest:8.1f} {rest / total:6.0%}")
    print(f"{'sum':24} {total:8.1f}    {processor:.1f} seconds of the processor")


def _processor_seconds() -> float:
    """Return what all processes that this one has started and seen end have spent."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
