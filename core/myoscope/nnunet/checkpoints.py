"""nnU-Net checkpoints are pickles: they are opened for weights and plain values, and for nothing that could run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from myoscope.errors import ModelError


def read_checkpoint(path: Path) -> Mapping[str, Any]:
    """Return what an nnU-Net checkpoint holds, on the CPU.

    Raises:
        ModelError: It is missing or damaged, holds anything but tensors, plain values and NumPy numbers, or is not
            nnU-Net's.
    """
    import torch

    try:
        with torch.serialization.safe_globals(_numbers()):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(f"There is no checkpoint {path}.") from error
    except UnpicklingError as error:
        raise ModelError(
            f"The checkpoint {path} holds more than weights and plain values, so it was not opened.",
            "myoscope loads no pickled code; train with nnU-Net's own trainers, or ask who gave you the file.",
        ) from error
    except (RuntimeError, EOFError, OSError) as error:
        raise ModelError(f"The checkpoint {path} cannot be read: it is damaged or not a checkpoint.") from error
    if not isinstance(checkpoint, dict) or not {"network_weights", "init_args", "current_epoch"} <= set(checkpoint):
        raise ModelError(f"{path} is not a checkpoint of nnU-Net v2.")
    return checkpoint


def _numbers() -> list[Any]:
    """Return what a pickled NumPy number is made of, under the names of NumPy 1 and 2: nnU-Net logs such numbers."""
    scalar = np.float64(0).__reduce__()[0]
    kinds = [type(np.dtype(kind)) for kind in (np.float16, np.float32, np.float64, np.int32, np.int64, np.bool_)]
    return [
        (scalar, "numpy.core.multiarray.scalar"),
        (scalar, "numpy._core.multiarray.scalar"),
        np.dtype,
        *kinds,
    ]
