"""Libraries that warn when they are imported, imported quietly."""

from __future__ import annotations

import warnings
from typing import Any


def segmentation_models() -> Any:  # noqa: ANN401  # the library is not typed
    """Return segmentation-models-pytorch; what it imports uses a part of torch that is deprecated."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", FutureWarning)  # of timm, on import
        import segmentation_models_pytorch

    return segmentation_models_pytorch
