from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from myoscope import Severity, UnreadableError
from myoscope.io import peek, read_picture
from myoscope.io import video as video_module
from myoscope.io.video import frame_times

FRAMES, RATE = 20, 25.0


def moving(frames: int = FRAMES) -> np.ndarray:
    """Smooth noise that moves to the right by a pixel a frame, so that each frame is a shift of the first."""
    noise = np.random.default_rng(0).integers(0, 256, (96, 128)).astype(np.uint8)
    still = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.stack([np.roll(still, k, axis=1) for k in range(frames)])


def encoded(path: Path, frames: np.ndarray, codec: str) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), RATE, frames.shape[:0:-1], True)
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.AVI", "XVID")])
def test_every_frame_of_a_video_comes_in_order_with_its_time(tmp_path: Path, name: str, codec: str) -> None:
    original = moving()
    picture = read_picture(encoded(tmp_path / name, original, codec))
    assert picture.frames.shape == original.shape
    assert np.abs(picture.frames.astype(int) - original).mean() < 3.0
    np.testing.assert_allclose(picture.times_s, np.arange(FRAMES) / RATE, atol=1e-6)
    assert picture.findings == ()
    assert not picture.colored.any()


def test_a_video_in_color_says_so(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (64, 64), True)
    frame = np.zeros((64, 64, 3), dtype=np.uint8)
    frame[:, :32, 2] = 255
    for _ in range(3):
        writer.write(frame)
    writer.release()
    assert read_picture(tmp_path / "a.avi").colored.mean() == pytest.approx(0.5, abs=0.1)


def test_a_video_that_breaks_off_gives_the_frames_so_far_and_a_finding(tmp_path: Path) -> None:
    whole = encoded(tmp_path / "whole.avi", moving(40), "MJPG")
    (tmp_path / "cut.avi").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    picture = read_picture(tmp_path / "cut.avi")
    (finding,) = picture.findings
    assert 10 <= len(picture.frames) < 30
    assert len(picture.times_s) == len(picture.frames)
    assert (finding.code, finding.severity) == ("video_breaks_off", Severity.WARNING)
    assert f"{len(picture.frames)} of 40 frames" in finding.message


def test_a_video_without_a_frame_is_refused_with_one_sentence_and_no_noise(tmp_path: Path) -> None:
    whole = encoded(tmp_path / "whole.mp4", moving(), "mp4v").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])  # the index of an MP4 lies at its end
    (tmp_path / "text.avi").write_text("This is a text file." * 50)
    (tmp_path / "head.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(3000))
    for name in ("cut.mp4", "text.avi", "head.mp4"):
        code = f"from myoscope.io import read_picture\nfrom pathlib import Path\nread_picture(Path({name!r}))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
        last = done.stderr.strip().splitlines()
        assert last[0] == "Traceback (most recent call last):", done.stderr  # nothing of FFmpeg's before it
        assert f"{name} cannot be opened as a video" in last[-1]


def test_a_video_beyond_the_memory_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encoded(tmp_path / "a.avi", moving(), "MJPG")
    monkeypatch.setattr(video_module, "MAX_BYTES", FRAMES * 96 * 128 - 1)
    with pytest.raises(UnreadableError, match="holds 20 frames of 128 x 96 pixels"):
        read_picture(path)


def test_times_come_from_rising_stamps_else_from_the_rate_else_are_numbers_with_a_finding() -> None:
    assert frame_times([2.0, 2.1, 2.4], 30.0, "a") == (pytest.approx((0.0, 0.1, 0.4)), ())
    assert frame_times([0.0, 0.0, 0.0], 20.0, "a") == ((0.0, 0.05, 0.1), ())
    times, (finding,) = frame_times([float("nan")] * 3, None, "a")
    assert (times, finding.code) == ((0.0, 1.0, 2.0), "no_frame_times")


def test_a_glance_tells_a_video_from_what_is_called_one(tmp_path: Path) -> None:
    kinds = []
    for name, codec in (("a.mp4", "mp4v"), ("a.avi", "MJPG")):
        glance = peek(encoded(tmp_path / name, moving(2), codec))
        assert glance is not None
        kinds.append(glance.kind)
    assert kinds == ["video", "video"]
    (tmp_path / "text.mp4").write_text("This is a text file.")
    assert peek(tmp_path / "text.mp4") is None
