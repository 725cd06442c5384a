from __future__ import annotations

import math
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

import myoscope
from myoscope import Grid, InputError, Segmentation, Structure, StructureSet, UsageError
from myoscope.evaluation import write_evaluation
from myoscope.evaluation.published import means, read_published
from myoscope.evaluation.summary import correlate, summarize
from myoscope.evaluation.values import Evaluation, EvaluationRow, PublishedValue
from myoscope.io import write_volume
from myoscope.plugins import describe

COLUMNS = (
    "case_id", "structure", "side", "dice", "iou", "precision", "recall", "hd_mm", "hd95_mm", "assd_mm", "ravd_pct",
    "volume_pred_ml", "volume_ref_ml", "status",
)  # fmt: skip
GRID = Grid.identity((10, 8, 6), (1.0, 2.0, 5.0), (0.0, 0.0, 0.0))
CT = describe("ct_thigh").structures


def box(value: int, start: int, stop: int) -> np.ndarray:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[1:5, 2:6, start:stop] = value
    return labels


def segmentation(labels: np.ndarray, *, split: bool = False, grid: Grid = GRID) -> Segmentation:
    ids = {int(v) % 100 for v in np.unique(labels)} - {0}
    return Segmentation(labels, grid, CT, frozenset(s.name for s in CT if s.id in ids), sides_split=split)


def rows(result: Evaluation) -> dict[tuple[str, str], EvaluationRow]:
    return {(row.structure, row.side): row for row in result.rows}


def test_a_box_moved_by_two_voxels_has_the_metrics_of_the_drawing() -> None:
    result = myoscope.evaluate(segmentation(box(1, 2, 6)), segmentation(box(1, 4, 8)))
    frame = result.to_frame()
    assert tuple(frame.columns) == COLUMNS
    row = result.rows[0]
    assert (row.structure, row.side, row.status) == ("sartorius", "both", "ok")
    assert row.dice == row.precision == row.recall == pytest.approx(0.5)
    assert row.iou == pytest.approx(1 / 3)
    assert row.hd_mm == row.hd95_mm == pytest.approx(2.0)
    assert 0 < row.assd_mm < 2
    assert row.ravd_pct == 0
    assert row.volume_pred_ml == row.volume_ref_ml == pytest.approx(64 * 10 / 1000)
    assert result.modality == "ct_thigh"


def test_what_is_empty_says_so() -> None:
    missed, found = segmentation(box(2, 2, 4) * 0), segmentation(box(2, 2, 4))
    row = myoscope.evaluate(missed, found).rows[0]
    assert (row.status, row.dice, row.ravd_pct) == ("prediction empty", 0.0, -100.0)
    assert math.isnan(row.hd95_mm)
    row = myoscope.evaluate(found, missed).rows[0]
    assert (row.status, row.dice) == ("reference empty", 0.0)
    neither = Segmentation(missed.labels, GRID, CT, frozenset({"gracilis"}), sides_split=False)
    row = myoscope.evaluate(neither, neither).rows[0]
    assert row.status == "both empty"
    assert math.isnan(row.dice)


def test_without_surfaces_there_are_no_distances() -> None:
    row = myoscope.evaluate(segmentation(box(1, 2, 6)), segmentation(box(1, 4, 8)), surface=False).rows[0]
    assert math.isnan(row.hd_mm)
    assert row.dice == pytest.approx(0.5)


def test_sides_that_only_one_map_splits_are_compared_as_one() -> None:
    split = box(1, 2, 4) + box(101, 6, 8)
    whole = box(1, 2, 4) + box(1, 6, 8)
    result = myoscope.evaluate(segmentation(split, split=True), segmentation(whole))
    assert [(row.side, row.dice) for row in result.rows] == [("both", 1.0)]
    both = myoscope.evaluate(segmentation(split, split=True), segmentation(split, split=True))
    assert [(row.side, row.dice) for row in both.rows] == [("right", 1.0), ("left", 1.0)]


def test_a_plane_is_measured_without_a_volume() -> None:
    grid = Grid.identity((5, 4), (0.5, 2.0), (0.0, 0.0))
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[1:3, 1:3] = 1
    other = np.roll(labels, 1, axis=0)
    row = myoscope.evaluate(segmentation(labels, grid=grid), segmentation(other, grid=grid)).rows[0]
    assert row.hd_mm == pytest.approx(2.0)
    assert math.isnan(row.volume_ref_ml)


