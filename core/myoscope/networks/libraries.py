"""Libraries that warn when they are imported, imported quietly."""

from __future__ import annotations

import warnings
from types import ModuleType


def segmentation_models() -> ModuleType:
    """Return segmentation-models-pytorch; what it imports uses a part of torch that is deprecated."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", FutureWarning)  # of timm, on import
        import segmentation_models_pytorch

    return segmentation_models_pytorch
