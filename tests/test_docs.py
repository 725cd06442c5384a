"""The reference pages are true: they name every hook, quantity and finding, and their links lead somewhere."""

import inspect
import re
from pathlib import Path

import pytest

from myoscope import Subject, SynthesisOptions, synthesize
from myoscope.hookspecs import Modality
from myoscope.plugins import open_modality
from myoscope.testing.conformance import PROMISES

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
HOOKS = [name for name, _ in inspect.getmembers(Modality, inspect.isfunction) if not name.startswith("_")]


def section(page: str, heading: str) -> str:
    return page.partition(f"## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_heading_with_its_signature_and_the_promises_that_hold_it(hook: str) -> None:
    signature = f"{hook}{inspect.signature(getattr(Modality, hook))}".replace("'", "")
    text = section((REFERENCE / "hooks.md").read_text(), signature)
    held_by = re.findall(r"`(\w+)`", text.partition("Held by")[2])
    assert held_by
    assert set(held_by) <= {promise.__name__ for promise in PROMISES}


def test_every_promise_is_named_by_a_hook() -> None:
    page = (REFERENCE / "hooks.md").read_text()
    assert [promise.__name__ for promise in PROMISES if f"`{promise.__name__}`" not in page] == []


@pytest.mark.parametrize(("modality", "heading"), [("ct_thigh", "Thigh CT"), ("dixon_mri", "Dixon MRI")])
def test_every_quantity_is_listed_with_its_unit(modality: str, heading: str) -> None:
    case = synthesize(modality, 0, SynthesisOptions(size=(40, 32, 24), spacing_mm=(8.0, 8.0, 16.0)))
    subject = Subject(height_m=1.7, grip_strength_kg=30.0)
    rows = open_modality(modality).measure(case.scan, case.segmentation, subject)
    listed = re.findall(
        r"^\| `(\w+)` \| (\S+) \|", section((REFERENCE / "measurements.md").read_text(), heading), re.MULTILINE
    )
    assert sorted(listed) == sorted({(row.quantity, row.unit) for row in rows})


def test_every_finding_is_listed_with_its_severity() -> None:
    pattern = re.compile(r'code="(\w+)",\s+severity=Severity\.(\w+)')
    sources = [*(ROOT / "core").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    made = {(code, level.lower()) for path in sources for code, level in pattern.findall(path.read_text())}
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \|", (REFERENCE / "findings.md").read_text(), re.MULTILINE)
    assert set(listed) == made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (page.parent / link).exists()] == []
