"""The reference page is true: its example runs, and its table of facts is the one that is checked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from myoscope.sarcopenia import DEFINITIONS, FACTS

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "sarcopenia.md").read_text(encoding="utf-8")


def test_the_example_says_what_its_comments_say() -> None:
    code = PAGE.partition("```python\n")[2].partition("```")[0]
    namespace: dict[str, Any] = {}
    exec(code, namespace)  # noqa: S102
    found = namespace["found"]
    assert f"# {found.label!r}" in code
    assert f"# {found['severe'].missing}" in code


def test_every_fact_is_listed_with_its_unit_and_range() -> None:
    for name, fact in FACTS.items():
        row = re.search(rf"^\| `{name}` \| (\S+) \| ([\d.]+) to ([\d.]+)", PAGE, re.MULTILINE)
        assert row is not None, name
        assert (row[1], float(row[2]), float(row[3])) == (fact.unit, fact.low, fact.high)


def test_every_stage_is_listed() -> None:
    for definition in DEFINITIONS.values():
        assert f"| {definition.name} |" in PAGE
        assert all(f"`{stage}`" in PAGE for stage in definition.stages)
