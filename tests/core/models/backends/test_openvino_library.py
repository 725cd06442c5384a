import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from myoscope.models.backends.openvino_library import openvino, request_for, store_graph

CODE = """
import sys, warnings
warnings.simplefilter("error")
from myoscope.models.backends.openvino_library import core, openvino, processor
print(processor())
print(sorted(name for name in sys.modules if "telemetry" in name and not name.startswith("openvino.")))
"""


def test_importing_openvino_sends_nothing_leaves_no_identifier_and_says_nothing(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, env=os.environ | home, check=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[]"
    assert list(tmp_path.rglob("*")) == []


def test_constants_that_half_precision_holds_take_half_the_room_and_all_keep_their_values(tmp_path: Path) -> None:
    count = 1000
    exact, rounded, beyond = (np.full((1, count), n, dtype=np.float32) for n in (0.5, 0.1, 2.0**17))
    ops = openvino().opset13
    given = ops.parameter([1, count], np.float32)
    result = ops.concat([ops.multiply(given, factor) for factor in (exact, rounded, beyond)], axis=0)
    store_graph(openvino().Model([result], [given]), tmp_path / "graph.xml")
    assert {path.name for path in tmp_path.iterdir()} == {"graph.xml", "graph.bin"}
    assert (tmp_path / "graph.bin").stat().st_size == count * (2 + 4 + 4)
    ones = np.ones((1, count), dtype=np.float32)
    found = request_for(tmp_path / "graph.xml", precision="float32", threads=1).infer([ones])[0]
    assert np.array_equal(found, np.concatenate([exact, rounded, beyond]))
