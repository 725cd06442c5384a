from __future__ import annotations

import io

import pytest

from myoscope.cli.progress import show_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_a_stage_is_a_line_and_its_steps_a_line_a_quarter(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(quiet=False) as progress:
        progress("load", 0, 1)
        progress("load", 1, 1)
        progress("segment", 0, 1)
        for done in range(1, 9):
            progress("segment", done, 8)
        progress("segment", 1, 1)
        progress("read_labels", 0, 1)
    quarters = [f"segment: {percent}% ({done} of 8)" for percent, done in ((25, 2), (50, 4), (75, 6), (100, 8))]
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == ["load", "segment", *quarters, "read labels"]


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(quiet=True) as progress:
        progress("load", 0, 1)
        progress("segment", 4, 8)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_bar_that_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with show_progress(quiet=False) as progress:
        progress("load", 0, 1)
        progress("segment", 0, 1)
        progress("segment", 3, 8)
        progress("segment", 1, 1)
    said = terminal.getvalue()
    assert "load" in said
    assert "3/8" in said
    assert "\n" not in said
    assert said.split("\r")[-2].strip() == ""
