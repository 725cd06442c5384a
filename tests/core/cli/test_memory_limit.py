"""`myoscope analyze` in a process that may take only so much memory (`ulimit -d`)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what this limit forbids")

#: Runs the command with little memory where the model never ran before, then where it is ready, then with as much more
#: as it says that it lacks.
SCRIPT = r"""
import contextlib, io, json, os, re, resource, sys
import monai.networks.nets, psutil, scipy.ndimage, SimpleITK, torch  # what libraries take, they take before
from myoscope.cli import main
from myoscope.models import find_model
from myoscope.models.backends.agreement import Agreement
from myoscope.models.backends.cache import cache_of

image, out = sys.argv[1:]
model = "ct_thigh/unetr_small"
limit = psutil.Process().memory_info().data + 200 * 2**20

def run():
    resource.setrlimit(resource.RLIMIT_DATA, (limit, -1))
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = main(["analyze", image, "-o", out, "--model", model, "--backend", "torch", "--no-report", "-q"])
    resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))
    return {"code": code, "said": said.getvalue(), "wrote": os.path.exists(out)}

first = run()
# To try a precision would take seconds.
untried = Agreement(0.0, 0.0, 0, "Not tried.")
cache_of(find_model(model, "ct_thigh")).agreement("torch bfloat16", lambda: untried)
little = run()
missing = [float(number) for number in re.findall(r"([0-9.]+) GB", little["said"])]
if len(missing) == 2:
    limit += int((missing[0] - missing[1] + 0.1) * 1e9)  # both are rounded
print(json.dumps([first, little, run()]))
"""


@pytest.fixture(scope="module")
def runs(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    command = [sys.executable, "-c", SCRIPT, str(image), str(tmp_path_factory.mktemp("limited") / "out")]
    own = os.environ | {"OMP_NUM_THREADS": "1", "MYOSCOPE_CACHE": str(tmp_path_factory.mktemp("empty"))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_too_little_memory_is_refused_with_what_is_needed_and_nothing_is_written(runs: Any) -> None:
    refused = runs[1]
    assert refused["code"] == 3, refused["said"]
    assert re.match(r"error: .* needs about \d\.\d GB of memory more, and \d\.\d GB are free\.\n", refused["said"])
    assert not refused["wrote"]


def test_too_little_memory_for_a_models_first_run_is_refused_just_so(runs: Any) -> None:
    refused = runs[0]
    assert refused["code"] == 3, refused["said"]
    assert re.match(
        r"error: The first run of ct_thigh/unetr_small on this machine needs about \d\.\d GB of memory more, and "
        r"\d\.\d GB are free\.\n",
        refused["said"],
    )
    assert not refused["wrote"]


def test_with_the_memory_that_it_said_was_missing_it_finishes(runs: Any) -> None:
    assert runs[2] == {"code": 0, "said": "", "wrote": True}
