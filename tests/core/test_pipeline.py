"""The public front door, through the CT plugin and its embedded model."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

import myoscope
from myoscope import (
    CaseResult,
    GeometryError,
    InferenceOptions,
    InputError,
    LabelledCase,
    LoadOptions,
    ModelError,
    PluginError,
    Recognition,
    RecognitionError,
    Sex,
    Subject,
    SynthesisOptions,
    UnreadableError,
    UsageError,
    pipeline,
)
from myoscope.io import write_dicom_series, write_volume
from myoscope.models import find_model
from myoscope.ops.resample import as_image

STAGES = ["recognize", "load", "segment", "refine", "measure", "check"]
Install = Callable[..., None]


@pytest.fixture(scope="module")
def thigh() -> LabelledCase:
    return myoscope.synthesize("ct_thigh", 2026, myoscope.SynthesisOptions(spacing_mm=(4.0, 4.0, 6.0)))


@pytest.fixture(scope="module")
def image(thigh: LabelledCase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_volume(thigh.scan.image, thigh.scan.grid, tmp_path_factory.mktemp("scan") / "thigh.nii.gz")


@pytest.fixture(scope="module")
def model() -> str:
    return "ct_thigh/unetr_small"


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def analyzed(image: Path, model: str, steps: list[tuple[str, int, int]]) -> CaseResult:
    return myoscope.analyze(image, model=model, device="cpu", progress=lambda *step: steps.append(step))


@pytest.fixture(scope="module")
def measured(thigh: LabelledCase) -> CaseResult:
    return myoscope.measure(thigh.scan, thigh.segmentation)


def in_memory(kind: str, case: LabelledCase) -> object:
    if kind == "SimpleITK":
        return as_image(case.scan.image, case.scan.grid)
    affine = np.eye(4)
    affine[:3, :3] = case.scan.grid.matrix * np.array(case.scan.grid.spacing_mm)
    affine[:3, 3] = case.scan.grid.origin
    return nib.Nifti1Image(case.scan.image.T, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


def assert_same_measurements(one: CaseResult, other: CaseResult) -> None:
    pd.testing.assert_frame_equal(one.measurements.to_frame(), other.measurements.to_frame(), rtol=1e-6)


@pytest.mark.parametrize("kind", ["SimpleITK", "nibabel"])
def test_an_image_in_memory_measures_as_the_scan_does(kind: str, thigh: LabelledCase, measured: CaseResult) -> None:
    result = myoscope.measure(in_memory(kind, thigh), thigh.segmentation)
    assert_same_measurements(result, measured)
    assert len(result.measurements) > 100


def test_a_path_measures_as_the_scan_does(image: Path, thigh: LabelledCase, measured: CaseResult) -> None:
    labels = write_volume(thigh.segmentation.labels, thigh.scan.grid, image.parent / "labels.nii.gz")
    assert_same_measurements(myoscope.measure(str(image), thigh.segmentation), measured)
    from_files = myoscope.measure(image, labels)
    assert from_files.provenance.labels == "labels.nii.gz"
    left, right = (r.measurements.select(quantity="volume").to_frame() for r in (from_files, measured))
    present = right.value.notna()
    pd.testing.assert_series_equal(left.value[present], right.value[present], rtol=1e-6)


@pytest.mark.parametrize("kind", ["scan", "SimpleITK", "nibabel"])
def test_every_source_analyzes_alike(kind: str, thigh: LabelledCase, model: str, analyzed: CaseResult) -> None:
    source = thigh.scan if kind == "scan" else in_memory(kind, thigh)
    result = myoscope.analyze(source, model=model, device="cpu")
    assert np.array_equal(result.segmentation.labels, analyzed.segmentation.labels)
    assert_same_measurements(result, analyzed)


def test_something_that_is_no_image_is_refused() -> None:
    with pytest.raises(InputError, match="dict is no image"):
        myoscope.measure({"ct": 1}, "labels.nii.gz")


def test_load_gives_the_scan_and_a_case_id(image: Path, thigh: LabelledCase) -> None:
    scan = myoscope.load(image, options=LoadOptions(case_id="P7"))
    assert (scan.case_id, scan.modality, scan.source) == ("P7", "ct_thigh", "thigh.nii.gz")
    assert np.array_equal(scan.image, thigh.scan.image)
    assert scan.grid.is_same(thigh.scan.grid)


def test_nothing_at_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="There is nothing at") as caught:
        myoscope.load(tmp_path / "absent.nii.gz")
    assert caught.value.__notes__ == ["case: absent.nii.gz"]


def test_the_model_finds_muscle_and_bone_on_both_sides(analyzed: CaseResult) -> None:
    assert analyzed.segmentation.sides_split
    for side in ("left", "right"):
        (femur,) = analyzed.measurements.select(structure="femur", side=side, quantity="volume")
        assert femur.value > 100
        assert femur.unit == "mL"
    assert len(analyzed.slices) > 10


def test_structures_that_the_model_does_not_know_are_not_predicted(analyzed: CaseResult) -> None:
    (row,) = analyzed.measurements.select(structure="multifidus", quantity="volume")
    assert np.isnan(row.value)
    assert not row.complete
    assert "not predicted" in row.reason


def test_a_subset_keeps_its_structures_measured_as_in_the_whole(image: Path, model: str, analyzed: CaseResult) -> None:
    result = myoscope.analyze(image, model=model, device="cpu", roi_subset=("femur",))
    assert set(np.unique(result.segmentation.labels)) == {0, 28, 128}
    assert result.segmentation.predicted == {"femur"}
    assert result.segmentation.structures.names == ("femur",)
    assert {row.structure for row in result.slices} == {"femur"}
    femur = analyzed.measurements.select(structure="femur")
    pd.testing.assert_frame_equal(result.measurements.to_frame(), femur.to_frame())


def test_an_unknown_structure_stops_before_any_work(image: Path, model: str) -> None:
    stages: list[str] = []
    with pytest.raises(UsageError, match="No structure is called 'tongue'"):
        myoscope.analyze(
            image, model=model, device="cpu", roi_subset=("tongue",), progress=lambda name, *_: stages.append(name)
        )
    assert "segment" not in stages


def test_an_unknown_modality_is_a_usage_error(image: Path, thigh: LabelledCase) -> None:
    for call in (
        lambda: myoscope.load(image, modality="leg"),
        lambda: myoscope.analyze(thigh.scan, modality="leg"),
        lambda: myoscope.synthesize("leg", 1),
    ):
        with pytest.raises(UsageError, match="No modality is called 'leg'"):
            call()


def test_an_error_says_case_modality_and_stage(thigh: LabelledCase, image: Path) -> None:
    with pytest.raises(ModelError, match="No model is called 'ct_thigh/absent'") as caught:
        myoscope.analyze(thigh.scan, model="ct_thigh/absent", device="cpu")
    assert caught.value.__notes__ == ["stage: segment", f"case: {thigh.scan.case_id}, modality: ct_thigh"]
    with pytest.raises(UsageError, match="abacus") as caught:
        myoscope.analyze(image, device="abacus")
    assert caught.value.__notes__[0] == "stage: segment"


def test_an_error_while_loading_says_which_file_and_stage(tmp_path: Path, thigh: LabelledCase) -> None:
    path = write_volume((thigh.scan.image + 1024).astype(np.uint16), thigh.scan.grid, tmp_path / "offset.nrrd")
    with pytest.raises(UnreadableError, match="not in Hounsfield units") as caught:
        myoscope.load(path, modality="ct_thigh")
    assert caught.value.__notes__ == ["stage: load", "case: offset.nrrd"]


@pytest.mark.usefixtures("analyzed")
def test_progress_tells_every_stage_from_start_to_end(steps: list[tuple[str, int, int]]) -> None:
    assert list(dict.fromkeys(name for name, _, _ in steps)) == STAGES
    for stage in STAGES:
        own = [(done, total) for name, done, total in steps if name == stage]
        assert own[0] == (0, 1)
        assert own[-1] == (1, 1)
    windows = [(done, total) for name, done, total in steps if name == "segment"][1:-1]
    assert windows == [(n + 1, len(windows)) for n in range(len(windows))]


def test_provenance_says_what_made_the_numbers(analyzed: CaseResult, model: str) -> None:
    provenance = analyzed.provenance
    libraries = {"numpy", "SimpleITK", "opencv-python-headless", "torch", "openvino", "monai", "nnunetv2"}
    assert set(provenance.versions) == {"myoscope", "python", *libraries}
    assert provenance.versions["myoscope"] == myoscope.__version__
    assert (provenance.source, provenance.labels, provenance.device) == ("thigh.nii.gz", "", "cpu")
    card = find_model(model, "ct_thigh").card
    reference = provenance.model
    assert reference is not None
    assert (reference.id, reference.sha256, reference.recipe) == (card.id, card.sha256, card.recipe.name)
    assert re.fullmatch(r"(torch|openvino) cpu (float32|bfloat16), \d+ threads?", reference.backend)
    assert reference.trained_on == card.trained_on
    assert [cost.stage for cost in provenance.stages] == STAGES
    assert all(cost.seconds >= 0 and cost.peak_memory_mb > 10 for cost in provenance.stages)


def test_a_model_says_how_certain_it_was_and_a_subset_keeps_its_own(image: Path, model: str) -> None:
    inference = InferenceOptions(backend="torch", overlap=0.0, confidence=True)
    whole = myoscope.analyze(image, model=model, device="cpu", inference=inference)
    found = whole.segmentation
    assert found.certainty is not None
    assert found.certainty.by_structure.keys() <= found.predicted
    assert 0 < found.certainty.mean < 1
    assert found.confidence_map is not None
    assert found.confidence_map.shape == found.labels.shape
    assert found.confidence_map[found.labels > 0].mean() > 128
    assert whole.provenance.model is not None
    assert whole.provenance.model.backend.startswith("torch cpu ")
    part = pipeline._restricted(whole, ("femur",)).segmentation
    by_structure, expected = (
        {name: value for name, value in given.items() if name == "femur"}
        for given in (found.certainty.by_structure, found.certainty.expected_dice)
    )
    assert part.certainty == replace(found.certainty, by_structure=by_structure, expected_dice=expected)


def test_given_labels_need_no_model_and_provenance_says_so(measured: CaseResult) -> None:
    assert measured.provenance.model is None
    assert measured.provenance.device == ""
    assert measured.provenance.labels == "given in memory"
    assert measured.segmentation.certainty is None


def test_given_facts_go_before_the_headers_which_complete_them(thigh: LabelledCase, tmp_path: Path) -> None:
    headers = Subject(sex=Sex.FEMALE, age=71.0, height_m=1.5)
    series = write_dicom_series(thigh.scan.image, thigh.scan.grid, tmp_path / "series", subject=headers)
    alone = myoscope.measure(series, thigh.segmentation)
    assert (alone.subject.sex, alone.subject.age, alone.subject.height_m) == (Sex.FEMALE, 71.0, 1.5)
    given = myoscope.measure(series, thigh.segmentation, subject={"height_m": 2.0, "id": "P7"})
    assert given.subject == Subject(id="P7", sex=Sex.FEMALE, age=71.0, height_m=2.0)
    ratios = [
        next(iter(r.measurements.select(structure="femur", side="left", quantity="volume_height2"))).value
        for r in (alone, given)
    ]
    assert ratios[0] / ratios[1] == pytest.approx((2.0 / 1.5) ** 2)


def test_labels_that_a_person_gave_are_never_changed(thigh: LabelledCase) -> None:
    labels = thigh.segmentation.labels.copy()
    labels[0, 0, :3] = 1
    labels[1, 1, 1] = 128
    result = myoscope.measure(thigh.scan, replace(thigh.segmentation, labels=labels))
    assert np.array_equal(result.segmentation.labels, labels)


def test_two_legs_without_sides_are_split_and_keep_their_islands(thigh: LabelledCase) -> None:
    truth = thigh.segmentation.labels
    unsplit = (truth % 100).astype(np.uint8)
    unsplit[0, 0, :3] = 1
    result = myoscope.measure(thigh.scan, replace(thigh.segmentation, labels=unsplit, sides_split=False))
    found = result.segmentation.labels
    assert result.segmentation.sides_split
    assert np.array_equal(found % 100, unsplit)
    assert np.mean(found[truth > 0] == truth[truth > 0]) > 0.99


def test_labels_on_another_grid_are_refused(thigh: LabelledCase) -> None:
    moved = replace(thigh.scan.grid, origin=(0.0, 0.0, 5000.0))
    with pytest.raises(GeometryError, match="does not lie on the scan's grid"):
        myoscope.measure(thigh.scan, replace(thigh.segmentation, grid=moved))


def test_a_result_survives_pickle(analyzed: CaseResult) -> None:
    copy = pickle.loads(pickle.dumps(analyzed))  # noqa: S301
    assert np.array_equal(copy.segmentation.labels, analyzed.segmentation.labels)
    assert np.array_equal(copy.scan.image, analyzed.scan.image)
    pd.testing.assert_frame_equal(copy.measurements.to_frame(), analyzed.measurements.to_frame())
    assert copy.segmentation.structures["femur"].id == 28
    for name in ("findings", "subject", "provenance", "case_id", "modality"):
        assert getattr(copy, name) == getattr(analyzed, name)


def test_two_runs_write_the_same_bytes_but_for_what_they_cost(
    image: Path, model: str, analyzed: CaseResult, tmp_path: Path
) -> None:
    analyzed.save(tmp_path / "a")
    myoscope.analyze(image, model=model, device="cpu").save(tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "b").iterdir())
    assert len(names) == 10
    differ = [n for n in names if (tmp_path / "a" / n).read_bytes() != (tmp_path / "b" / n).read_bytes()]
    assert set(differ) <= {"run.json"}


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Pretend that these modalities are installed and believe this."""

    def pretend(**beliefs: Recognition | Exception | None) -> None:
        def open_modality(name: str) -> Any:
            if isinstance(beliefs[name], Exception):
                raise beliefs[name]
            return SimpleNamespace(recognize=lambda source: beliefs[name])

        monkeypatch.setattr(pipeline, "modalities", lambda: tuple(sorted(beliefs)))
        monkeypatch.setattr(pipeline, "open_modality", open_modality)

    return pretend


