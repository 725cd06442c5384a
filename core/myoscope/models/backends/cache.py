"""What was found out about a model on this machine, kept so that it is the same every time: graphs and agreements.

A cache may be deleted at any time, and what is damaged in it is made again.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from myoscope.errors import OutputError
from myoscope.io.atomic import check_writable
from myoscope.models.backends.agreement import Agreement
from myoscope.models.backends.memory import NetworkMemory
from myoscope.models.backends.openvino_library import processor, store_graph
from myoscope.models.card import card_json
from myoscope.models.package import sha256_of
from myoscope.settings import get_settings

if TYPE_CHECKING:
    from myoscope.models.package import ModelPackage

Fact = TypeVar("Fact", Agreement, NetworkMemory)
GRAPH, WEIGHTS, SUMS = "graph.xml", "graph.bin", "sha256.json"
LIBRARIES = ("myoscope", "openvino", "torch")
#: Another one when graphs are stored in another way.
FORM = "weights in half precision where exact"


@dataclass(frozen=True, slots=True)
class ModelCache:
    """The cache of one model on one kind of processor with these versions of the libraries.

    Attributes:
        folder: Need not exist, but can be made.
    """

    folder: Path

    def graph(self, channels: int, make: Callable[[], Any]) -> Path:
        """Return the file of the OpenVINO graph for so many channels, made where it is missing or damaged.

        Raises:
            OutputError: It cannot be written.
        """
        place = self.folder / f"{channels}_channels"
        if not _is_whole(place):
            graph = make()
            try:
                _put(graph, place)
            except OSError as error:
                raise _unwritable(place, error) from error
        return place / GRAPH

    def agreement(self, name: str, measure: Callable[[], Agreement]) -> Agreement:
        """Return how a runner of this name agrees with PyTorch, measured where that is not known.

        Raises:
            OutputError: It cannot be written.
        """
        return self._kept(name, Agreement, measure)

    def network_memory(self, channels: int, measure: Callable[[], NetworkMemory]) -> NetworkMemory:
        """Return what the network takes with so many channels, measured where that is not known.

        Raises:
            OutputError: It cannot be written.
        """
        return self._kept(f"memory {channels} channels", NetworkMemory, measure)

    def _kept(self, name: str, kind: type[Fact], measure: Callable[[], Fact]) -> Fact:
        place = self.folder / f"{name.replace(' ', '_')}.json"
        try:
            return kind(**json.loads(place.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            found = measure()
        beside = place.with_name(f".{place.name}-{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(asdict(found)), encoding="utf-8")
            beside.replace(place)
        except OSError as error:
            raise _unwritable(place, error) from error
        return found


def cache_of(package: ModelPackage) -> ModelCache:
    """Return the cache of a model; its name changes with all that its content depends on.

    Where nothing can be written it lives as long as the process.
    """
    facts = (card_json(package.card), *(f"{name} {version(name)}" for name in LIBRARIES), processor(), FORM)
    key = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    name = f"{package.card.id.replace('/', '-')}-{key[:16]}"
    folder = get_settings().cache_dir / "networks" / name
    try:
        check_writable(folder)
    except OutputError:
        folder = _scratch() / name
    return ModelCache(folder)


@cache
def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="myoscope-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _put(graph: Any, place: Path) -> None:  # noqa: ANN401
    """Write a graph beside, then rename; of two processes at once the second leaves what the first wrote.

    Raises:
        OSError: The folder cannot be written.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    new, old = beside / "new", beside / "old"
    try:
        new.mkdir()
        store_graph(graph, new / GRAPH)
        sums = {name: sha256_of(new / name) for name in (GRAPH, WEIGHTS)}
        (new / SUMS).write_text(json.dumps(sums), encoding="utf-8")
        if not _is_whole(place):
            with suppress(OSError):  # nothing was there
                place.rename(old)
        with suppress(OSError):  # another process was faster
            new.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    if not _is_whole(place):
        raise OSError("it is not whole after it was written")


def _is_whole(place: Path) -> bool:
    try:
        sums = json.loads((place / SUMS).read_text(encoding="utf-8"))
        return all(sha256_of(place / name) == sums[name] for name in (GRAPH, WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _unwritable(place: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{place} cannot be written: {error.strerror or error}.", "Name another folder in MYOSCOPE_CACHE."
    )
