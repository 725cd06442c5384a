from __future__ import annotations

from collections.abc import Callable
from typing import Any

from myoscope import THIGH_STRUCTURES, StructureSet
from myoscope.cli.structures import groups_of

Run = Callable[..., Any]


def test_every_structure_has_a_line_with_id_name_and_kind(run: Run) -> None:
    said = run("structures", "ct_thigh")
    assert said.code == 0
    lines = [line.split()[:3] for line in said.out.splitlines()]
    assert all([str(s.id), s.name, s.kind] in lines for s in THIGH_STRUCTURES)


def test_an_unknown_modality_is_a_usage_error_that_lists_the_known(run: Run) -> None:
    said = run("structures", "x_ray")
    assert said.code == 2
    assert said.err.startswith("error: No modality is called 'x_ray'.\nInstalled modalities: ")
    assert "ct_thigh" in said.err


def test_groups_are_written_with_their_scheme() -> None:
    structures = StructureSet(
        THIGH_STRUCTURES, {"a": {"front": ("sartorius",), "back": ("gracilis",)}, "b": {"all": ("sartorius",)}}
    )
    assert groups_of("sartorius", structures) == ["a:front", "b:all"]
    assert groups_of("femur", structures) == []
