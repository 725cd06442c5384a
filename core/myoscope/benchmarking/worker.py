"""A process of its own for each model, so that its peak memory is the model's and its crash breaks nothing else.

What crosses is a value: a scan goes in, labels and measurements come back.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from myoscope.data.measurement import Measurements
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.errors import MyoscopeError

#: Ctrl-C is the parent's to handle. The script of the parent is not run again, as `multiprocessing` would.
BOOT = """\
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:] = {path!r}
from myoscope.benchmarking.worker import serve
serve()
"""
STDOUT = 1
#: The signal that nothing survives.
KILLED = 9
#: Seconds that a process may take to end when there is nothing left to do.
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """What a process is to analyze with.

    Attributes:
        modality: Name of the modality.
        model: Folder of the model package.
        device: As for `analyze`.
    """

    modality: str
    model: Path
    device: str


@dataclass(frozen=True, slots=True)
class Analyzed:
    """What a process found in one scan.

    Attributes:
        segmentation: On the scan's grid.
        measurements: Of the segmentation.
        seconds: From the scan in memory to its measurements.
        peak_memory_mb: High-water mark of the process.
    """

    segmentation: Segmentation
    measurements: Measurements
    seconds: float
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a scan could not be analyzed."""

    reason: str


class Worker:
    """Analyzes scans in a process of its own; another one is started when it dies."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._end(self._process, patience_s=PATIENCE_S if error is None else 0.0)

    def analyze(self, scan: Scan) -> Analyzed | Failed:
        """Return what the model finds, or why it finds nothing."""
        process = self._process = self._process or _start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((self._job, scan), process.stdin)
            process.stdin.flush()
            answer: Analyzed | Failed = pickle.load(process.stdout)  # noqa: S301  # of our own process
        except (EOFError, OSError, pickle.UnpicklingError):
            return Failed(self._last_words(process))
        return answer

    def _last_words(self, process: subprocess.Popen[bytes]) -> str:
        """Return how the process ended, and forget it."""
        code = self._end(process, patience_s=PATIENCE_S)
        if code == -KILLED:
            return "Its process was killed, as the system does when memory runs out."
        return f"Its process ended with exit code {code}."

    def _end(self, process: subprocess.Popen[bytes], *, patience_s: float) -> int:
        """Let the process end, make it when it does not, and return its exit code."""
        self._process = None
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what it never read is lost
                pipe.close()
        try:
            return process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _start() -> subprocess.Popen[bytes]:
    """Return a new process that finds the modules that this one finds."""
    code = BOOT.format(path=sys.path)
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603


def serve() -> None:
    """Analyze every (job, scan) that comes until there are no more; all that the process does."""
    _silence()
    with os.fdopen(os.dup(STDOUT), "wb") as answers, Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), STDOUT)  # what libraries print is not an answer
        warm = False
        while (asked := _next()) is not None:
            job, scan = asked
            if not warm:
                # What is wrong with the model is told for each scan; here it is loaded before the clock starts.
                with suppress(Exception):
                    _load(job)
                warm = True
            pickle.dump(_analyzed(scan, job), answers)
            answers.flush()


def _next() -> tuple[Job, Scan] | None:
    """Return what to analyze next; None when there is nothing more."""
    try:
        asked: tuple[Job, Scan] = pickle.load(sys.stdin.buffer)  # noqa: S301  # of the process that started this one
    except EOFError:
        return None
    return asked


def _analyzed(scan: Scan, job: Job) -> Analyzed | Failed:
    from myoscope.peak_memory import peak_memory_mb
    from myoscope.pipeline import analyze

    try:
        result = analyze(scan, modality=job.modality, model=str(job.model), device=job.device)
    except MyoscopeError as error:
        return Failed(str(error))
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything, and a failure is a row
        return Failed(f"{type(error).__name__}: {error}")
    seconds = sum(stage.seconds for stage in result.provenance.stages)
    return Analyzed(result.segmentation, result.measurements, seconds, peak_memory_mb())


def _load(job: Job) -> None:
    from myoscope.inference import choose_device
    from myoscope.models import load_network, read_package
    from myoscope.plugins import open_modality

    package = read_package(job.model)
    device = choose_device(job.device)
    if package.card.backend == "torch":
        load_network(package, open_modality(job.modality), device)


def _silence() -> None:
    """Keep what other libraries say from people who cannot act on it, as the command line does."""
    import logging
    import warnings

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
