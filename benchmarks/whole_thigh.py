"""Seconds and peak memory a stage for a whole-thigh CT of 512 x 512 x 400 voxels.

    python benchmarks/whole_thigh.py [--size 512 512 400] [--spacing 0.8 0.8 1.25]

The scan is synthesized in a process of its own, so that its memory does not count.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Print one line a stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=3, default=[512, 512, 400])
    parser.add_argument("--spacing", type=float, nargs=3, default=[0.8, 0.8, 1.25])
    options = parser.parse_args()
    tool = [sys.executable, "-m", "myoscope"]
    with tempfile.TemporaryDirectory() as folder:
        size, spacing = [str(n) for n in options.size], [str(s) for s in options.spacing]
        data, out = Path(folder) / "data", Path(folder) / "out"
        extent = ["--size", *size, "--spacing", *spacing]
        subprocess.run(
            [*tool, "synthesize", "ct_thigh", "-o", data, "-n", "1", "--seed", "0", *extent, "-q"], check=True
        )
        scan = next((data / "images").iterdir())
        subprocess.run([*tool, "analyze", scan, "-o", out, "-q"], check=True)
        stages = json.loads((out / "run.json").read_text())["stages"]
    print(f"{' x '.join(size)} voxels")
    print(f"{'stage':12} {'seconds':>8} {'peak MiB so far':>16}")
    for stage in stages:
        print(f"{stage['stage']:12} {stage['seconds']:8.1f} {stage['peak_memory_mb']:16.0f}")
    print(f"{'sum':12} {sum(s['seconds'] for s in stages):8.1f}")


if __name__ == "__main__":
    main()