def test_the_same_grid_in_another_axis_order_is_the_same(tmp_path: Path) -> None:
    labels = box(1, 2, 6) + box(5, 6, 9)
    write_volume(labels, GRID, tmp_path / "a.nii.gz")
    image = sitk.ReadImage(str(tmp_path / "a.nii.gz"))
    sitk.WriteImage(sitk.Flip(sitk.PermuteAxes(image, [2, 0, 1]), [True, False, True]), tmp_path / "b.nii.gz")
    result = myoscope.evaluate(tmp_path / "b.nii.gz", tmp_path / "a.nii.gz")
    assert [row.dice for row in result.rows] == [1.0, 1.0]


def test_images_in_memory_are_compared_by_their_ids(tmp_path: Path) -> None:
    write_volume(box(1, 2, 6), GRID, tmp_path / "a.nii.gz")
    image, loaded = sitk.ReadImage(str(tmp_path / "a.nii.gz")), nib.load(tmp_path / "a.nii.gz")
    result = myoscope.evaluate(image, loaded)
    assert [(row.structure, row.dice) for row in result.rows] == [("sartorius", 1.0)]


def test_another_grid_is_refused(tmp_path: Path) -> None:
    write_volume(box(1, 2, 6), GRID, tmp_path / "a.nii.gz")
    moved = Grid.identity(GRID.size, GRID.spacing_mm, (3.0, 0.0, 0.0))
    write_volume(box(1, 2, 6), moved, tmp_path / "b.nii.gz")
    with pytest.raises(InputError, match="lie on different grids"):
        myoscope.evaluate(tmp_path / "a.nii.gz", tmp_path / "b.nii.gz")


def test_folders_are_matched_by_name_and_what_is_left_over_is_a_row(tmp_path: Path) -> None:
    for folder, names in {"p": ("a_dseg", "b", "c"), "r": ("a", "b_labels", "d")}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            write_volume(box(1, 2, 6), GRID, tmp_path / folder / f"{name}.nii.gz")
    result = myoscope.evaluate(tmp_path / "p", tmp_path / "r")
    assert result.cases == ("a", "b")
    assert {row.case_id: row.status for row in result.failures} == {
        "c": "failed: there is no reference file of this name",
        "d": "failed: there is no prediction file of this name",
    }


def test_a_case_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    for folder in ("p", "r"):
        (tmp_path / folder).mkdir()
        for name in ("a", "b"):
            write_volume(box(1, 2, 6), GRID, tmp_path / folder / f"{name}.nii.gz")
    (tmp_path / "p" / "a.nii.gz").write_text("no image")
    result = myoscope.evaluate(tmp_path / "p", tmp_path / "r")
    assert result.cases == ("b",)
    assert result.failures[0].status.startswith("failed: a.nii.gz")


def test_a_structure_that_another_case_shows_is_both_empty(tmp_path: Path) -> None:
    for folder in ("p", "r"):
        (tmp_path / folder).mkdir()
        write_volume(box(1, 2, 6), GRID, tmp_path / folder / "a.nii.gz")
        write_volume(box(1, 2, 4) + box(9, 4, 6), GRID, tmp_path / folder / "b.nii.gz")
    result = myoscope.evaluate(tmp_path / "p", tmp_path / "r")
    found = {(row.case_id, row.structure): row.status for row in result.rows}
    assert found["a", "gracilis"] == "both empty"
    gracilis = next(row for row in result.summary if (row.name, row.metric) == ("gracilis", "dice"))
    assert (gracilis.n, gracilis.left_out, gracilis.mean) == (1, 1, 1.0)


def test_labels_that_no_modality_knows_are_numbered(tmp_path: Path) -> None:
    write_volume(box(77, 2, 6), GRID, tmp_path / "a.nii.gz")
    result = myoscope.evaluate(tmp_path / "a.nii.gz", tmp_path / "a.nii.gz")
    assert (result.modality, result.rows[0].structure) == ("", "label_77")
    with pytest.raises(InputError, match="mean nothing"):
        myoscope.evaluate(tmp_path / "a.nii.gz", tmp_path / "a.nii.gz", modality="ct_thigh")


def test_a_file_and_a_folder_are_no_pair(tmp_path: Path) -> None:
    write_volume(box(1, 2, 6), GRID, tmp_path / "a.nii.gz")
    with pytest.raises(UsageError, match="folder"):
        myoscope.evaluate(tmp_path, tmp_path / "a.nii.gz")


