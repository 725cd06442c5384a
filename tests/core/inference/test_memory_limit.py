"""A volume through the embedded CT model in a process that may take only so much memory (`ulimit -d`).

A limit of addresses (`ulimit -v`) also counts gigabytes that libraries reserve and never use; it is not tried here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from myoscope.free_memory import MARGIN

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what this limit forbids")

SCRIPT = '''
import hashlib, json, math, resource
import numpy as np, psutil
import myoscope
from myoscope.data.inference import InferenceOptions
from myoscope.errors import InputError
from myoscope.free_memory import MARGIN, available_memory_mb, give_back_memory
from myoscope.inference import budget
from myoscope.models.backends.memory import network_memory, still_to_take
from myoscope.inference.volumes import label_volume
from myoscope.models import find_model, load_network
from myoscope.peak_memory import resident_memory_mb
from myoscope.plugins import open_modality

plugin = open_modality("ct_thigh")
scan = myoscope.synthesize("ct_thigh", 3, myoscope.SynthesisOptions(spacing_mm=(6.0, 6.0, 18.0))).scan
package = find_model("ct_thigh/unetr_small", "ct_thigh")
recipe = package.card.recipe
runner = load_network(package, plugin, "cpu")
window = recipe.window[::-1]
piece = plugin.preprocess(scan, recipe).channels["ct"][tuple(slice(n) for n in window)]
volume, values = [np.concatenate(8 * [piece])], np.arange(len(recipe.structures) + 1, dtype=np.uint8)
upright = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
grid = myoscope.Grid(volume[0].shape[::-1], recipe.spacing_mm, (0.0, 0.0, 0.0), upright)
needs = budget.needs_of(
    window, volume[0].shape, classes=len(values), voxels=math.prod(grid.size),
    network=still_to_take(network_memory(plugin.build_network, recipe, channels=1), "torch cpu float32"),
)
one = budget.needed_memory_mb(needs, 1)
seen = []

def network(windows):
    logits = runner(windows)
    seen.append(len(windows))
    return logits

def leave(room_mb):
    resource.setrlimit(resource.RLIMIT_DATA, (psutil.Process().memory_info().data + int(room_mb * 2**20), -1))

def run(room_mb, batch):
    """Return what a run with so much memory gives; `batch` is the budget's own when 0."""
    seen.clear()
    give_back_memory()  # what an earlier run left with the allocator would be room beyond what is left
    leave(room_mb)
    try:
        forecast = budget.foresee(
            needs, windows=8, held_mb=resident_memory_mb(), past_mb=0.0, room_mb=available_memory_mb()
        )
        done = label_volume(
            volume, grid, network, recipe, values=values, scan_grid=grid, device="cpu",
            options=InferenceOptions(overlap=0.0), batch=lambda *_: batch or forecast.batch,
        )
    except InputError as error:
        return {"refused": str(error), "seen": list(seen)}
    finally:
        leave(1e6)
    return {"labels": hashlib.sha256(done.labels.tobytes()).hexdigest(), "seen": list(seen)}

short = run(one, 0)
enough = run(MARGIN * one + 1.0, 0)
greedy = run(MARGIN * one + 0.5 * needs.window_mb, 8)
print(json.dumps({"one": one, "short": short, "enough": enough, "greedy": greedy}))
'''


@pytest.fixture(scope="module")
def said() -> Any:
    threads = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, env=threads)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_too_little_memory_is_refused_with_the_number_before_the_network_runs(said: Any) -> None:
    assert said["short"]["seen"] == []
    assert f"needs about {MARGIN * said['one'] * 2**20 / 1e9:.1f} GB" in said["short"]["refused"]


def test_the_memory_asked_for_is_enough(said: Any) -> None:
    assert "refused" not in said["enough"]
    assert said["enough"]["seen"] == [1] * 8


def test_a_batch_that_is_too_large_shrinks_and_the_labels_stay(said: Any) -> None:
    assert min(said["greedy"]["seen"]) < 8
    assert sum(said["greedy"]["seen"]) == 8
    assert said["greedy"]["labels"] == said["enough"]["labels"]
