from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from myoscope import CaseResult, OutputError
from myoscope.io import write_case
from myoscope.report.annotated_video import codec_rate, write_annotated_video
from myoscope.report.frame_painter import paint
from myoscope.report.frame_player import MOST_FRAMES, player
from myoscope.report.sheet import LEAST_WIDTH, WARNING, plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

PictureCase = Callable[..., CaseResult]
LEAST_PSNR = 28.0


def frame_part(case: CaseResult, index: int) -> NDArray[Any]:
    """Return the frame on its sheet, without the bands of text."""
    sheet = plan(case)
    (x, y), (width, height) = sheet.corner, sheet.frame_size
    return paint(sheet, case, index)[y : y + height, x : x + width].astype(int)


def near(picture: NDArray[Any], color: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.abs(picture - color).max(axis=2) < 40


def test_every_frame_is_in_the_file_at_the_true_rate(picture_case: PictureCase, tmp_path: Path) -> None:
    case = picture_case(frames=12)
    path = write_annotated_video(case, tmp_path / "a.mp4")
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(20.0, rel=1e-3)
    sheet, read = plan(case), 0
    while True:
        seen, picture = capture.read()
        if not seen:
            break
        assert cv2.PSNR(picture, paint(sheet, case, read)) > LEAST_PSNR
        read += 1
    assert read == 12


@pytest.mark.parametrize(
    ("frames_a_second", "stated"),
    [(25.0, 25.0), (30000 / 1001, 29.97), (200 / 3, 66.67), (1000.0, 1000.0), (0.4, 0.4)],
)
def test_a_rate_is_stated_as_exactly_as_the_codec_can(frames_a_second: float, stated: float) -> None:
    assert codec_rate(frames_a_second) == pytest.approx(stated)


def test_a_rate_of_many_digits_is_written(picture_case: PictureCase, tmp_path: Path) -> None:
    case = picture_case(frames=4)
    scan = dataclasses.replace(case.scan, times_s=tuple(index * 0.015 for index in range(4)))
    path = write_annotated_video(dataclasses.replace(case, scan=scan), tmp_path / "a.mp4")
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(200 / 3, rel=1e-3)


def test_a_video_that_cannot_be_written_is_an_output_error(picture_case: PictureCase, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_annotated_video(picture_case(frames=3), tmp_path / "absent" / "a.mp4")


@pytest.mark.parametrize(("spacing_mm", "ratio"), [((0.5, 0.5), 0.75), ((0.5, 1.0), 1.5), (None, 0.75)])
def test_a_frame_has_its_true_proportions_and_even_sides(
    picture_case: PictureCase, spacing_mm: tuple[float, float] | None, ratio: float
) -> None:
    sheet = plan(picture_case(spacing_mm, frames=3))
    assert sheet.frame_size[1] / sheet.frame_size[0] == pytest.approx(ratio, rel=0.01)
    assert all(side % 2 == 0 for side in sheet.size)


def test_a_high_and_narrow_frame_leaves_room_for_its_texts(picture_case: PictureCase) -> None:
    case = picture_case((0.1, 1.0), frames=3)
    sheet = plan(case)
    assert sheet.frame_size[1] > 5 * sheet.frame_size[0]
    assert sheet.size[0] == LEAST_WIDTH
    sides = paint(sheet, case, 0)[sheet.corner[1] :, : sheet.corner[0]][: sheet.frame_size[1]]
    assert sides.size > 0
    assert not sides.any()


def test_only_rejected_frames_have_a_colored_border(picture_case: PictureCase) -> None:
    case = picture_case(frames=6)
    marked = [near(frame_part(case, index)[1:2], WARNING).mean() for index in range(6)]
    assert [share > 0.9 for share in marked] == [False, False, False, True, True, False]


def test_structures_are_outlined_on_their_border(picture_case: PictureCase) -> None:
    picture = frame_part(picture_case(frames=1), 0)
    rows, columns = np.nonzero(near(picture, (66, 228, 240)))
    height, width = picture.shape[:2]
    assert (rows.min() / height, rows.max() / height) == pytest.approx((26 / 90, 30 / 90), abs=0.012)
    assert (columns.min() / width, columns.max() / width) == pytest.approx((12 / 120, 108 / 120), abs=0.012)


def test_a_caliper_is_drawn_in_its_own_frame_only(picture_case: PictureCase) -> None:
    first, second, third = (frame_part(picture_case(frames=4), index) for index in range(3))
    assert (first == second).all()
    rows, columns = np.nonzero((second != third).any(axis=2))
    height, width = third.shape[:2]
    assert (rows.min() / height, rows.max() / height) == pytest.approx((30 / 90, 61 / 90), abs=0.02)
    # The label stands to the right of the line.
    assert columns.min() / width == pytest.approx(60.5 / 120, abs=0.02)


def test_texts_tell_frame_time_confidence_values_and_reason(picture_case: PictureCase) -> None:
    sheet = plan(picture_case(frames=6))
    told = [text.text for text in sheet.texts[4]]
    assert told[0] == "frame 4 (0 to 5)   0.20 s   confidence 0.86"
    assert told[1:] == [
        "Muscle: thickness 9.0 mm",
        "Muscle: echo intensity 44 of 255",
        "Rejected: the deep border leaves the picture",
    ]
    assert all(text.text.isascii() for texts in sheet.texts for text in texts)
    assert all(text.place[1] < sheet.corner[1] for texts in sheet.texts for text in texts)


def test_a_picture_of_other_than_8_bits_is_stretched_to_gray(picture_case: PictureCase) -> None:
    case = picture_case(frames=2)
    image = np.linspace(-1.0, 3.0, case.scan.image.size, dtype=np.float32).reshape(case.scan.image.shape)
    scan = dataclasses.replace(case.scan, channels={"water": image})
    assert frame_part(dataclasses.replace(case, scan=scan), 1).max() == 255


def test_the_page_has_few_frames_spread_over_the_video(picture_case: PictureCase) -> None:
    shown = player(picture_case(frames=250))
    assert shown is not None
    assert [index for index, _ in shown.frames] == list(range(0, 250, 3))
    assert len(shown.frames) <= MOST_FRAMES
    assert shown.interval_ms == pytest.approx(150.0)
    assert shown.frames[shown.first][0] in {1, 2, 3}
    assert player(picture_case()) is None


def test_a_video_is_written_with_its_case_and_a_picture_has_none(
    picture_case: PictureCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("write_nifti", "write_seg_nrrd"):
        monkeypatch.setattr(f"myoscope.io.case_files.{name}", lambda *_: None)
    write_case(picture_case(frames=3), tmp_path / "video")
    write_case(picture_case(), tmp_path / "picture")
    assert [path.name for path in tmp_path.rglob("*.mp4")] == ["frame7_annotated.mp4"]
    assert cv2.VideoCapture(str(tmp_path / "video" / "frame7_annotated.mp4")).read()[0]