def test_the_surest_modality_wins(install: Install, image: Path) -> None:
    install(one=Recognition(0.6, "looks so"), other=Recognition(0.95, "the header says so"), third=None)
    assert pipeline.recognize(image) == "other"


def test_a_tie_lists_what_each_said(install: Install, image: Path) -> None:
    install(one=Recognition(0.6, "reaches air"), other=Recognition(0.6, "is gray"), third=Recognition(0.1, "tall"))
    with pytest.raises(RecognitionError) as caught:
        pipeline.recognize(image)
    assert str(caught.value) == (
        "thigh.nii.gz fits one and other equally well "
        "(one: reaches air (60% sure); other: is gray (60% sure); third: tall (10% sure)). Name the modality with -m."
    )


def test_a_silence_lists_what_each_said(install: Install, image: Path) -> None:
    install(one=None, broken=PluginError("The plugin 'broken' fails to import."))
    with pytest.raises(RecognitionError) as caught:
        pipeline.recognize(image)
    assert "thigh.nii.gz fits no modality (broken: The plugin 'broken' fails to import.; one: not its own)" in str(
        caught.value
    )


def test_files_by_contrast_that_the_modality_does_not_know_are_refused(image: Path) -> None:
    with pytest.raises(UsageError, match=r"thigh.nii.gz was read as ct_thigh, which has no images called water\."):
        myoscope.load(image, options=LoadOptions(contrasts={"water": image}))


def test_a_named_modality_is_not_asked(image: Path) -> None:
    stages: list[str] = []
    with pytest.raises(UsageError, match="No modality is called 'leg'"):
        myoscope.measure(image, "l.nii.gz", modality="leg", progress=lambda name, *_: stages.append(name))
    assert "load" not in stages


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (SynthesisOptions(size=(40, 40)), "a size of three numbers"),
        (SynthesisOptions(spacing_mm=(1.0,)), "a spacing of three numbers"),
        (SynthesisOptions(frames=3), "neither sites nor frames"),
        (SynthesisOptions(site="biceps"), "neither sites nor frames"),
    ],
)
def test_a_volume_with_the_axes_of_a_picture_is_refused(options: SynthesisOptions, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        myoscope.synthesize("ct_thigh", 0, options)
