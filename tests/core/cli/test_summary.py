from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from myoscope import (
    ULTRASOUND_STRUCTURES,
    CaseResult,
    Grid,
    Measurement,
    Measurements,
    Scan,
    Segmentation,
    Side,
    StructureSet,
    Subject,
)
from myoscope.cli.summary import print_summary
from myoscope.data.result import Provenance

NAMES = ("peroneus_longus", "peroneus_brevis", "superficial_aponeurosis")


@pytest.fixture
def picture() -> CaseResult:
    """Two muscles were looked for; the area of one is cut, the other was not found."""
    grid = Grid.picture((8, 6), (0.5, 0.5))
    labels = np.zeros(grid.shape, np.uint8)
    rows = (
        Measurement("peroneus_longus", Side.BOTH, "thickness", 12.34, "mm", "normals"),
        Measurement("peroneus_longus", Side.BOTH, "thickness_sd", 0.5, "mm", "normals"),
        Measurement("peroneus_longus", Side.BOTH, "csa", 4.5, "cm2", "pixels", complete=False, reason="cut"),
        Measurement("peroneus_brevis", Side.BOTH, "thickness", float("nan"), "mm", "", complete=False, reason="lost"),
    )
    structures = StructureSet(ULTRASOUND_STRUCTURES)
    return CaseResult(
        scan=Scan("ultrasound", {"bmode": labels}, grid, "case"),
        segmentation=Segmentation(labels, grid, structures, frozenset(NAMES), sides_split=False),
        measurements=Measurements(rows),
        slices=(),
        findings=(),
        subject=Subject(),
        provenance=Provenance({}, "frame.png", "", None, "", ()),
    )


def test_a_picture_tells_its_main_numbers_and_counts_the_muscles_looked_for(
    picture: CaseResult, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary(picture, Path("out"), report=False)
    assert capsys.readouterr().out.splitlines() == [
        "case (ultrasound): 1 of 2 muscles measured",
        "  Peroneus longus, thickness: 12.3 mm",
        "  Peroneus longus, CSA: 4.50 cm2 (incomplete: cut)",
        "  Peroneus brevis, thickness: - (incomplete: lost)",
        "findings: none",
        "files: out",
        "Research use only. Not a medical device; not for diagnosis or treatment.",
    ]
