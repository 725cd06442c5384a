"""From source to result: the only module that knows the order of the stages.

```
source -> recognize -> load -> preprocess -> segment -> refine -> measure -> check -> CaseResult
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.inference import InferenceOptions
from myoscope.data.modality import LabelledCase, LoadOptions, ModalityInfo, SynthesisOptions
from myoscope.data.progress import Progress
from myoscope.data.recipe import Recipe
from myoscope.data.result import CaseResult, ModelReference, Provenance
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.data.subject import Subject
from myoscope.errors import GeometryError, MyoscopeError, PluginError, RecognitionError, UnreadableError, UsageError
from myoscope.plugins import modalities, open_modality
from myoscope.stages import Stages

if TYPE_CHECKING:
    from myoscope.hookspecs import Modality
    from myoscope.models import ModelPackage

SubjectLike = Subject | Mapping[str, Any] | str | Path
NOT_ITS_OWN = "not its own"
LIBRARIES = ("myoscope", "numpy", "SimpleITK", "opencv-python-headless", "torch", "openvino", "monai", "nnunetv2")


def analyze(  # noqa: PLR0913  # the front door names every choice
    source: str | Path | Scan | object,
    *,
    modality: str | None = None,
    model: str | None = None,
    device: str = "auto",
    subject: SubjectLike | None = None,
    roi_subset: tuple[str, ...] = (),
    reference: str | Path | Segmentation | None = None,
    options: LoadOptions | None = None,
    inference: InferenceOptions | None = None,
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
        reference: Labels of a person on the scan's grid, to compare with; a file or a `Segmentation`.
        options: Series, case id, files by contrast and the like; with files by contrast `source` is one of them.
        inference: Which model is run how: a fast one, backend, overlap, blending, mirroring, map of confidence; its own
            when None.
        progress: Called as stages advance.

    Raises:
        InputError: The source cannot be measured.
        ModelError: The model is missing or broken.
        UsageError: An unknown modality, device or structure, a way to run the model that it has not, or a fast model
            where there is none or another one is named.
    """
    from myoscope.inference import choose_device
    from myoscope.inference.certainty import doubtful_structures
    from myoscope.models import choose_model

    run = Stages(progress)
    person = _subject(subject)
    scan, plugin = _load(source, modality, options, run)
    with _noted(scan):
        info = plugin.describe()
        info.structures.subset(roi_subset)
        truth = None if reference is None else _given(reference, scan, info, run)
        with run.stage("segment"):
            package = choose_model(scan, info, model, fast=inference is not None and inference.fast)
            _check_comparable(truth, roi_subset, package.card.recipe)
            torch_device = choose_device(device)
            made_by, found = _segment(scan, plugin, package, torch_device, inference, run=run)
        with run.stage("refine"):
            segmentation = plugin.refine(scan, found)
        unsure = doubtful_structures(segmentation)
        segmentation = replace(segmentation, findings=(*segmentation.findings, *unsure))
        result = _measured(plugin, scan, segmentation, person, run)
        result = replace(result, provenance=replace(result.provenance, model=made_by, device=torch_device))
        return _restricted(_evaluated(result, truth, info, roi_subset, run), roi_subset)


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
    run = Stages(progress)
    person = _subject(subject)
    scan, plugin = _load(source, modality, options, run)
    with _noted(scan):
        labels, origin = _given(segmentation, scan, plugin.describe(), run)
        with run.stage("refine"):
            labels = plugin.refine(scan, labels)
        result = _measured(plugin, scan, labels, person, run)
        return replace(result, provenance=replace(result.provenance, labels=origin))


def load(source: str | Path | object, *, modality: str | None = None, options: LoadOptions | None = None) -> Scan:
    """Return the scan in a path or image, with its true geometry.

    Raises:
        InputError: The source cannot be read or trusted.
    """
    return _load(source, modality, options, Stages(None))[0]


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
    from myoscope.io import read_picture, read_volume
    from myoscope.io.names import is_picture_name, is_video_name

    pictured = is_picture_name(source.name) or is_video_name(source.name)
    (read_picture if pictured else read_volume)(source)


def _load(source: object, modality: str | None, options: LoadOptions | None, run: Stages) -> tuple[Scan, Modality]:
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


def _load_path(path: Path, modality: str | None, options: LoadOptions | None, run: Stages) -> tuple[Scan, Modality]:
    with _noted(path.name):
        if not path.exists():
            raise UnreadableError(f"There is nothing at {path}.")
        with run.stage("recognize"):
            name = modality or recognize(path)
        plugin = open_modality(name)
        wanted = options or LoadOptions()
        with run.stage("load"):
            scan = plugin.load(path, wanted)
        if not wanted.contrasts.keys() <= scan.channels.keys():
            raise UsageError(
                f"{path.name} was read as {name}, which has no images called {', '.join(wanted.contrasts)}.",
                "Name the modality that has them with -m, or give the scan without contrasts.",
            )
        return scan, plugin


