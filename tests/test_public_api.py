"""The front door is explicit, and every error and value survives pickle."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import myoscope
from myoscope import errors
from myoscope.data.result import ModelReference, Provenance, SliceRow, StageCost
from myoscope.errors import MyoscopeError

GRID = myoscope.Grid.identity((4, 3, 2), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
SCAN = myoscope.Scan("ct_thigh", {"ct": np.zeros(GRID.shape, dtype=np.int16)}, GRID, "case")
STRUCTURES = myoscope.StructureSet(myoscope.THIGH_STRUCTURES)
SEGMENTATION = myoscope.Segmentation(
    np.ones(GRID.shape, dtype=np.uint8), GRID, STRUCTURES, frozenset({"sartorius"}), sides_split=False
)
ROW = myoscope.Measurement("sartorius", myoscope.Side.LEFT, "volume", 1.0, "mL", "voxel count x voxel volume")
FINDING = myoscope.Finding("metal", myoscope.Severity.WARNING, "Metal.", "Look.")
SUBJECT = myoscope.Subject("s", myoscope.Sex.FEMALE, 71.0, 1.6, 60.0)
PLAN = myoscope.TrainingPlan("dice", 1e-3, 0.0, 1, 1, 1)
RECIPE = myoscope.Recipe("a/b", ("sartorius",), (1.0, 1.0, 1.0), (8, 8, 8), 0.5, {}, "b", {}, PLAN)
INFO = myoscope.ModalityInfo("a", "A", STRUCTURES, ("NIfTI",), {"a/b": RECIPE}, "a/b", Path("weights"))
PROVENANCE = Provenance(
    {"myoscope": "0"},
    "case",
    "",
    ModelReference("a/b", "0", "a/b", "torch", "none"),
    "cpu",
    (StageCost("load", 1.0, 2.0),),
)
RESULT = myoscope.CaseResult(
    SCAN,
    SEGMENTATION,
    myoscope.Measurements((ROW,)),
    (SliceRow("sartorius", "left", 0, 0.0, 1.0, 2.0),),
    (FINDING,),
    SUBJECT,
    PROVENANCE,
)
VALUES = (
    myoscope.InferenceOptions("torch", 0.25, mirror=True),
    myoscope.LoadOptions("1", "case"),
    myoscope.SynthesisOptions(size=(4, 4, 4)),
    myoscope.Recognition(0.5, "why"),
    myoscope.LabelledCase(SCAN, SEGMENTATION, {"seed": 1}),
    INFO,
    RESULT,
)
ERRORS = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, MyoscopeError)]


def test_all_is_sorted_and_every_name_is_there() -> None:
    public = myoscope.__all__
    assert public == sorted(public, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert len(set(public)) == len(public)
    assert [name for name in public if not hasattr(myoscope, name)] == []


def test_every_public_name_is_in_all() -> None:
    own = {
        name
        for name, value in vars(myoscope).items()
        if not name.startswith("_") and str(getattr(value, "__module__", "")).startswith("myoscope")
    }
    assert own - {"annotations"} <= set(myoscope.__all__)


def test_every_error_is_public_or_a_branch_of_one() -> None:
    assert {error.__name__ for error in ERRORS} <= set(myoscope.__all__)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_survives_pickle(error: type[MyoscopeError]) -> None:
    given = error("What was given.", "What to do.")
    back = pickle.loads(pickle.dumps(given))  # noqa: S301
    assert type(back) is error
    assert (back.message, back.hint, str(back)) == ("What was given.", "What to do.", "What was given. What to do.")


def test_exit_codes_follow_the_drawn_tree() -> None:
    assert myoscope.UsageError.exit_code == 2
    assert myoscope.ModelError.exit_code == 4
    assert myoscope.PluginError.exit_code == 1
    inputs = [error for error in ERRORS if issubclass(error, myoscope.InputError)]
    assert len(inputs) == 7
    assert {error.exit_code for error in inputs} == {3}


def test_every_error_is_drawn_in_the_tree() -> None:
    assert [error.__name__ for error in ERRORS if error.__name__ not in (errors.__doc__ or "")] == []


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_survives_pickle(value: object) -> None:
    assert repr(pickle.loads(pickle.dumps(value))) == repr(value)  # noqa: S301


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_is_frozen(value: object) -> None:
    field = next(iter(type(value).__dataclass_fields__))
    with pytest.raises(AttributeError):
        setattr(value, field, None)
