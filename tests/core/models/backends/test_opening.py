from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Never

import pytest
import torch

from myoscope import ModelError, UsageError
from myoscope.models import ModelPackage, load_network
from myoscope.models.backends import open_runner
from myoscope.models.backends.agreement import Agreement
from myoscope.models.backends.cache import cache_of
from myoscope.plugins import open_modality
from myoscope.settings import get_settings

PLUGIN = open_modality("ct_thigh")
ANOTHER_PROCESS = """
import hashlib, sys
from pathlib import Path
import torch
from myoscope.models import read_package
from myoscope.models.backends import open_runner
from myoscope.plugins import open_modality
runner = open_runner(read_package(Path(sys.argv[1])), open_modality("ct_thigh"), backend="auto", device="cpu")
print(runner.name, hashlib.sha256(runner(torch.load(sys.argv[2])).numpy().tobytes()).hexdigest())
"""


@dataclass(frozen=True)
class Changed:
    """The plugin with its network changed."""

    change: Callable[[Any], Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(PLUGIN, name)

    def build_network(self, recipe: Any) -> Any:
        return self.change(PLUGIN.build_network(recipe))


def raising_when_traced(network: torch.nn.Module) -> torch.nn.Module:
    def forward(x: torch.Tensor) -> torch.Tensor:
        if torch.jit.is_tracing():
            raise ValueError("not while traced")
        return plain(x)

    plain, network.forward = network.forward, forward
    return network


def blind_to_empty_windows(network: torch.nn.Module) -> torch.nn.Module:
    """Tracing an empty window takes the branch that gives background everywhere."""

    def forward(x: torch.Tensor) -> torch.Tensor:
        return plain(x) if bool(x.any()) else plain(x) - 100 * torch.arange(3).reshape(1, 3, 1, 1, 1)

    plain, network.forward = network.forward, forward
    return network


@pytest.fixture(scope="module")
def windows(tiny_package: ModelPackage) -> torch.Tensor:
    shape = (3, 1, *tiny_package.card.recipe.window[::-1])
    return torch.rand(shape, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def without_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("myoscope.models.backends.openvino_library.has_bfloat16", lambda: False)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MYOSCOPE_CACHE", str(tmp_path / "cache"))
    get_settings.cache_clear()
    yield tmp_path / "cache"
    get_settings.cache_clear()


def plain_logits(package: ModelPackage, windows: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return load_network(package, PLUGIN, "cpu")(windows)


@pytest.mark.usefixtures("without_bfloat16")
@pytest.mark.parametrize(("backend", "name"), [("auto", "openvino cpu float32"), ("torch", "torch cpu float32")])
def test_in_float32_either_backend_gives_the_logits_of_the_plain_network(
    tiny_package: ModelPackage, windows: torch.Tensor, backend: str, name: str
) -> None:
    runner = open_runner(tiny_package, PLUGIN, backend=backend, device="cpu")
    assert runner.name == name
    found, wanted = runner(windows), plain_logits(tiny_package, windows)
    assert found.dtype is torch.float32
    assert torch.allclose(found, wanted, atol=0.05)
    assert float((found.argmax(dim=1) == wanted.argmax(dim=1)).double().mean()) > 0.999


@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_the_same_windows_give_the_same_bytes_together_alone_and_again(
    tiny_package: ModelPackage, windows: torch.Tensor, backend: str
) -> None:
    runner = open_runner(tiny_package, PLUGIN, backend=backend, device="cpu")
    together = runner(windows)
    assert torch.equal(together, runner(windows))
    if runner.name.startswith("openvino"):
        assert torch.equal(together, torch.cat([runner(window[None]).clone() for window in windows]))


def test_another_process_with_a_cache_of_its_own_gives_the_same_bytes(
    tiny_package: ModelPackage, windows: torch.Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(windows, tmp_path / "windows.pt")
    runner = open_runner(tiny_package, PLUGIN, backend="auto", device="cpu")
    wanted = f"{runner.name} {hashlib.sha256(runner(windows).numpy().tobytes()).hexdigest()}\n"
    monkeypatch.setenv("MYOSCOPE_CACHE", str(tmp_path / "cache"))
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(tiny_package.folder), str(tmp_path / "windows.pt")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == wanted


def test_windows_need_not_lie_in_memory_in_their_order(tiny_package: ModelPackage, windows: torch.Tensor) -> None:
    runner = open_runner(tiny_package, PLUGIN, backend="auto", device="cpu")
    assert torch.equal(runner(windows.flip(-1).flip(-1)), runner(windows))
    assert torch.equal(runner(windows.movedim(2, 4).contiguous().movedim(4, 2)), runner(windows))


def test_openvino_on_another_device_is_refused(tiny_package: ModelPackage) -> None:
    with pytest.raises(UsageError, match=r"runs on the CPU, the device is mps.*Choose the device cpu"):
        open_runner(tiny_package, PLUGIN, backend="openvino", device="mps")


@pytest.mark.parametrize("change", [raising_when_traced, blind_to_empty_windows])
@pytest.mark.usefixtures("own_cache", "without_bfloat16")
def test_a_network_that_openvino_does_not_run_as_it_is_stays_with_torch(
    tiny_package: ModelPackage, windows: torch.Tensor, change: Callable[[Any], Any]
) -> None:
    changed: Any = Changed(change)
    for _ in range(2):  # found out, and remembered
        runner = open_runner(tiny_package, changed, backend="auto", device="cpu")
        assert runner.name == "torch cpu float32"
        assert torch.allclose(runner(windows), plain_logits(tiny_package, windows), atol=1e-4)
        with pytest.raises(ModelError, match=r"OpenVINO cannot run ct_thigh/tiny\..*Choose the backend torch"):
            open_runner(tiny_package, changed, backend="openvino", device="cpu")


@pytest.mark.usefixtures("own_cache")
def test_without_a_synthetic_scan_to_try_a_runner_on_the_reference_runs(tiny_package: ModelPackage) -> None:
    class Barren:
        """The CT plugin, but it makes no scans."""

        def __getattr__(self, name: str) -> Any:
            return getattr(PLUGIN, name)

        def synthesize(self, seed: int, options: object) -> Never:
            raise ValueError(f"no {seed}, {options}")

    barren: Any = Barren()
    assert open_runner(tiny_package, barren, backend="auto", device="cpu").name == "torch cpu float32"
    with pytest.raises(ModelError, match=r"OpenVINO cannot run ct_thigh/tiny\. Its modality makes no synthetic scan"):
        open_runner(tiny_package, barren, backend="openvino", device="cpu")


@pytest.mark.usefixtures("own_cache")
def test_a_precision_that_changes_labels_is_not_taken(
    tiny_package: ModelPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("myoscope.models.backends.openvino_library.has_bfloat16", lambda: True)
    cache = cache_of(tiny_package)
    good = Agreement(1.0, 1.0, 10_000)
    cache.agreement("openvino bfloat16", lambda: replace(good, inside=0.99))
    cache.agreement("torch bfloat16", lambda: replace(good, everywhere=0.998))
    cache.agreement("openvino float32", lambda: good)
    assert open_runner(tiny_package, PLUGIN, backend="auto", device="cpu").name == "openvino cpu float32"
    assert open_runner(tiny_package, PLUGIN, backend="torch", device="cpu").name == "torch cpu float32"


@pytest.mark.parametrize("backend", ["auto", "openvino", "torch"])
@pytest.mark.usefixtures("own_cache")
def test_weights_of_another_network_are_refused_by_every_backend(tiny_package: ModelPackage, backend: str) -> None:
    wider = replace(tiny_package.card.recipe, structures=("femur",))
    package = replace(tiny_package, card=replace(tiny_package.card, recipe=wider))
    with pytest.raises(ModelError, match="do not fit the network of its recipe"):
        open_runner(package, PLUGIN, backend=backend, device="cpu")