def _given(labels: str | Path | Segmentation, scan: Scan, info: ModalityInfo, run: Stages) -> tuple[Segmentation, str]:
    """Return labels that a person gave, on the scan's grid and for each of its frames, and where they came from."""
    if isinstance(labels, Segmentation):
        if not labels.grid.is_same(scan.grid):
            raise GeometryError("The segmentation does not lie on the scan's grid.")
        given, origin = labels, "given in memory"
    else:
        from myoscope.io import read_labels

        looked_for = info.recipes[info.sites[scan.site]].structures if scan.site in info.sites else ()
        with run.stage("read_labels"):
            given = read_labels(Path(labels), info.structures, on=scan.grid, only=looked_for)
        origin = Path(labels).name
    if given.labels.shape != scan.image.shape:
        raise GeometryError(
            f"The labels have the shape {given.labels.shape}, the scan {scan.image.shape}.",
            "A video needs labels for each of its frames.",
        )
    return given, origin


def _check_comparable(truth: tuple[Segmentation, str] | None, roi_subset: tuple[str, ...], recipe: Recipe) -> None:
    """Refuse a reference that shares no structure with what will be segmented, before the network runs."""
    if truth is None:
        return
    from myoscope.evaluation.case import check_comparable

    found = recipe.structures
    check_comparable(*truth, [name for name in found if name in (roi_subset or found)])


def _segment(
    scan: Scan, plugin: Modality, package: ModelPackage, device: str, options: InferenceOptions | None, *, run: Stages
) -> tuple[ModelReference, Segmentation]:
    """Return which model ran how, and what it found, not yet refined."""
    from myoscope.inference import run_model

    card = package.card
    found = run_model(
        scan, plugin, package, device=device, options=options,
        progress=lambda done, total: run.report("segment", done, total),
        tell=lambda line: run.report(f"segment: {line}", 0, 1),
    )  # fmt: skip
    segmentation = Segmentation(
        found.labels,
        scan.grid,
        plugin.describe().structures,
        frozenset(card.recipe.structures),
        sides_split=False,
        by_model=True,
        findings=found.findings,
        confidence=found.confidence,
        confidence_map=found.confidence_map,
        certainty=found.certainty,
    )
    made_by = ModelReference(card.id, card.sha256, card.recipe.name, found.ran_by, card.trained_on, found.seen)
    return made_by, segmentation


def _measured(plugin: Modality, scan: Scan, segmentation: Segmentation, person: Subject, run: Stages) -> CaseResult:
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


def _evaluated(
    result: CaseResult, truth: tuple[Segmentation, str] | None, info: ModalityInfo, names: tuple[str, ...], run: Stages
) -> CaseResult:
    """Return the result with its comparison with the reference, over the named structures or all."""
    if truth is None:
        return result
    from myoscope.evaluation.case import evaluate_case

    reference, origin = truth
    with run.stage("evaluate"):
        evaluation = evaluate_case(result.segmentation, reference, result.case_id, info, names)
    provenance = replace(result.provenance, reference=origin, stages=tuple(run.costs))
    findings = (*result.findings, *reference.findings)
    return replace(result, evaluation=evaluation, findings=findings, provenance=provenance)


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
    certainty = whole.certainty
    if certainty is not None:
        by_structure, expected = (
            {name: value for name, value in given.items() if name in names}
            for given in (certainty.by_structure, certainty.expected_dice)
        )
        certainty = replace(certainty, by_structure=by_structure, expected_dice=expected)
    return replace(
        result,
        segmentation=replace(
            whole,
            labels=labels,
            structures=structures,
            predicted=whole.predicted & set(names),
            certainty=certainty,
        ),
        measurements=replace(
            result.measurements,
            rows=tuple(m for m in result.measurements if m.structure in structures),
            frames=tuple(f for f in result.measurements.frames if f.structure in structures),
            calipers=tuple(c for c in result.measurements.calipers if c.structure in structures),
        ),
        slices=tuple(row for row in result.slices if row.structure in structures),
    )


def _subject(given: SubjectLike | None) -> Subject:
    if given is None:
        return Subject()
    from myoscope.io import read_subject

    return read_subject(given)


def _merged(header: Subject, given: Subject) -> Subject:
    """Return the given facts, completed by the headers'."""
    names = (field.name for field in fields(Subject))
    pairs = {name: (getattr(given, name), getattr(header, name)) for name in names}
    return Subject(**{name: ours if ours is not None else theirs for name, (ours, theirs) in pairs.items()})


@contextmanager
def _noted(case: Scan | str) -> Iterator[None]:
    """Add case and modality to an error on its way up."""
    try:
        yield
    except MyoscopeError as error:
        error.add_note(f"case: {case}" if isinstance(case, str) else f"case: {case.case_id}, modality: {case.modality}")
        raise
