"""Deliberately broken plugins: each is caught, with a sentence that says what is wrong."""

import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from myoscope import (
    Finding,
    Measurements,
    PluginError,
    Recognition,
    Severity,
    SynthesisOptions,
    UsageError,
    hookimpl,
)
from myoscope.testing import check_modality

SMALL = SynthesisOptions(size=(40, 40, 24), spacing_mm=(2.0, 2.0, 3.0))
Change = Callable[..., Any]


def changed(phantom: Any, hook: str, change: Change) -> Any:
    """Return the phantom with one hook that first asks the true one and then changes its answer."""
    true = phantom()
    arguments = {
        "describe": lambda self: change(true.describe()),
        "recognize": lambda self, source: change(true.recognize(source), source),
        "load": lambda self, source, options: change(true.load, source, options),
        "preprocess": lambda self, scan, recipe: change(true.preprocess(scan, recipe), scan),
        "build_network": lambda self, recipe: change(true.build_network(recipe)),
        "refine": lambda self, scan, segmentation: change(segmentation),
        "measure": lambda self, scan, segmentation, subject: change(true.measure(scan, segmentation, subject)),
        "check": lambda self, scan, segmentation, measurements: change(true.check(scan, segmentation, measurements)),
        "synthesize": lambda self, seed, options: change(true.synthesize(seed, options)),
    }
    return type("Broken", (phantom,), {hook: hookimpl(arguments[hook])})()


def rows(change: Callable[[Any], Any]) -> Change:
    return lambda measurements: Measurements(tuple(change(row) for row in measurements))


def recipe_with(**values: Any) -> Change:
    return lambda info: replace(
        info, recipes={name: replace(recipe, **values) for name, recipe in info.recipes.items()}
    )


def in_place(prepared: Any, scan: Any) -> Any:
    scan.image[0, 0, 0] += 1
    return prepared


def noisy(case: Any) -> Any:
    case.scan.image[1, 0, 0] = np.random.default_rng().integers(1000)
    return case


def relabeled(value: int) -> Change:
    def change(case: Any) -> Any:
        case.segmentation.labels[5, 0, 0] = value
        return case

    return change


def unpicklable(case: Any) -> Any:
    return replace(case, facts={"when": {1, 2}})


BROKEN: list[tuple[str, Change, str]] = [
    ("describe", lambda info: replace(info, title=""), "needs a title"),
    ("describe", lambda info: replace(info, default_model="limb_phantom/other"), "neither a recipe nor an embedded"),
    ("describe", lambda info: replace(info, fast_model="limb_phantom/quick"), "The fast model 'limb_phantom/quick'"),
    ("describe", recipe_with(structures=("muscle_insert", "tail")), "structures that do not exist: tail"),
    ("describe", recipe_with(overlap=1.0), "expected 0 or more and less than 1"),
    ("describe", recipe_with(name="threshold"), "both must be 'limb_phantom/NETWORK'"),
    ("recognize", lambda belief, _: None, "does not know the plugin's own synthetic case"),
    ("recognize", lambda belief, _: belief or Recognition(0.1, "a guess"), "takes broken.zip, which is no scan"),
    (
        "recognize",
        lambda belief, source: belief or source.read_text().index("scan"),
        "Expected: Hook `recognize` answers None",
    ),
    (
        "load",
        lambda load, source, options: load(source, replace(options, case_id="")),
        "asked to call the case 'named'",
    ),
    (
        "load",
        lambda load, *given: replace(s := load(*given), channels={"image": s.image + 1}),
        "changed the voxels of the channel 'image'",
    ),
    (
        "load",
        lambda load, *given: replace(s := load(*given), grid=replace(s.grid, spacing_mm=(1.0, 1.0, 1.0))),
        "gave the grid",
    ),
    ("preprocess", in_place, "changed the scan that it was given"),
    (
        "preprocess",
        lambda prepared, _: replace(prepared, channels={"image": prepared.image.astype(np.float64)}),
        "gave float64",
    ),
    ("preprocess", lambda prepared, _: replace(prepared, channels={"ct": prepared.image}), "gave the channels ('ct',)"),
    ("preprocess", lambda _, scan: scan, "gave int16"),
    ("build_network", lambda _: torch.nn.Identity(), "do not fit the network"),
    ("refine", lambda s: replace(s, predicted=frozenset()), "which of them were looked for"),
    ("refine", lambda s: replace(s, labels=s.labels + np.uint8(1)), "added labels to an empty segmentation"),
    ("measure", rows(lambda row: replace(row, unit="")), "without a unit"),
    ("measure", rows(lambda row: replace(row, side="both", structure="limb")), "rows of volume of limb"),
    ("measure", rows(lambda row: replace(row, value=2 * row.value)), "voxels are"),
    (
        "measure",
        rows(lambda row: replace(row, value=0.0) if math.isnan(row.value) else row),
        "gave 0 mL as volume of muscle_insert, which is not in the scan",
    ),
    ("measure", rows(lambda row: replace(row, complete=False, reason="")), "they disagree"),
    ("check", lambda _: (Finding("odd", Severity.INFO, "Odd.", ""),), "and what to do"),
    ("check", lambda _: ("odd",), "expected a Finding"),
    ("synthesize", noisy, "two different cases for the seed 0"),
    ("synthesize", relabeled(7), "label values that name no structure: [7]"),
    ("synthesize", unpicklable, "not JSON serializable"),
]


