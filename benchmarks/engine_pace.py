"""What the machine could do at best, what each backend makes of it, and how long it takes to begin."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine_records import Records

from myoscope.plugins import open_modality

if TYPE_CHECKING:
    from engine_ways import Networks

    from myoscope.models import ModelPackage

BACKENDS = (
    ("plain torch", "float32"), ("torch", "float32"), ("torch", "bfloat16"), ("openvino", "float32"),
    ("openvino", "bfloat16"),
)  # fmt: skip
#: Rows and columns of the matrices multiplied.
MATRIX = 3072
GIGA = 1e9
STARTS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import myoscope'": [sys.executable, "-c", "import myoscope"],
    "myoscope --version": [sys.executable, "-m", "myoscope", "--version"],
    "myoscope --help": [sys.executable, "-m", "myoscope", "--help"],
    "myoscope modalities": [sys.executable, "-m", "myoscope", "modalities"],
}


def measure_floor(records: Records, networks: Networks, rounds: int) -> None:
    """Measure multiplication of matrices, and one window by each backend in random order."""
    import torch

    package = networks.package
    key = {"model": package.folder.name}
    if records.has("floor", key):
        return
    gflop = window_flop(package) / GIGA
    window = torch.rand(1, len(package.card.recipe.channels), *package.card.recipe.window[::-1])
    with torch.inference_mode():
        for backend in BACKENDS:
            networks.open(*backend)(window)
        for number in range(rounds):
            for backend in random.sample(BACKENDS, len(BACKENDS)):
                network = networks.open(*backend)
                seconds = _seconds(lambda network=network: network(window))
                records.add("window", key | {"backend": " ".join(backend), "round": number}, {"seconds": seconds})
        rates = {name: _matrix_rate(getattr(torch, name), rounds) for name in ("float32", "bfloat16")}
    records.add("floor", key, {"gflop": gflop} | rates)


def window_flop(package: ModelPackage) -> float:
    """Return the floating-point operations of one window: multiplications and additions each count."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    recipe = package.card.recipe
    with torch.device("meta"):
        network = open_modality(package.card.modality).build_network(recipe).eval()
        window = torch.zeros(1, len(recipe.channels), *recipe.window[::-1])
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network(window)
    return float(counter.get_total_flops())


def measure_starting(records: Records, rounds: int) -> None:
    """Measure how long commands take that do nothing yet, in random order; the first round only warms the disk."""
    for number in range(-1, 2 + rounds):
        for name in random.sample(list(STARTS), len(STARTS)):
            key = {"command": name, "round": number}
            if records.has("starting", key):
                continue
            command = STARTS[name]
            seconds = _seconds(lambda command=command: subprocess.run(command, check=True, capture_output=True))
            if number >= 0:
                records.add("starting", key, {"seconds": seconds})


def _matrix_rate(dtype: object, rounds: int) -> float:
    """Return the GFLOP/s of the fastest of several products of two square matrices."""
    import torch

    one = torch.rand(MATRIX, MATRIX).to(dtype)
    best = min(_seconds(lambda: one @ one) for _ in range(rounds + 1))
    return 2 * MATRIX**3 / best / GIGA


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