def test_folders_without_a_common_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "r").mkdir()
    write_volume(box(1, 2, 6), GRID, tmp_path / "p" / "x.nii.gz")
    with pytest.raises(InputError, match="No file"):
        myoscope.evaluate(tmp_path / "p", tmp_path / "r")


def scored(case: str, structure: str, value: float, volumes: tuple[float, float], status: str = "ok") -> EvaluationRow:
    return EvaluationRow(
        case, structure, "both", dice=value, volume_pred_ml=volumes[0], volume_ref_ml=volumes[1], status=status
    )


PAIR = StructureSet(
    (Structure(1, "a", "A", "muscle", "", (0, 0, 0)), Structure(2, "b", "B", "muscle", "", (0, 0, 0))),
    {"scheme": {"whole": ("a", "b")}},
)


def test_sums_leave_out_what_the_reference_lacks_and_say_so() -> None:
    given = [
        scored("x", "a", 0.8, (1, 1)), scored("y", "a", 0.6, (1, 1)), scored("z", "a", 0.0, (1, 0), "reference empty"),
        scored("x", "b", 0.0, (0, 1), "prediction empty"),
    ]  # fmt: skip
    sums = {row.name: row for row in summarize(given, PAIR) if row.metric == "dice"}
    assert (sums["a"].mean, sums["a"].n, sums["a"].left_out) == (pytest.approx(0.7), 2, 1)
    assert sums["a"].sd == pytest.approx(math.sqrt(0.02))
    assert (sums["a"].q1, sums["a"].median, sums["a"].iqr) == pytest.approx((0.65, 0.7, 0.1))
    assert (sums["b"].mean, sums["b"].n) == (0.0, 1)
    assert math.isnan(sums["b"].sd)
    assert (sums["scheme:whole"].mean, sums["scheme:whole"].n) == (pytest.approx(1.4 / 3), 3)
    assert (sums["all"].n, sums["all"].left_out) == (3, 1)


def test_volumes_on_a_line_correlate_perfectly_and_few_or_constant_ones_not_at_all() -> None:
    line = [scored(str(i), "a", 1.0, (3.0 * i + 1, float(i))) for i in range(1, 5)]
    assert next(row.r for row in correlate(line, PAIR) if row.name == "a") == pytest.approx(1.0)
    assert math.isnan(correlate(line[:2], PAIR)[0].r)
    assert math.isnan(correlate([scored(str(i), "a", 1.0, (1.0, float(i))) for i in range(1, 5)], PAIR)[0].r)


def test_the_published_table_and_its_text_differ() -> None:
    table = describe("ct_thigh").published
    assert table is not None
    found = {(mean.model, mean.metric): mean for mean in means(read_published(table), structures=29)}
    dice, assd = found["unetr", "dice"], found["unetr", "assd_mm"]
    assert (dice.n, round(dice.mean, 3), dice.stated) == (26, 0.868, 0.84)
    assert (round(assd.mean, 3), assd.stated) == (0.817, 1.4191)


def test_a_selection_of_structures_has_no_mean_to_differ_from_the_text() -> None:
    selection = [
        PublishedValue("unetr", name, "dice", value, "paper") for name, value in (("femur", 0.9), ("text", 0.8))
    ]
    (mean,) = means(selection, structures=27)
    assert (mean.n, mean.stated) == (1, 0.8)
    assert math.isnan(mean.mean)


def test_the_page_shows_figures_published_values_and_that_they_disagree(tmp_path: Path) -> None:
    prediction, reference = segmentation(box(1, 2, 6) + box(2, 6, 8)), segmentation(box(1, 3, 6) + box(2, 6, 9))
    write_evaluation(myoscope.evaluate(prediction, reference), tmp_path / "out")
    page = (tmp_path / "out" / "evaluation.html").read_text()
    assert "Research use only" in page
    assert page.count("<svg") == 3
    assert "the 26 structures of the table average to 0.868, the text says 0.84" in page
    assert "average to 0.817, the text says 1.4191" in page
    assert "Kim et al." in page
    assert "http" not in page.replace("http-equiv", "")


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        result = myoscope.evaluate(segmentation(box(1, 2, 6)), segmentation(box(1, 3, 6)))
        write_evaluation(result, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["evaluation.csv", "evaluation.html", "summary.csv", "volume_correlation.csv"]
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)
