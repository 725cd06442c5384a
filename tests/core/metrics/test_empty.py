import math

import numpy as np
import pytest

from myoscope.metrics import (
    WHEN_EMPTY,
    Overlap,
    Status,
    SurfaceDistances,
    accuracy,
    assd,
    dice,
    hausdorff,
    hausdorff_95,
    iou,
    precision,
    ravd_pct,
    recall,
    specificity,
    status_of,
    surface_dice,
    surface_distances,
)

FULL = np.ones((2, 3), dtype=np.uint8)
NONE = np.zeros((2, 3), dtype=np.uint8)
MASKS = {
    Status.BOTH_EMPTY: (NONE, NONE),
    Status.PREDICTION_EMPTY: (NONE, FULL),
    Status.REFERENCE_EMPTY: (FULL, NONE),
}
OVERLAPS = {"dice": dice, "iou": iou, "precision": precision, "recall": recall, "ravd_pct": ravd_pct}
SURFACES = {
    "hausdorff": hausdorff,
    "hausdorff_95": hausdorff_95,
    "assd": assd,
    "surface_dice": lambda distances: surface_dice(distances, 1.0),
}


@pytest.mark.parametrize("status", MASKS)
def test_every_metric_yields_what_the_table_says(status: Status) -> None:
    prediction, reference = MASKS[status]
    counts = Overlap(int(prediction.sum()), int(reference.sum()), 0)
    assert status_of(counts) is status
    nothing = SurfaceDistances(np.empty(0), np.empty(0))
    distances = surface_distances(prediction, reference, (1.0, 1.0)).get(1, nothing)
    found = {name: metric(counts) for name, metric in OVERLAPS.items()}
    found |= {name: metric(distances) for name, metric in SURFACES.items()}
    assert found.keys() == WHEN_EMPTY.keys()
    for name, value in found.items():
        assert value == pytest.approx(WHEN_EMPTY[name][status], nan_ok=True), name


def test_masks_that_hold_something_are_ok() -> None:
    assert status_of(Overlap(1, 1, 0)) is Status.OK


def test_the_confusion_of_a_drawing_is_known_by_hand() -> None:
    """10 voxels: 3 found rightly, 1 wrongly, 2 missed, 4 rightly left."""
    counts = Overlap(prediction=4, reference=5, both=3)
    assert dice(counts) == pytest.approx(6 / 9)
    assert iou(counts) == pytest.approx(3 / 6)
    assert precision(counts) == pytest.approx(3 / 4)
    assert recall(counts) == pytest.approx(3 / 5)
    assert specificity(counts, 10) == pytest.approx(4 / 5)
    assert accuracy(counts, 10) == pytest.approx(7 / 10)
    assert ravd_pct(counts) == pytest.approx(-20.0)
    assert math.isnan(specificity(Overlap(1, 10, 1), 10))


def test_the_documented_table_is_the_one_in_code() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[3] / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    for name, values in WHEN_EMPTY.items():
        cells = " | ".join("NaN" if math.isnan(v) else f"{v:g}" for v in values.values())
        assert f"| `{name}` | {cells} |" in page
