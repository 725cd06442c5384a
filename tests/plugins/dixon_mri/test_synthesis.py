from pathlib import Path

import numpy as np
import pytest

from myoscope import Grid, InputError, SynthesisOptions, UsageError
from myoscope.io import write_volume
from myoscope_dixon_mri.structures import STRUCTURES
from myoscope_dixon_mri.synthesis import synthesize

COARSE = (8.0, 8.0, 12.0)


def label_map(path: Path, values: tuple[int, ...]) -> Path:
    grid = Grid.identity((40, 30, 12), (6.0, 6.0, 10.0), (0.0, 0.0, 0.0))
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for place, value in enumerate(values):
        labels[1:-1, 8:22, 3 + 6 * place : 8 + 6 * place] = value
    return write_volume(labels, grid, path)


def test_a_map_that_tells_iliacus_and_psoas_apart_gives_iliopsoas(tmp_path: Path) -> None:
    path = label_map(tmp_path / "map.nii.gz", (22, 24, 128, 122, 2))
    made = synthesize(0, SynthesisOptions(label_map=path, spacing_mm=COARSE))
    assert set(np.unique(made.segmentation.labels)) - {0} <= {23, 123, 28, 128, 2, 102}
    assert made.segmentation.predicted == {"iliopsoas", "femur", "rectus_femoris"}


def test_a_map_that_changes_is_read_again(tmp_path: Path) -> None:
    path = label_map(tmp_path / "map.nii.gz", (3, 103))
    first = synthesize(0, SynthesisOptions(label_map=path, spacing_mm=COARSE))
    path = label_map(path, (5, 105))
    second = synthesize(0, SynthesisOptions(label_map=path, spacing_mm=COARSE))
    assert first.segmentation.predicted == {"vastus_lateralis"}
    assert second.segmentation.predicted == {"vastus_medialis"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (SynthesisOptions(spacing_mm=(2.0, 2.0)), "spacing of three numbers"),
        (SynthesisOptions(size=(20, 20)), "size of three numbers"),
        (SynthesisOptions(site="biceps"), "neither sites nor frames"),
        (SynthesisOptions(frames=3), "neither sites nor frames"),
    ],
)
def test_what_a_volume_does_not_have_is_refused(options: SynthesisOptions, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        synthesize(0, options)


def test_an_empty_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="empty"):
        synthesize(0, SynthesisOptions(label_map=label_map(tmp_path / "map.nii.gz", ()), spacing_mm=COARSE))


def test_structures_are_the_27_of_the_paper() -> None:
    assert len(STRUCTURES) == 27
    sizes = {group: len(members) for group, members in STRUCTURES.groupings["dixon"].items()}
    assert sizes == {"anterior": 5, "gluteal": 8, "medial": 5, "posterior": 3, "core": 4}
    grouped = {name for members in STRUCTURES.groupings["dixon"].values() for name in members}
    assert set(STRUCTURES.names) - grouped == {"femur", "iliac_bone"}
