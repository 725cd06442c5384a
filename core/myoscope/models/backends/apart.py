"""A graph tried in a process of its own: a fault in OpenVINO ends the process that it happens in.

OpenVINO 2026.4 does so while it compiles a 2D U-Net with group normalization for float32.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from myoscope.errors import ModelError
from myoscope.models.backends.openvino_library import request_for

WINDOW, LOGITS = "window.npy", "logits.npy"
#: What a process leaves that ran out of memory: the signal of a system that ends it, or words.
KILLED, OUT_OF_MEMORY = -9, ("bad_alloc", "MemoryError")


def logits_apart(graph: Path, window: NDArray[np.float32], *, precision: str, threads: int) -> NDArray[np.float32]:
    """Return the logits of a window (1, channels, *window) by a stored graph, computed in another process.

    Raises:
        ModelError: OpenVINO cannot run the graph.
        MemoryError: There is not enough memory.
    """
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / WINDOW, window)
        command = [sys.executable, "-m", __name__, str(graph), precision, str(threads), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own module
        if done.returncode == 0:
            found: NDArray[np.float32] = np.load(Path(folder) / LOGITS)
            return found
    if done.returncode == KILLED or any(words in done.stderr for words in OUT_OF_MEMORY):
        raise MemoryError(f"{graph} was not run by OpenVINO: out of memory")
    said = done.stderr.strip().splitlines()[-1:] or ["nothing said"]
    raise ModelError(f"OpenVINO stops with code {done.returncode}: {said[0][:200]}.", "Choose the backend torch.")


def _main(graph: str, precision: str, threads: str, folder: str) -> None:
    """Run a graph on the window in a folder and leave the logits there."""
    request = request_for(Path(graph), precision=precision, threads=int(threads))
    np.save(Path(folder) / LOGITS, request.infer([np.load(Path(folder) / WINDOW)])[0])


if __name__ == "__main__":
    _main(*sys.argv[1:])
