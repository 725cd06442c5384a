"""Libraries that warn when they are imported, imported quietly."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def segmentation_models() -> Any:  # noqa: ANN401  # the library is not typed
    """Return segmentation-models-pytorch."""
    with _quiet():
        import segmentation_models_pytorch

    return segmentation_models_pytorch


def muon() -> Any:  # noqa: ANN401  # the library is not typed
    """Return timm's module of the optimizer Muon."""
    with _quiet():
        from timm.optim import muon

    return muon


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what timm says when it is imported: it uses a part of torch that is deprecated."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", FutureWarning)
        yield
