from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from myoscope.anatomy import THIGH_STRUCTURES, StructureSet
from myoscope.data.grid import Grid
from myoscope.data.segmentation import Certainty, Segmentation
from myoscope.inference.blending import Piece, squares
from myoscope.inference.certainty import DOUBTFUL_DICE, Tally, calibrated, doubtful_structures, doubts
from myoscope.models import Calibration

torch = pytest.importorskip("torch")

#: Two squares along y, three along x.
SHAPE = (4, 20, 37)
NAMES = ("sartorius", "gracilis", "femur")


def pieces_of(shares: torch.Tensor) -> list[Piece]:
    places = itertools.product((0, 2), squares(SHAPE[1]), squares(SHAPE[2]))
    every = tuple(range(len(shares)))
    return [Piece(rows, columns, z, every, shares[:, z : z + 2, rows, columns]) for z, rows, columns in places]


def tallied(shares: torch.Tensor) -> Tally:
    tally = Tally(len(shares), SHAPE)
    pieces = pieces_of(shares)
    assert list(tally.counting(pieces)) == pieces
    return tally


def test_every_voxel_counts_once_though_columns_share_their_borders() -> None:
    winners = torch.from_numpy(np.random.default_rng(0).integers(0, 4, SHAPE))
    shares = torch.nn.functional.one_hot(winners, 4).movedim(-1, 0).float()
    tally = tallied(shares)
    assert tally.voxels.tolist() == [0, *torch.bincount(winners.flatten())[1:].tolist()]
    certainty = tally.certainty(NAMES)
    assert certainty.mean == 1.0
    assert certainty.by_structure == dict.fromkeys(NAMES, 1.0)


def test_doubt_between_two_of_four_classes_is_a_certainty_of_one_half() -> None:
    """The entropy of two equal chances is log 2, that of four log 4; what is background does not count."""
    shares = torch.zeros((4, *SHAPE))
    shares[0] = 1.0
    shares[:, 1] = torch.tensor([0.0, 0.5, 0.5, 0.0])[:, None, None]
    shares[:, 2] = torch.tensor([0.0, 0.0, 0.0, 1.0])[:, None, None]
    certainty = tallied(shares).certainty(NAMES)
    assert certainty.by_structure == pytest.approx({"sartorius": 0.5, "femur": 1.0})
    assert certainty.mean == pytest.approx(0.75)


def test_where_nothing_is_found_there_is_no_certainty() -> None:
    shares = torch.zeros((4, *SHAPE))
    shares[0] = 1.0
    certainty = tallied(shares).certainty(NAMES)
    assert math.isnan(certainty.mean)
    assert certainty.by_structure == {}


def test_less_certainty_than_usual_is_a_finding() -> None:
    (found,) = doubts("ct_thigh/x", Certainty(0.776, {}), 0.79)
    assert found.code == "low_confidence"
    assert found.message == (
        "ct_thigh/x is less sure of this scan (0.77) than of 95% of those that it was tested on (0.79 or more)."
    )


@pytest.mark.parametrize(
    ("certainty", "usual"),
    [(Certainty(0.79, {}), 0.79), (Certainty(0.2, {}), None), (Certainty(math.nan, {}), 0.79), (None, 0.79)],
    ids=["as sure", "a model that does not know", "nothing found", "a picture"],
)
def test_otherwise_there_is_none(certainty: Certainty | None, usual: float | None) -> None:
    assert doubts("ct_thigh/x", certainty, usual) == ()


LINE = Calibration(slope=2.0, intercept=-1.0, spread=0.1, count=50)


def test_certainty_becomes_the_dice_that_it_meant_never_beyond_0_and_1() -> None:
    sure = calibrated(Certainty(0.8, {"sartorius": 0.9, "femur": 1.2, "gracilis": 0.3}), LINE)
    assert sure is not None
    assert sure.expected_dice == pytest.approx({"sartorius": 0.8, "femur": 1.0, "gracilis": 0.0})


def test_without_a_line_on_the_card_nothing_is_expected() -> None:
    plain = Certainty(0.8, {"sartorius": 0.9})
    assert calibrated(plain, None) == plain
    assert calibrated(None, LINE) is None
    assert doubtful_structures(labelled("sartorius", certainty=plain)) == ()


def labelled(*names: str, certainty: Certainty | None) -> Segmentation:
    """Return a segmentation that shows a voxel of each structure."""
    structures = StructureSet(THIGH_STRUCTURES)
    labels = np.array([[[structures[name].id for name in names]]], dtype=np.uint8).reshape(1, 1, len(names))
    grid = Grid.identity((len(names), 1, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    return Segmentation(labels, grid, structures, frozenset(NAMES), sides_split=False, certainty=certainty)


def test_structures_of_which_little_is_to_be_expected_are_listed_worst_first() -> None:
    expected = Certainty(0.8, {}, {"sartorius": 0.41, "femur": 0.95, "gracilis": 0.2})
    (finding,) = doubtful_structures(labelled(*NAMES, certainty=expected))
    assert finding.code == "structures_doubtful"
    assert "gracilis (0.20), sartorius (0.41)" in finding.message
    assert "femur" not in finding.message
    (finding,) = doubtful_structures(labelled("gracilis", certainty=expected))
    assert "sartorius" not in finding.message
    assert doubtful_structures(labelled("femur", certainty=expected)) == ()
    assert doubtful_structures(labelled(*NAMES, certainty=Certainty(0.8, {}, {"sartorius": DOUBTFUL_DICE}))) == ()
    assert doubtful_structures(labelled(*NAMES, certainty=None)) == ()
