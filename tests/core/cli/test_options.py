from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from myoscope.cli.options import inference_options_of, load_options_of, source_of
from myoscope.cli.parser import build_parser
from myoscope.data.inference import InferenceOptions
from myoscope.errors import UsageError

ANALYZE, MEASURE = ["analyze", "-o", "out"], ["measure", "-o", "out"]


def parse(*argv: str) -> Namespace:
    return build_parser().parse_args(argv)


@pytest.mark.parametrize("argv", [["analyze", "scan", "-o", "out"], [*ANALYZE, "scan"], [*MEASURE, "scan", "labels"]])
def test_input_is_the_source(argv: list[str]) -> None:
    args = parse(*argv)
    assert source_of(args) == Path("scan")
    assert load_options_of(args).contrasts == {}
    assert load_options_of(args).match_stations
    assert not load_options_of(args).correct_swaps


def test_files_by_contrast_stand_for_input_in_the_order_of_channels() -> None:
    args = parse(*ANALYZE, "--opposed-phase", "o", "--fat", "f", "--in-phase", "i", "--water", "w")
    assert source_of(args) == Path("w")
    contrasts = {"water": Path("w"), "fat": Path("f"), "in_phase": Path("i"), "opposed_phase": Path("o")}
    assert load_options_of(args).contrasts == contrasts
    assert list(load_options_of(args).contrasts) == list(contrasts)


def test_what_loading_of_stations_does_can_be_chosen() -> None:
    options = load_options_of(parse(*ANALYZE, "scan", "--correct-swaps", "--no-station-matching"))
    assert options.correct_swaps
    assert not options.match_stations


def test_input_and_files_by_contrast_exclude_each_other() -> None:
    with pytest.raises(UsageError, match=r"INPUT \(scan\) and --water, --fat exclude each other"):
        source_of(parse(*ANALYZE, "scan", "--fat", "f", "--water", "w"))


@pytest.mark.parametrize("argv", [ANALYZE, MEASURE, [*MEASURE, "scan"], [*MEASURE, "--water", "w"]])
def test_without_any_source_the_call_is_not_understood(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        parse(*argv)
    assert exit_info.value.code == 2
    assert "the following arguments are required: " in capsys.readouterr().err


def test_how_the_model_is_run_can_be_chosen_and_is_its_own_otherwise() -> None:
    assert inference_options_of(parse(*ANALYZE, "scan")) == InferenceOptions()
    given = ("--backend", "torch", "--overlap", "0.25", "--blending", "constant", "--mirror", "--confidence")
    assert inference_options_of(parse(*ANALYZE, "scan", *given)) == InferenceOptions(
        "torch", 0.25, "constant", mirror=True, confidence=True
    )


@pytest.mark.parametrize("share", ["1", "-0.1", "nan"])
def test_an_overlap_that_is_no_share_of_a_window_is_a_usage_error(share: str) -> None:
    with pytest.raises(UsageError, match="is not a share of a window"):
        inference_options_of(parse(*ANALYZE, "scan", f"--overlap={share}"))
