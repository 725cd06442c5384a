from __future__ import annotations

from itertools import combinations

import pytest

from myoscope import ULTRASOUND_STRUCTURES, Caliper, StructureSet
from myoscope.report.caliper_labels import Point, caliper_texts, label_boxes
from myoscope.report.label_places import Box, shared_area

PICTURE = (500.0, 400.0)
SIZE = (80.0, 15.0)


def holds(box: Box, line: tuple[Point, Point]) -> bool:
    """Tell whether a line runs through a box."""
    (x1, y1), (x2, y2) = line
    places = ((x1 + s / 500 * (x2 - x1), y1 + s / 500 * (y2 - y1)) for s in range(501))
    return any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for x, y in places)


@pytest.mark.parametrize(
    "lines",
    [
        [((250.0, 100.0), (250.0, 300.0))],
        [((x, 100.0), (x + 10, 300.0)) for x in (60.0, 200.0, 340.0)],
        [((495.0, 100.0), (495.0, 300.0)), ((3.0, 100.0), (3.0, 300.0))],
        [((x, 50.0), (x, 350.0)) for x in (200.0, 230.0, 260.0)],
        [((100.0, 200.0), (400.0, 210.0))],
    ],
    ids=["alone", "three", "at both edges", "close to each other", "nearly level"],
)
def test_labels_stand_in_the_picture_beside_each_other_and_on_no_line(lines: list[tuple[Point, Point]]) -> None:
    boxes = label_boxes(lines, [SIZE] * len(lines), PICTURE)
    for box in boxes:
        assert (box[2] - box[0], box[3] - box[1]) == SIZE
        assert min(box) >= 0
        assert box[2] <= PICTURE[0]
        assert box[3] <= PICTURE[1]
        assert not any(holds(box, line) for line in lines)
    assert all(shared_area(a, b) == 0 for a, b in combinations(boxes, 2))


def test_a_length_names_its_structure_only_among_several() -> None:
    structures = StructureSet(ULTRASOUND_STRUCTURES)
    longus, brevis = (Caliper(0, f"peroneus_{n}", (0, 0), (0, 9), 12.34) for n in ("longus", "brevis"))
    assert caliper_texts([longus, longus], structures, "mm") == ["12.3 mm", "12.3 mm"]
    assert caliper_texts([longus, brevis], structures, "px") == ["PL 12.3 px", "PB 12.3 px"]
