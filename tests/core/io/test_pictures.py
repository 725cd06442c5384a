from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from myoscope import Severity, UnreadableError
from myoscope.errors import SeriesError
from myoscope.io import PictureScale, case_id_of, peek, read_picture

#: Every grey value, not square.
GREY = np.arange(256, dtype=np.uint8).reshape(8, 32)


def saved(path: Path, array: np.ndarray, mode: str | None = None, **options: object) -> Path:
    image = Image.fromarray(array)
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff", ".PNG"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_grey_value_of_a_lossless_picture_is_kept(tmp_path: Path, suffix: str, mode: str) -> None:
    picture = read_picture(saved(tmp_path / f"frame{suffix}", GREY, mode))
    np.testing.assert_array_equal(picture.frames, GREY)
    assert (picture.frames.dtype, picture.times_s, picture.findings) == (np.uint8, (), ())
    assert not picture.colored.any()


def test_a_jpeg_is_read_within_what_it_loses(tmp_path: Path) -> None:
    smooth = np.repeat(np.repeat(GREY[::2, ::8], 8, axis=0), 8, axis=1)
    picture = read_picture(saved(tmp_path / "frame.jpg", smooth, quality=95))
    assert np.abs(picture.frames.astype(int) - smooth).max() <= 3
    assert not picture.colored.any()


def test_color_becomes_luma_and_is_said(tmp_path: Path) -> None:
    rgb = np.zeros((4, 6, 3), dtype=np.uint8)
    rgb[:, :2], rgb[:, 2:4] = (255, 0, 0), (90, 90, 90)
    picture = read_picture(saved(tmp_path / "frame.png", rgb))
    # ITU-R BT.601 gives red 0.299.
    np.testing.assert_array_equal(picture.frames, np.repeat([[76, 76, 90, 90, 0, 0]], 4, axis=0))
    np.testing.assert_array_equal(picture.colored, np.repeat([[True] * 2 + [False] * 4], 4, axis=0))


def test_a_palette_and_two_tones_are_what_they_look_like(tmp_path: Path) -> None:
    palette = Image.fromarray(np.array([[0, 1], [1, 0]], dtype=np.uint8))
    palette.putpalette([10, 10, 10, 200, 200, 200])
    palette.save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "palette.png").frames, [[10, 200], [200, 10]])
    Image.fromarray(np.array([[False, True]])).save(tmp_path / "two.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "two.png").frames, [[0, 255]])


def test_what_is_transparent_is_black(tmp_path: Path) -> None:
    rgba = np.full((1, 3, 4), 200, dtype=np.uint8)
    rgba[0, :, 3] = (255, 0, 51)  # 51 is one fifth
    np.testing.assert_array_equal(read_picture(saved(tmp_path / "a.png", rgba)).frames, [[200, 0, 40]])
    grey = Image.fromarray(GREY)
    grey.save(tmp_path / "b.png", transparency=255)
    np.testing.assert_array_equal(read_picture(tmp_path / "b.png").frames, np.where(GREY == 255, 0, GREY))


@pytest.mark.parametrize(("top", "bits"), [(65535, 16), (4095, 12), (1023, 10), (255, 8)])
def test_more_than_8_bits_are_scaled_by_the_depth_that_holds_them(tmp_path: Path, top: int, bits: int) -> None:
    stored = np.array([[0, top // 5, top]], dtype=np.uint16)
    for suffix in (".png", ".tif"):
        picture = read_picture(saved(tmp_path / f"frame{suffix}", stored))
        np.testing.assert_array_equal(picture.frames, [[0, 51, 255]])
        (finding,) = picture.findings
        assert (finding.code, str((1 << bits) - 1) in finding.message) == ("scaled_to_8_bits", True)
        assert finding.severity is (Severity.INFO if bits == 16 else Severity.WARNING)


def test_the_resolution_of_a_screen_is_no_scale(tmp_path: Path) -> None:
    for suffix in (".png", ".tif", ".jpg"):
        picture = read_picture(saved(tmp_path / f"frame{suffix}", GREY, dpi=(96, 96)))
        assert picture.scale == PictureScale()


def test_what_is_no_single_upright_grey_picture_is_refused(tmp_path: Path) -> None:
    page = Image.fromarray(GREY)
    page.save(tmp_path / "pages.tif", save_all=True, append_images=[page, page])
    Image.fromarray(np.ones((4, 4), dtype=np.float32)).save(tmp_path / "fractions.tif")
    exif = Image.Exif()
    exif[0x0112] = 6
    page.save(tmp_path / "turned.jpg", exif=exif)
    whole = saved(tmp_path / "whole.png", np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8))
    (tmp_path / "half.png").write_bytes(whole.read_bytes()[:2000])
    (tmp_path / "text.png").write_text("This is a text file.")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.txt").write_text("hello")
    words = {
        "pages.tif": "3 pages", "fractions.tif": "fractions", "turned.jpg": "orientation 6", "half.png": "half.png",
        "text.png": "not a picture", "empty.jpg": "is empty", "notes.txt": "not a picture or video",
        "absent.png": "no file",
    }  # fmt: skip
    for name, word in words.items():
        with pytest.raises(UnreadableError, match=word):
            read_picture(tmp_path / name)


def test_a_picture_larger_than_any_scanner_shows_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "huge.png")
    with pytest.raises(UnreadableError, match="100 million pixels"):
        read_picture(tmp_path / "huge.png")


def test_a_folder_or_zip_holds_one_picture(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.mkdir()
    saved(one / "a.png", GREY)
    np.testing.assert_array_equal(read_picture(one).frames, GREY)
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as bundle:
        bundle.write(one / "a.png", "a.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "one.zip").frames, GREY)
    saved(one / "b.png", GREY)
    with pytest.raises(SeriesError, match=r"one holds 2 pictures.*a\.png"):
        read_picture(one)


def test_a_glance_at_a_picture_tells_its_size(tmp_path: Path) -> None:
    glance = peek(saved(tmp_path / "frame.png", GREY))
    assert glance is not None
    assert (glance.kind, glance.ndim, glance.size, glance.spacing) == ("picture", 2, (32, 8), ())


@pytest.mark.parametrize("name", ["leg 1.PNG", "leg 1.jpeg", "leg 1.tif", "leg 1.mp4", "leg 1.avi"])
def test_a_case_is_called_as_its_picture_without_the_ending(name: str) -> None:
    assert case_id_of(Path(name)) == "leg_1"
