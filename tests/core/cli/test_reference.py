from __future__ import annotations

from pathlib import Path

from myoscope.cli.reference import reference_page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md"


def test_the_page_is_current() -> None:
    """When this fails: `python -m myoscope.cli.reference > docs/reference/cli.md`."""
    assert PAGE.read_text(encoding="utf-8") == reference_page()


def test_every_argument_of_every_command_has_a_meaning() -> None:
    rows = [line for line in reference_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 50
    assert not [row for row in rows if row.endswith("|  |") or "None" in row]
