import os
import subprocess
import sys
from pathlib import Path

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
