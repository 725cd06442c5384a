"""Run a network over a scan: windows of a volume or frames of a picture, labels on the scan's own grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding
from myoscope.data.grid import PICTURE_AXES, LengthUnit
from myoscope.data.inference import InferenceOptions
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Certainty
from myoscope.errors import UsageError
from myoscope.inference.certainty import calibrated, doubts
from myoscope.inference.foresight import Foresight
from myoscope.inference.frames import label_frames
from myoscope.inference.running import Network, WindowProgress
from myoscope.inference.turning import Turn, best_turn, turned
from myoscope.inference.volumes import label_volume
from myoscope.inference.windows import Plan

if TYPE_CHECKING:
    from myoscope.anatomy import StructureSet
    from myoscope.hookspecs import Modality
    from myoscope.models import ModelPackage


@dataclass(frozen=True, slots=True)
class Found:
    """What a model found in a scan.

    Attributes:
        labels: Structure ids, sides not split, on the scan's own grid.
        confidence: The model's own for each frame; empty for a volume.
        seen: Names of the channels that the model saw.
        findings: What running it noticed.
        confidence_map: Probability of each label times 255, 0 where the model did not look; None unless asked for.
        certainty: Of the model in a volume; None for pictures.
        ran_by: What computed, where, how precisely and on how many threads.
    """

    labels: NDArray[np.uint8]
    confidence: tuple[float, ...]
    seen: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    confidence_map: NDArray[np.uint8] | None = None
    certainty: Certainty | None = None
    ran_by: str = ""


def choose_device(name: str) -> str:
    """Return the torch device for `auto`, `cpu`, `gpu`, `gpu:N` or `mps`.

    Raises:
        UsageError: The device is unknown or not in this machine.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = name.partition(":")
    if name == "cpu":
        return "cpu"
    if kind == "gpu" and (number.isdecimal() or not number):
        if int(number or 0) >= torch.cuda.device_count():
            raise UsageError(f"Device {name!r} asked for, but this machine has {torch.cuda.device_count()} GPUs.")
        return f"cuda:{number or 0}"
    if name == "mps" and torch.backends.mps.is_available():
        return "mps"
    raise UsageError(f"Device {name!r} is not available.", "Choose auto, cpu, gpu, gpu:N or mps.")


def run_model(
    scan: Scan,
    modality: Modality,
    package: ModelPackage,
    *,
    device: str,
    options: InferenceOptions | None = None,
    progress: WindowProgress | None = None,
    tell: Callable[[str], None] | None = None,
) -> Found:
    """Return what a model finds in a scan.

    Where nothing but a nominal matrix says how a volume lies in the patient, the model looks which way is up first.

    Args:
        scan: The scan as loaded.
        modality: That prepares the scan and builds the network.
        package: The model.
        device: A torch device.
        options: The recipe's when None.
        progress: Called with windows or frames done and in all.
        tell: Called with a line about what a long run will take.

    Raises:
        InputError: A volume needs more memory than there is.
        ModelError: The weights do not fit.
        UsageError: An option that this model or kind of scan has not, or a backend that cannot run the model there.
    """
    from myoscope.models.backends import memory_of, open_runner

    recipe, structures = package.card.recipe, modality.describe().structures
    chosen = options or InferenceOptions()
    _check_fitting(chosen, scan, package.card.backend)
    if package.card.backend == "nnunet":
        return _by_nnunet(scan, package, structures, device, progress)
    runner = open_runner(package, modality, backend=chosen.backend, device=device)
    prepared = modality.preprocess(scan, recipe)
    turn = Turn()
    if not scan.oriented and scan.grid.ndim != PICTURE_AXES:
        turn = best_turn(list(prepared.channels.values()), runner, recipe, device=device)
    network = turned(runner, turn)
    if scan.grid.ndim == PICTURE_AXES:
        found = segment(scan, prepared, network, recipe, structures, device=device, options=chosen, progress=progress)
    else:
        memory = memory_of(package, modality, runner.name, channels=len(prepared.channels))
        classes = len(recipe.structures) + 1
        ahead = Foresight(memory, classes, scan.grid, chosen.mirror, device, progress, tell)
        found = segment(
            scan, prepared, network, recipe, structures,
            device=device, options=chosen, batch=ahead.batch, progress=ahead.step,
        )  # fmt: skip
    certainty = calibrated(found.certainty, package.card.calibration)
    unsure = doubts(package.card.id, certainty, package.card.usual_certainty)
    return replace(found, certainty=certainty, findings=(*turn.findings(), *unsure), ran_by=_ran_by(runner.name))


