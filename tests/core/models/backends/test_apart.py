from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from myoscope import ModelError
from myoscope.models.backends import apart
from myoscope.models.backends.apart import logits_apart
from myoscope.models.backends.openvino_library import openvino

WINDOW = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A graph that doubles a window."""
    ops = openvino().opset13
    given = ops.parameter(list(WINDOW.shape), np.float32)
    openvino().save_model(openvino().Model([ops.multiply(given, np.float32(2))], [given]), tmp_path / "graph.xml")
    return tmp_path / "graph.xml"


def test_another_process_gives_the_logits(graph: Path) -> None:
    assert np.array_equal(logits_apart(graph, WINDOW, precision="float32", threads=1), 2 * WINDOW)


def test_what_openvino_cannot_read_is_an_error_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "graph.xml").write_text("no graph")
    with pytest.raises(ModelError, match=r"OpenVINO stops with code 1: \w"):
        logits_apart(tmp_path / "graph.xml", WINDOW, precision="float32", threads=1)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("signal", "error"), [("SEGV", ModelError), ("KILL", MemoryError)])
def test_a_process_that_is_ended_does_not_end_this_one(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signal: str, error: type[Exception]
) -> None:
    ended = tmp_path / "python"
    ended.write_text(f"#!/bin/sh\nkill -{signal} $$\n")
    ended.chmod(0o755)
    monkeypatch.setattr(apart.sys, "executable", str(ended))
    with pytest.raises(error):
        logits_apart(graph, WINDOW, precision="float32", threads=1)
