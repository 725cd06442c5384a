from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from myoscope import OutputError
from myoscope.models import ModelPackage
from myoscope.models.backends.agreement import Agreement
from myoscope.models.backends.cache import ModelCache, cache_of
from myoscope.models.backends.openvino_library import openvino, request_for
from myoscope.settings import get_settings

#: A graph of one channel, made slowly, so that processes meet.
MAKE = """
import sys, time
from pathlib import Path
import numpy as np
from myoscope.models.backends.cache import ModelCache
from myoscope.models.backends.openvino_library import openvino
def make():
    time.sleep(0.3)
    ops = openvino().opset13
    given = ops.parameter([1, 1, 2, 2], np.float32)
    return openvino().Model([ops.multiply(given, np.full((1, 1, 2, 2), 2, dtype=np.float32))], [given])
print(ModelCache(Path(sys.argv[1])).graph(1, make))
"""


def doubling() -> Any:
    ops = openvino().opset13
    given = ops.parameter([1, 1, 2, 2], np.float32)
    return openvino().Model([ops.multiply(given, np.full((1, 1, 2, 2), 2, dtype=np.float32))], [given])


def never() -> Any:
    raise AssertionError("made again")


def doubles(graph: Path) -> bool:
    ones = np.ones((1, 1, 2, 2), dtype=np.float32)
    return bool((request_for(graph, precision="float32", threads=1).infer([ones])[0] == 2).all())


def test_a_graph_is_made_once_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    cache = ModelCache(tmp_path / "model")
    graph = cache.graph(1, doubling)
    assert doubles(graph)
    assert cache.graph(1, never) == graph
    assert {path.name for path in tmp_path.rglob("*")} == {
        "model", "1_channels", "graph.xml", "graph.bin", "sha256.json",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["graph.xml", "graph.bin", "sha256.json"])
@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(b""), lambda path: path.unlink()], ids=["emptied", "missing"]
)
def test_what_is_damaged_is_made_again(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    cache = ModelCache(tmp_path)
    damage(cache.graph(1, doubling).with_name(name))
    assert doubles(cache.graph(1, doubling))
    assert doubles(cache.graph(1, never))


def test_two_processes_at_once_leave_one_whole_graph(tmp_path: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    found = {process.communicate()[0].strip() for process in started}
    assert [process.returncode for process in started] == [0, 0]
    assert found == {str(ModelCache(tmp_path).graph(1, never))}
    assert doubles(Path(found.pop()))


def test_an_agreement_is_measured_once_and_again_when_its_file_is_damaged(tmp_path: Path) -> None:
    cache, measured = ModelCache(tmp_path), Agreement(0.9995, 0.998, 4000)
    assert cache.agreement("openvino bfloat16", lambda: measured) == measured
    assert cache.agreement("openvino bfloat16", never) == measured
    (tmp_path / "openvino_bfloat16.json").write_text('{"everywhere": 1}')
    assert cache.agreement("openvino bfloat16", lambda: replace(measured, count=1)).count == 1


def test_models_that_differ_in_anything_have_caches_of_their_own(tiny_package: ModelPackage) -> None:
    wider = replace(tiny_package.card.recipe, window=(40, 24, 24))
    others = [replace(tiny_package.card, sha256="0" * 64), replace(tiny_package.card, recipe=wider)]
    caches = {cache_of(replace(tiny_package, card=card)).folder for card in (tiny_package.card, *others)}
    assert len(caches) == 3
    assert all(get_settings().cache_dir in folder.parents for folder in caches)


def test_where_nothing_can_be_written_the_cache_is_elsewhere_for_the_time_being(
    tiny_package: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MYOSCOPE_CACHE", str(tmp_path / "file" / "cache"))
    get_settings.cache_clear()
    cache = cache_of(tiny_package)
    assert tmp_path not in cache.folder.parents
    assert cache.agreement("torch bfloat16", lambda: Agreement(1.0, 1.0, 9)) == Agreement(1.0, 1.0, 9)


def test_a_cache_that_cannot_be_written_any_more_is_said(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("a file in its place")
    with pytest.raises(OutputError, match="MYOSCOPE_CACHE"):
        ModelCache(tmp_path / "model").graph(1, doubling)
    with pytest.raises(OutputError, match="MYOSCOPE_CACHE"):
        ModelCache(tmp_path / "model").agreement("torch bfloat16", lambda: Agreement(1.0, 1.0, 9))
