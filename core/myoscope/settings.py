"""Frozen settings, read once at the edge: the only reader of the environment.

`MYOSCOPE_MODELS` names the folder of imported models, `MYOSCOPE_CACHE` that of what is made from models once and may be
deleted at any time, `MYOSCOPE_MAX_UNZIPPED_GB` the limit of an unpacked archive.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from myoscope.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """What the surroundings fix for a run.

    Attributes:
        models_dir: Folder of imported model packages; need not exist.
        cache_dir: Folder of what can be made again; need not exist.
        max_unzipped_gb: An archive that would unpack to more than this is refused.
    """

    models_dir: Path
    cache_dir: Path
    max_unzipped_gb: float


@cache
def get_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        UsageError: A variable holds something that is not a number.
    """
    text = os.environ.get("MYOSCOPE_MAX_UNZIPPED_GB", "20")
    try:
        limit = float(text)
    except ValueError:
        raise UsageError(f"MYOSCOPE_MAX_UNZIPPED_GB is {text!r}, expected a number of gigabytes.") from None
    home = os.environ.get("MYOSCOPE_MODELS") or Path("~/.local/share/myoscope/models").expanduser()
    cached = os.environ.get("MYOSCOPE_CACHE") or Path("~/.cache/myoscope").expanduser()
    return Settings(models_dir=Path(home), cache_dir=Path(cached), max_unzipped_gb=limit)


def quiet_video_decoder() -> None:
    """Keep FFmpeg from printing thousands of lines about a damaged video; what matters becomes a finding or an error.

    It reads its log level from the environment when OpenCV first uses it. A level that somebody set stays.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


def train_among(rank: int, port: int) -> None:
    """Tell Lightning that this process was started to train on one of several devices of this machine.

    It reads where they meet, and which of them this one is, from the environment alone.

    Args:
        rank: Number of the device.
        port: At which they meet, the same for all.
    """
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), LOCAL_RANK=str(rank))
