import importlib.metadata
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from myoscope import PluginError, RecognitionError, UsageError, hookimpl, modalities, pipeline, plugins

GROUP = "myoscope.modalities"
Install = Callable[..., None]


class NoHooks:
    """A plugin that implements nothing."""


class WrongName:
    """A plugin that describes itself under another name than its entry point's."""


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Pretend that these modalities are installed, by name and place."""

    def pretend(**places: str) -> None:
        points = [EntryPoint(name.rstrip("_"), value, GROUP) for name, value in places.items()]

        def entry_points(*, group: str, name: str | None = None) -> list[EntryPoint]:
            assert group == GROUP
            return [point for point in points if name in {None, point.name}]

        monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
        plugins.open_modality.cache_clear()

    yield pretend
    plugins.open_modality.cache_clear()


def test_the_ct_plugin_is_installed_and_opens() -> None:
    assert "ct_thigh" in modalities()
    assert plugins.describe("ct_thigh").name == "ct_thigh"


def test_an_unknown_name_is_a_usage_error_that_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"No modality is called 'leg'.*ct_thigh"):
        plugins.open_modality("leg")


def test_listing_imports_no_plugin() -> None:
    code = (
        "import sys, myoscope; names = myoscope.modalities(); assert 'ct_thigh' in names, names; "
        "sys.exit(any(name.startswith('myoscope_') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_plugin_that_fails_to_import_is_reported_by_name(install: Install) -> None:
    install(broken="myoscope_does_not_exist.plugin:Broken")
    with pytest.raises(PluginError, match=r"'broken' .*fails to import: ModuleNotFoundError"):
        plugins.open_modality("broken")


def test_a_broken_plugin_breaks_only_itself(install: Install, tmp_path: Path) -> None:
    install(broken="myoscope_does_not_exist.plugin:Broken", ct_thigh="myoscope_ct_thigh.plugin:CTThigh")
    assert plugins.modalities() == ("broken", "ct_thigh")
    assert plugins.describe("ct_thigh").name == "ct_thigh"
    (tmp_path / "notes.txt").write_text("This is a text file.")
    with pytest.raises(RecognitionError, match=r"(?s)broken: .*fails to import.*ct_thigh: not its own"):
        pipeline.recognize(tmp_path / "notes.txt")


def test_a_plugin_without_hooks_is_told_which(install: Install) -> None:
    install(bare=f"{__name__}:NoHooks")
    with pytest.raises(PluginError):
        plugins.open_modality("bare")
    with pytest.raises(PluginError, match=r"'bare' does not implement .*describe.*synthesize"):
        plugins.typed_face(NoHooks(), "bare")


def test_an_unknown_hook_breaks_the_contract() -> None:
    class Extra:
        @hookimpl
        def diagnose(self) -> str:
            return "never"

    with pytest.raises(PluginError, match=r"'extra' breaks the contract: .*diagnose"):
        plugins.typed_face(Extra(), "extra")


def test_a_plugin_under_another_name_is_refused() -> None:
    from myoscope_ct_thigh.plugin import CTThigh

    with pytest.raises(PluginError, match="'leg' describes itself as 'ct_thigh'"):
        plugins.typed_face(CTThigh(), "leg")


def test_two_plugins_of_one_name_are_refused(install: Install) -> None:
    install(ct_thigh="myoscope_ct_thigh.plugin:CTThigh", ct_thigh_="other.plugin:CTThigh")
    with pytest.raises(PluginError, match="Several plugins claim the modality 'ct_thigh'"):
        plugins.open_modality("ct_thigh")


def test_hooks_take_arguments_by_position_and_by_name(tmp_path: Path) -> None:
    plugin: Any = plugins.open_modality("ct_thigh")
    (tmp_path / "notes.txt").write_text("This is a text file.")
    assert plugin.recognize(tmp_path / "notes.txt") is None
    assert plugin.recognize(source=tmp_path / "notes.txt") is None
