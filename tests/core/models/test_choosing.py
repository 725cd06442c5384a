from dataclasses import replace

import pytest

import myoscope
from myoscope import LabelledCase, SynthesisOptions, UsageError
from myoscope.models import choose_model
from myoscope.plugins import describe


@pytest.fixture(scope="module")
def thigh() -> LabelledCase:
    return myoscope.synthesize("ct_thigh", 1, SynthesisOptions(size=(24, 16, 12), spacing_mm=(16.0, 16.0, 40.0)))


def test_a_scan_gets_the_default_the_named_or_the_fast_model(thigh: LabelledCase) -> None:
    info = describe("ct_thigh")
    assert choose_model(thigh.scan, info).card.id == info.default_model
    assert choose_model(thigh.scan, info, "ct_thigh/unetr_small").card.id == "ct_thigh/unetr_small"
    assert choose_model(thigh.scan, info, fast=True).card.id == info.fast_model


def test_the_fast_model_sees_fewer_voxels_than_the_default_and_finds_the_same() -> None:
    for name in ("ct_thigh", "dixon_mri"):
        info = describe(name)
        usual, fast = (info.recipes[model] for model in (info.default_model, info.fast_model))
        volumes = [recipe.spacing_mm[0] * recipe.spacing_mm[1] * recipe.spacing_mm[2] for recipe in (usual, fast)]
        assert volumes[1] > 1.5 * volumes[0]
        assert fast.structures == usual.structures


def test_a_named_model_and_a_fast_one_exclude_each_other(thigh: LabelledCase) -> None:
    with pytest.raises(UsageError, match="Leave out --model or --fast"):
        choose_model(thigh.scan, describe("ct_thigh"), "ct_thigh/unetr_small", fast=True)


def test_a_modality_without_a_faster_model_says_so(thigh: LabelledCase) -> None:
    with pytest.raises(UsageError, match="ct_thigh has no faster model"):
        choose_model(thigh.scan, replace(describe("ct_thigh"), fast_model=""), fast=True)


def test_a_scan_that_does_not_say_its_site_lists_the_sites(thigh: LabelledCase) -> None:
    info = replace(describe("ct_thigh"), default_model="", sites={"here": "ct_thigh/unetr_small"})
    with pytest.raises(UsageError, match="--site: here"):
        choose_model(thigh.scan, info)
