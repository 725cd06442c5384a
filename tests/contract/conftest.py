from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "howto" / "example_plugin"


@pytest.fixture
def example_folder() -> Path:
    return EXAMPLE


@pytest.fixture
def phantom(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of the example plugin, imported from its source."""
    monkeypatch.syspath_prepend(EXAMPLE / "src")
    from myoscope_limb_phantom.plugin import LimbPhantom

    return LimbPhantom
