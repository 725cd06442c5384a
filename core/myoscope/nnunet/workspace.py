"""Where nnU-Net keeps its files, and a quiet room for it to work in."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

#: nnU-Net wants a number and a name; a workspace holds one data set, so both are always the same.
DATASET = "Dataset001_myoscope"
CONFIGURATION = "2d"
PLANS = "nnUNetPlans"
FOLD = 0


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folders of one nnU-Net data set, laid out as nnU-Net does it, so that its own commands can be used on them.

    Attributes:
        root: Holds `raw/`, `preprocessed/`, `results/` and `nnunet.log`, all that nnU-Net printed.
    """

    root: Path

    @property
    def raw(self) -> Path:
        """Images and labels as nnU-Net reads them."""
        return self.root / "raw" / DATASET

    @property
    def preprocessed(self) -> Path:
        """Fingerprint, plans, split and preprocessed cases."""
        return self.root / "preprocessed" / DATASET

    @property
    def results(self) -> Path:
        """An nnU-Net results folder: `plans.json`, `dataset.json` and the fold."""
        return self.root / "results" / DATASET / f"nnUNetTrainer__{PLANS}__{CONFIGURATION}"

    @property
    def fold(self) -> Path:
        """Checkpoints and log of the one fold that is trained."""
        return self.results / f"fold_{FOLD}"


class _Threads:
    """Stands where nnU-Net uses `multiprocessing`: its pools become threads of this process.

    Spawned processes would import the caller's program again and take seconds to start; pictures take milliseconds.
    """

    Pool = ThreadPool

    @staticmethod
    def get_context(_method: str) -> type[_Threads]:
        return _Threads


@contextmanager
def nnunet_in(workspace: Workspace, *, workers: int = 0) -> Iterator[None]:
    """Let nnU-Net work in `workspace`: its folders lie there, what it prints goes to the log, no process is spawned.

    nnU-Net looks its folders up in environment variables through three objects that all its modules share. Those
    objects answer with the workspace's folders here, so the environment is neither read nor changed.

    Args:
        workspace: Made when absent.
        workers: Processes that augment while the network trains; with 0 a run can be repeated exactly.
    """
    from nnunetv2 import paths
    from nnunetv2.experiment_planning.dataset_fingerprint import fingerprint_extractor
    from nnunetv2.preprocessing.preprocessors import default_preprocessor
    from nnunetv2.training.nnUNetTrainer import nnUNetTrainer as trainer_module

    folders = (
        (paths.nnUNet_raw, workspace.raw.parent),
        (paths.nnUNet_preprocessed, workspace.preprocessed.parent),
        (paths.nnUNet_results, workspace.results.parent.parent),
    )
    with ExitStack() as stack:
        for variable, folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_replaced(variable, "get", partial(str, folder)))
        stack.enter_context(_replaced(fingerprint_extractor, "multiprocessing", _Threads))
        stack.enter_context(_replaced(default_preprocessor, "multiprocessing", _Threads))
        stack.enter_context(_replaced(trainer_module, "get_allowed_n_proc_DA", lambda: workers))
        log = stack.enter_context((workspace.root / "nnunet.log").open("a", encoding="utf-8"))
        stack.enter_context(redirect_stdout(log))
        stack.enter_context(third_parties_unheard())
        yield


@contextmanager
def third_parties_unheard() -> Iterator[None]:
    """Drop warnings of nnU-Net and of what it stands on; those of everything else stay."""
    with warnings.catch_warnings():
        for module in (
            "nnunetv2",
            "batchgenerators",
            "batchgeneratorsv2",
            "acvl_utils",
            "dynamic_network_architectures",
        ):
            warnings.filterwarnings("ignore", module=rf"{module}\.")
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:  # noqa: ANN401
    """Give `owner` another attribute for a while."""
    own = vars(owner)
    before = own.get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is None:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
