"""Toy modalities, each a distribution: the phantom of the how-to, one that cannot be imported, one that dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "docs" / "howto" / "example_plugin" / "src"
MORTAL = '''
import os
from dataclasses import replace
from pathlib import Path

from myoscope import LabelledCase, hookimpl
from myoscope_limb_phantom.plugin import LimbPhantom


class Mortal(LimbPhantom):
    """The phantom, but its network ends the process that runs it, and its synthesis refuses odd seeds."""

    @hookimpl
    def describe(self):
        return replace(super().describe(), name="mortal", weights_dir=Path(__file__).parent / "mortal_weights")

    @hookimpl
    def recognize(self, source):
        return None

    @hookimpl
    def preprocess(self, scan, recipe):
        os._exit(7)

    @hookimpl
    def synthesize(self, seed, options):
        if seed % 2:
            raise ValueError("odd")
        case = super().synthesize(seed, options)
        return LabelledCase(replace(case.scan, modality="mortal"), case.segmentation, case.facts)
'''


def add_distribution(folder: Path, name: str, plugin: str) -> None:
    """Write what an installed distribution says of its entry points."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[myoscope.modalities]\n{name} = {plugin}\n")


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that the toys lie in, on the path of this process and so of those that it starts."""
    from safetensors.torch import load_file

    from myoscope.models import read_package, write_package

    folder = tmp_path_factory.mktemp("toys")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLE)
        patch.syspath_prepend(folder)
        patch.setenv("MYOSCOPE_MODELS", str(folder / "no models"))
        add_distribution(folder, "limb_phantom", "myoscope_limb_phantom.plugin:LimbPhantom")
        add_distribution(folder, "unimportable", "no_such_module:Nothing")
        add_distribution(folder, "mortal", "mortal_plugin:Mortal")
        (folder / "mortal_plugin.py").write_text(MORTAL)
        whole = read_package(EXAMPLE / "myoscope_limb_phantom" / "weights" / "thresholds")
        card = replace(whole.card, id="mortal/thresholds", modality="mortal")
        write_package(card, load_file(whole.folder / "model.safetensors"), folder / "mortal_weights" / "thresholds")
        yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] in {"myoscope_limb_phantom", "mortal_plugin"}]:
        del sys.modules[name]