@pytest.mark.parametrize(("hook", "change", "sentence"), BROKEN, ids=[f"{hook}: {said}" for hook, _, said in BROKEN])
def test_a_broken_plugin_is_caught_with_a_clear_sentence(
    phantom: Any, hook: str, change: Change, sentence: str
) -> None:
    with pytest.raises(PluginError) as caught:
        check_modality(changed(phantom, hook, change), options=SMALL)
    assert sentence in str(caught.value)
    assert "limb_phantom" in str(caught.value)


def test_nan_that_is_called_complete_is_caught(phantom: Any) -> None:
    lying = rows(lambda row: replace(row, value=math.nan))
    with pytest.raises(PluginError, match="gave NaN as volume of muscle_insert, side both and calls it complete"):
        check_modality(changed(phantom, "measure", lying), options=SMALL)


def test_every_broken_promise_is_listed(phantom: Any) -> None:
    broken = changed(phantom, "describe", lambda info: replace(info, title="", default_model="limb_phantom/other"))
    with pytest.raises(PluginError, match=r"(?s)a title.*neither a recipe"):
        check_modality(broken, options=SMALL)


def test_a_missing_hook_is_named(phantom: Any) -> None:
    class Bare:
        describe = phantom.describe

    with pytest.raises(PluginError, match=r"does not implement .*measure"):
        check_modality(Bare())


def test_an_object_that_is_no_plugin_is_refused() -> None:
    with pytest.raises(PluginError, match="'int' does not implement describe"):
        check_modality(1)


def test_a_hook_with_another_argument_is_named(phantom: Any) -> None:
    broken = type("Broken", (phantom,), {"recognize": hookimpl(lambda self, path: None)})
    with pytest.raises(PluginError, match="path"):
        check_modality(broken())


def test_an_unknown_name_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="No modality is called 'nothing'"):
        check_modality("nothing")


def test_the_example_keeps_the_contract_and_says_what_was_checked(phantom: Any) -> None:
    report = check_modality(phantom(), seed=3, options=SMALL, every_network=True)
    assert report.modality == "limb_phantom"
    assert str(report).startswith("limb_phantom keeps the contract:\n- ")
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301


def test_what_the_example_measures_has_a_closed_form(phantom: Any) -> None:
    case = phantom().synthesize(1, SynthesisOptions(size=(200, 200, 62), spacing_mm=(0.5, 0.5, 1.0)))
    measured = phantom().measure(case.scan, case.segmentation, None).select(structure="bone_insert")
    rod = math.pi * case.facts["bone_radius_mm"] ** 2 * 60.0 / 1000.0
    assert measured.rows[0].value == pytest.approx(rod, rel=0.005)
