"""A checkpoint is opened for weights and plain values; whatever else a pickle could do is refused unopened."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from myoscope import ModelError
from myoscope.nnunet.checkpoints import read_checkpoint

GOOD: dict[str, Any] = {
    "network_weights": {"a": torch.arange(3.0)},
    "init_args": {"configuration": "2d", "device": torch.device("cpu")},
    "current_epoch": 4,
    "_best_ema": np.float64(0.5),
    "logging": {"train_losses": [np.float32(0.25), np.float16(1), np.int64(3)], "dice": [[np.float64(1.0)]]},
}


class Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def saved(content: object, folder: Path) -> Path:
    torch.save(content, folder / "checkpoint_final.pth")
    return folder / "checkpoint_final.pth"


def test_weights_and_numbers_come_back_as_they_went_in(tmp_path: Path) -> None:
    found = read_checkpoint(saved(GOOD, tmp_path))
    assert torch.equal(found["network_weights"]["a"], torch.arange(3.0))
    assert {key: found[key] for key in GOOD if key != "network_weights"} == {
        key: GOOD[key] for key in GOOD if key != "network_weights"
    }


def test_a_checkpoint_of_the_days_of_numpy_1_is_read(tmp_path: Path) -> None:
    """NumPy 2 gave the module that pickled numbers name an underscore."""
    import pickle

    class OldNames(pickle._Pickler):  # type: ignore[name-defined, misc]
        def save_global(self, obj: Any, name: Any = None) -> None:
            if getattr(obj, "__module__", "") == "numpy._core.multiarray":
                self.write(b"cnumpy.core.multiarray\n" + obj.__name__.encode() + b"\n")
                return
            super().save_global(obj, name)

        dispatch = pickle._Pickler.dispatch.copy()  # type: ignore[attr-defined]

    old = type("old", (), {"Pickler": OldNames, "dumps": pickle.dumps})
    torch.save(GOOD, tmp_path / "old.pth", pickle_module=old)
    assert b"cnumpy.core.multiarray\nscalar" in (tmp_path / "old.pth").read_bytes()
    assert read_checkpoint(tmp_path / "old.pth")["_best_ema"] == 0.5


def test_code_in_a_checkpoint_is_refused_and_does_not_run(tmp_path: Path) -> None:
    path = saved({**GOOD, "logging": Runs(tmp_path / "ran")}, tmp_path)
    with pytest.raises(ModelError, match=r"holds more than weights and plain values.*loads no pickled code"):
        read_checkpoint(path)
    assert not (tmp_path / "ran").exists()


def test_even_a_harmless_object_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds more than weights"):
        read_checkpoint(saved({**GOOD, "when": dt.date(2024, 1, 1)}, tmp_path))


def test_a_missing_a_broken_and_a_foreign_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no checkpoint"):
        read_checkpoint(tmp_path / "checkpoint_final.pth")
    path = saved(GOOD, tmp_path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ModelError, match="damaged or not a checkpoint"):
        read_checkpoint(path)
    with pytest.raises(ModelError, match=r"not a checkpoint of nnU-Net v2"):
        read_checkpoint(saved({"state_dict": {}}, tmp_path))
