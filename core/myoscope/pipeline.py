"""From source to result: the only module that knows the order of the stages.

```
source -> recognize -> load -> preprocess -> segment -> refine -> measure -> check -> CaseResult
```
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.measurement import Measurements
from myoscope.data.modality import LabelledCase, LoadOptions, SynthesisOptions
from myoscope.data.progress import Progress
from myoscope.data.result import CaseResult, ModelReference, Provenance, StageCost
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.data.subject import Subject
from myoscope.errors import GeometryError, MyoscopeError, PluginError, RecognitionError, UnreadableError
from myoscope.plugins import modalities, open_modality

if TYPE_CHECKING:
    from myoscope.hookspecs import Modality
    from myoscope.models import ModelPackage

SubjectLike = Subject | Mapping[str, Any] | str | Path
#: Pictures and videos are inputs of some modalities, though no volumes.
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".mp4", ".avi"})
NOT_ITS_OWN = "not its own"
LIBRARIES = ("myoscope", "numpy", "SimpleITK", "torch", "monai")


def analyze(
    source: str | Path | Scan | object,
    *,
    modality: str | None = None,
    model: str | None = None,
    device: str = "auto",
    subject: SubjectLike | None = None,
    roi_subset: tuple[str, ...] = (),
    options: LoadOptions | None = None,
    progress: Progress | None = None,
) -> CaseResult:
    """Return segmentation, measurements and findings of a scan.

    Args:
        source: A path, a SimpleITK image, a nibabel image, or a `Scan`.
        modality: Name of the modality; found out from the source when None.
        model: Model id or path; the modality's default when None.
        device: `auto`, `cpu`, `gpu`, `gpu:N` or `mps`.
        subject: Facts about the person, as a mapping, a JSON path or a `Subject`; they go before the headers'.
        roi_subset: Keep only these structures in the result; all when empty.
        options: Series and case id.
        progress: Called as stages advance.

    Raises:
        InputError: The source cannot be measured.
        ModelError: The model is missing or broken.
        UsageError: An unknown modality, device or structure.
    """
    run = _Run(progress)
    person = _subject(subject)
    scan, plugin = _load(source, modality, options, run)
    with _noted(scan):
        info = plugin.describe()
        info.structures.subset(roi_subset)
        with run.stage("segment"):
            package, torch_device, raw = _segment(scan, plugin, model or info.default_model, device, run)
        predicted = frozenset(package.card.recipe.structures)
        found = Segmentation(raw, scan.grid, info.structures, predicted, sides_split=False, by_model=True)
        with run.stage("refine"):
            segmentation = plugin.refine(scan, found)
        card = package.card
        reference = ModelReference(card.id, card.sha256, card.recipe.name, card.backend, card.trained_on)
        result = _measured(plugin, scan, segmentation, person, run)
        provenance = replace(result.provenance, model=reference, device=torch_device)
        return _restricted(replace(result, provenance=provenance), roi_subset)


def measure(
    source: str | Path | Scan | object,
    segmentation: str | Path | Segmentation,
    *,
    modality: str | None = None,
    subject: SubjectLike | None = None,
    options: LoadOptions | None = None,
    progress: Progress | None = None,
) -> CaseResult:
    """Return measurements and findings of a segmentation that exists already; no model is needed.

    Sides that the labels do not split are split as `analyze` does; labels that split them are checked, not changed.

    Args:
        source: As for `analyze`.
        segmentation: A label file or a `Segmentation` on the scan's grid.
        modality: As for `analyze`.
        subject: As for `analyze`.
        options: As for `analyze`.
        progress: As for `analyze`.

    Raises:
        InputError: The scan or the labels cannot be used, or do not lie on the same grid.
    """
    run = _Run(progress)
    person = _subject(subject)
    scan, plugin = _load(source, modality, options, run)
    with _noted(scan):
        if isinstance(segmentation, Segmentation):
            if not segmentation.grid.is_same(scan.grid):
                raise GeometryError("The segmentation does not lie on the scan's grid.")
            labels, origin = segmentation, "given in memory"
        else:
            from myoscope.io import read_labels

            with run.stage("read_labels"):
                labels = read_labels(Path(segmentation), plugin.describe().structures, on=scan.grid)
            origin = Path(segmentation).name
        with run.stage("refine"):
            labels = plugin.refine(scan, labels)
        result = _measured(plugin, scan, labels, person, run)
        return replace(result, provenance=replace(result.provenance, labels=origin))


def load(source: str | Path | object, *, modality: str | None = None, options: LoadOptions | None = None) -> Scan:
    """Return the scan in a path or image, with its true geometry.

    Raises:
        InputError: The source cannot be read or trusted.
    """
    return _load(source, modality, options, _Run(None))[0]


def synthesize(modality: str, seed: int, options: SynthesisOptions | None = None) -> LabelledCase:
    """Return a labelled case whose every answer is known; the same seed gives the same bytes.

    Raises:
        UsageError: No such modality.
    """
    return open_modality(modality).synthesize(seed, options or SynthesisOptions())


def recognize(source: Path) -> str:
    """Return the name of the modality that is surest that the source is its own.

    Raises:
        UnreadableError: Nothing is there.
        RecognitionError: No modality, or more than one, fits; the error lists what each said.
    """
    if not source.exists():
        raise UnreadableError(f"There is nothing at {source}.")
    said: dict[str, str] = {}
    sure: dict[str, float] = {}
    for name in modalities():
        try:
            belief = open_modality(name).recognize(source)
        except PluginError as error:
            said[name] = str(error)
            continue
        said[name] = NOT_ITS_OWN if belief is None else f"{belief.reason} ({belief.confidence:.0%} sure)"
        if belief is not None:
            sure[name] = belief.confidence
    best = [name for name in sure if sure[name] == max(sure.values())]
    if len(best) == 1:
        return best[0]
    if not best and set(said.values()) <= {NOT_ITS_OWN}:
        _say_why_unreadable(source)
    answers = "; ".join(f"{name}: {answer}" for name, answer in said.items()) or "none is installed"
    verdict = "fits no modality" if not best else f"fits {' and '.join(best)} equally well"
    raise RecognitionError(f"{source.name} {verdict} ({answers}).", "Name the modality with -m.")


def _say_why_unreadable(source: Path) -> None:
    """Raise the reader's own error when the source is no image at all: it says more than that no modality fits."""
    from myoscope.io import read_volume

    if source.suffix.lower() not in PICTURES:
        read_volume(source)