def segment(  # noqa: PLR0913  # a scan twice, and who runs what how
    scan: Scan,
    prepared: Scan,
    network: Network,
    recipe: Recipe,
    structures: StructureSet,
    *,
    device: str,
    options: InferenceOptions | None = None,
    batch: Callable[[Plan, int], int] | None = None,
    progress: WindowProgress | None = None,
) -> Found:
    """Return unsplit labels (structure ids) on the scan's own grid, and how sure the network is.

    Args:
        scan: The scan as loaded.
        prepared: The same on the recipe's grid.
        network: In evaluation mode, on `device`.
        recipe: Gives window, overlap and the structure of each channel.
        structures: Gives the ids.
        device: A torch device.
        options: The recipe's when None.
        batch: Windows of a volume that go through the network together, as for `label_volume`.
        progress: Called with windows or frames done and in all.
    """
    values = _values(recipe, structures)
    channels, seen = list(prepared.channels.values()), tuple(prepared.channels)
    chosen = options or InferenceOptions()
    if scan.grid.ndim == PICTURE_AXES:
        frames = np.stack(channels, axis=-3)
        frames = frames if scan.times_s else frames[None]
        pictured = label_frames(
            frames, prepared.grid, network, values=values, scan_grid=scan.grid, device=device,
            confidence=chosen.confidence, on_frame=_counter(len(frames), progress),
        )  # fmt: skip
        labels, sure = pictured.labels, pictured.confidence_map
        if not scan.times_s:
            labels, sure = labels[0], None if sure is None else sure[0]
        return Found(labels, pictured.confidence, seen, confidence_map=sure)
    whole = label_volume(
        channels, prepared.grid, network, recipe,
        values=values, scan_grid=scan.grid, device=device, options=chosen, batch=batch, progress=progress,
    )  # fmt: skip
    return Found(whole.labels, (), seen, confidence_map=whole.confidence, certainty=whole.certainty)


def _ran_by(runner: str) -> str:
    """Return what ran, with the threads that it had: sums in another order differ in their last bits."""
    import torch

    count = torch.get_num_threads()
    return f"{runner}, {count} thread{'s' if count > 1 else ''}"


def _check_fitting(options: InferenceOptions, scan: Scan, backend: str) -> None:
    """Refuse options that have no meaning for a picture, or for a model that nnU-Net runs."""
    default = InferenceOptions()
    volumes_alone, ours_alone = ("overlap", "blending", "mirror"), ("backend", "confidence")
    given = [name for name in (*volumes_alone, *ours_alone) if getattr(options, name) != getattr(default, name)]
    wrong = [name for name in given if name in volumes_alone and scan.grid.ndim == PICTURE_AXES]
    if wrong:
        raise UsageError(f"{', '.join(wrong)} chosen for {scan.case_id}, a picture: only volumes have windows.")
    if given and backend == "nnunet":
        raise UsageError(f"{', '.join(given)} chosen for a model that nnU-Net runs, which takes no such option.")


def _by_nnunet(
    scan: Scan, package: ModelPackage, structures: StructureSet, device: str, progress: WindowProgress | None
) -> Found:
    """Return what nnU-Net finds in each frame."""
    from myoscope.nnunet import label_frames as label_by_nnunet

    view = scan.view.slices
    frames = scan.image if scan.times_s else scan.image[None]
    spacing = (scan.grid.spacing_mm[0], scan.grid.spacing_mm[1]) if scan.grid.unit is LengthUnit.MM else None
    found, confidence = label_by_nnunet(
        frames[(..., *view)], spacing, package, device=device, on_frame=_counter(len(frames), progress)
    )
    labels = np.zeros(frames.shape, dtype=np.uint8)
    labels[(..., *view)] = _values(package.card.recipe, structures)[found]
    sure = tuple(float(c) for c in confidence)
    return Found(labels if scan.times_s else labels[0], sure, tuple(scan.channels), ran_by=_ran_by(f"nnunet {device}"))


def _values(recipe: Recipe, structures: StructureSet) -> NDArray[np.uint8]:
    """Return the label value of each output channel."""
    return np.array([0, *(structures[name].id for name in recipe.structures)], dtype=np.uint8)


def _counter(total: int, progress: WindowProgress | None) -> Callable[[], None]:
    """Return a function that reports one more of `total` done each time it is called."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    return count
