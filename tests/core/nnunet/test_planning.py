from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from myoscope import Recipe
from myoscope.nnunet import LabelledFrame, Workspace, convert, plan


def test_frames_of_several_machines_come_to_the_recipes_grid(
    frames: tuple[LabelledFrame, ...], recipe: Recipe, tmp_path: Path
) -> None:
    """64 pixels of 0.2, 0.3 and 0.5 mm are 32, 48 and 80 pixels of 0.4 mm; the window holds 48 of the median's."""
    from nnunetv2.training.dataloading.nnunet_dataset import nnUNetDatasetBlosc2

    sizes = (0.2, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.5)
    scaled = tuple(replace(frame, spacing_mm=(size, size)) for frame, size in zip(frames, sizes, strict=True))
    workspace = Workspace(tmp_path)
    on_grid = replace(recipe, spacing_mm=(0.4, 0.4))
    convert(scaled, on_grid, workspace, held_out=("frame_6", "frame_7"))
    plan(on_grid, workspace)
    plans = json.loads((workspace.preprocessed / "nnUNetPlans.json").read_text())
    assert list(plans["configurations"]) == ["2d"]
    assert plans["configurations"]["2d"]["spacing"] == pytest.approx([0.4, 0.4])
    assert plans["configurations"]["2d"]["patch_size"] == [48, 48]
    cases = nnUNetDatasetBlosc2(str(workspace.preprocessed / "nnUNetPlans_2d"))
    shapes = [cases.load_case(f"frame_{n}")[0].shape for n in (0, 2, 7)]
    assert shapes == [(1, 1, 32, 32), (1, 1, 48, 48), (1, 1, 80, 80)]
