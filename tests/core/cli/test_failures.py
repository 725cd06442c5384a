from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from myoscope import GeometryError, ModelError, UsageError
from myoscope.cli.failures import exit_code_of


def raises(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "code"), [(UsageError("a", "b"), 2), (GeometryError("a", "b"), 3), (ModelError("a", "b"), 4)]
)
def test_an_error_is_told_as_a_sentence_and_a_hint(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(lambda: raises(error), verbose=False) == code
    assert capsys.readouterr() == ("", "error: a\nb\n")


def test_verbose_tells_the_notes_too(capsys: pytest.CaptureFixture[str]) -> None:
    error = GeometryError("a")
    error.add_note("stage: load")
    assert exit_code_of(lambda: raises(error), verbose=True) == 3
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.endswith("stage: load\nerror: a\n")


def test_a_defect_becomes_one_sentence_that_says_how_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(lambda: raises(ZeroDivisionError("oh")), verbose=False) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "internal error: ZeroDivisionError: oh"
    assert "report it" in said[1]
    assert len(said) == 2


def test_where_memory_runs_out_all_the_same_it_is_said_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(lambda: raises(MemoryError("a volume of 9 GB")), verbose=False) == 3
    assert capsys.readouterr().err.startswith("error: Out of memory: a volume of 9 GB.\nClose other programs")


def test_an_interrupt_is_130_also_when_a_library_turned_it_into_an_exit(capsys: pytest.CaptureFixture[str]) -> None:
    def exits() -> None:
        try:
            raises(KeyboardInterrupt())
        except KeyboardInterrupt:
            sys.exit(1)  # as Lightning does

    assert exit_code_of(lambda: raises(KeyboardInterrupt()), verbose=False) == 130
    assert exit_code_of(exits, verbose=False) == 130
    assert capsys.readouterr().err == "interrupted.\n" * 2


def test_an_exit_that_is_no_interrupt_passes() -> None:
    with pytest.raises(SystemExit):
        exit_code_of(lambda: raises(SystemExit(5)), verbose=False)


def test_a_broken_pipe_is_quiet(program: Sequence[str]) -> None:
    with subprocess.Popen(
        [*program, "structures", "ct_thigh"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141


def test_ctrl_c_ends_with_130_and_leaves_no_files(program: Sequence[str], tmp_path: Path) -> None:
    big = ["synthesize", "ct_thigh", "-o", tmp_path / "out", "-n", "9", "--seed", "1", "--size", "400", "400", "400"]
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)  # what a test run in the background ignores
    with subprocess.Popen([*program, *big, "--spacing", "1", "1", "2"], stderr=subprocess.PIPE, text=True) as process:
        signal.signal(signal.SIGINT, heard)
        assert process.stderr is not None
        assert process.stderr.readline() == "synthesize\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "interrupted.\n"
        assert process.wait() == 130
    assert list(tmp_path.iterdir()) == []