@dataclass
class _Run:
    """Times the stages of one case and passes on their progress."""

    progress: Progress | None
    costs: list[StageCost] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.report(name, 0, 1)
        started = time.perf_counter()
        try:
            yield
        except MyoscopeError as error:
            error.add_note(f"stage: {name}")
            raise
        self.costs.append(StageCost(name, round(time.perf_counter() - started, 3), _peak_memory_mb()))
        self.report(name, 1, 1)

    def report(self, name: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(name, done, total)


def _load(source: object, modality: str | None, options: LoadOptions | None, run: _Run) -> tuple[Scan, Modality]:
    if isinstance(source, Scan):
        return source, open_modality(modality or source.modality)
    if isinstance(source, str | Path):
        return _load_path(Path(source), modality, options, run)
    import tempfile

    from myoscope.io import volume_from_image, write_volume

    volume = volume_from_image(source)
    with tempfile.TemporaryDirectory(prefix="myoscope-") as folder:
        path = write_volume(volume.array, volume.grid, Path(folder) / "image.nrrd")
        return _load_path(path, modality, options, run)


def _load_path(path: Path, modality: str | None, options: LoadOptions | None, run: _Run) -> tuple[Scan, Modality]:
    with _noted(path.name):
        if not path.exists():
            raise UnreadableError(f"There is nothing at {path}.")
        with run.stage("recognize"):
            name = modality or recognize(path)
        plugin = open_modality(name)
        with run.stage("load"):
            return plugin.load(path, options or LoadOptions()), plugin


def _segment(
    scan: Scan, plugin: Modality, model: str, device: str, run: _Run
) -> tuple[ModelPackage, str, np.ndarray[Any, np.dtype[np.uint8]]]:
    from myoscope.inference import choose_device, segment
    from myoscope.models import find_model, load_network

    torch_device = choose_device(device)
    package = find_model(model, scan.modality)
    recipe = package.card.recipe
    prepared = plugin.preprocess(scan, recipe)
    network = load_network(package, plugin, torch_device)
    structures = plugin.describe().structures
    labels = segment(
        scan, prepared, network, recipe, structures,
        device=torch_device, progress=lambda done, total: run.report("segment", done, total),
    )  # fmt: skip
    return package, torch_device, labels


def _measured(plugin: Modality, scan: Scan, segmentation: Segmentation, person: Subject, run: _Run) -> CaseResult:
    from myoscope.ops.slices import slice_rows

    subject = _merged(scan.subject, person)
    with run.stage("measure"):
        measurements = plugin.measure(scan, segmentation, subject)
        slices = slice_rows(scan, segmentation)
    with run.stage("check"):
        findings = (*scan.findings, *segmentation.findings, *plugin.check(scan, segmentation, measurements))
    import platform
    from importlib.metadata import version

    versions = {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()}
    provenance = Provenance(versions, scan.source, "", None, "", tuple(run.costs))
    return CaseResult(scan, segmentation, measurements, slices, findings, subject, provenance)


def _restricted(result: CaseResult, names: tuple[str, ...]) -> CaseResult:
    """Return the result with only the named structures, measured as in the whole."""
    if not names:
        return result
    whole = result.segmentation
    structures = whole.structures.subset(names)
    kept = np.zeros(256, dtype=bool)
    for structure in structures:
        kept[[structure.id, structure.id + LEFT_OFFSET]] = True
    labels = np.where(kept[whole.labels], whole.labels, 0).astype(np.uint8)
    return replace(
        result,
        segmentation=replace(whole, labels=labels, structures=structures, predicted=whole.predicted & set(names)),
        measurements=Measurements(tuple(m for m in result.measurements if m.structure in structures)),
        slices=tuple(row for row in result.slices if row.structure in structures),
    )


def _subject(given: SubjectLike | None) -> Subject:
    if given is None:
        return Subject()
    from myoscope.io import read_subject

    return read_subject(given)


def _merged(header: Subject, given: Subject) -> Subject:
    """Return the given facts, completed by the headers'."""
    names = ("id", "sex", "age", "height_m", "weight_kg")
    pairs = {name: (getattr(given, name), getattr(header, name)) for name in names}
    return Subject(**{name: ours if ours is not None else theirs for name, (ours, theirs) in pairs.items()})


def _peak_memory_mb() -> float:
    """Return the high-water mark of the process in MiB."""
    import sys

    if sys.platform == "win32":
        import psutil

        return round(float(psutil.Process().memory_info().peak_wset) / 2**20, 1)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)


@contextmanager
def _noted(case: Scan | str) -> Iterator[None]:
    """Add case and modality to an error on its way up."""
    try:
        yield
    except MyoscopeError as error:
        error.add_note(f"case: {case}" if isinstance(case, str) else f"case: {case.case_id}, modality: {case.modality}")
        raise
