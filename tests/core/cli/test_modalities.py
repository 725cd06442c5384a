from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]
ENTRY = {
    "name": "ct_thigh",
    "distribution": "myoscope",
    "version": "0.1.0",
    "entry_point": "myoscope_ct_thigh.plugin:CTThigh",
}


def test_the_list_names_modality_distribution_and_entry_point(run: Run) -> None:
    said = run("modalities")
    assert said.code == 0
    assert any(line.split() == list(ENTRY.values()) for line in said.out.splitlines())


def test_the_json_list_holds_the_same(run: Run) -> None:
    assert ENTRY in json.loads(run("modalities", "--json").out)


def test_listing_imports_no_plugin() -> None:
    code = "import sys; from myoscope.cli import main; main(['modalities']); print('myoscope_ct_thigh' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
