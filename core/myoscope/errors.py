"""Every error that myoscope raises, drawn as a tree.

```
MyoscopeError
├── UsageError              2   the call itself is wrong
├── InputError              3   what was given cannot be measured
│   ├── UnreadableError         not an image, truncated, without pixels, NaN
│   ├── GeometryError           spacing, slices, tilt or dimensions that cannot be trusted
│   ├── RecognitionError        no modality, or more than one, fits
│   ├── SeriesError             several series or images and none chosen
│   ├── ArchiveError            a zip that escapes its folder or expands beyond a limit
│   └── OutputError             the output folder cannot be written
├── ModelError              4   a model is missing or broken
├── BatchError              5   some cases of a batch failed, the others are done
└── PluginError             1   a modality plugin fails to import or breaks the contract
```
The number is the exit code of the command line. A message says what was given and what was expected; `hint` says
what to do. Case, stage and modality are added on the way up with `add_note`.
"""

from __future__ import annotations

from typing import ClassVar


class MyoscopeError(Exception):
    """Base of every error that myoscope raises on purpose.

    Args:
        message: One sentence: what was given and what was expected.
        hint: What to do about it; empty when the message says it all.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(MyoscopeError):
    """The call itself is wrong: an unknown name, or options that exclude each other."""

    exit_code = 2


class InputError(MyoscopeError):
    """What was given cannot be measured."""

    exit_code = 3


class UnreadableError(InputError):
    """A file that is not an image, is truncated, has no pixels, or holds NaN or infinite values."""


class GeometryError(InputError):
    """Spacing, slice positions, orientation or dimensions that cannot be trusted."""


class RecognitionError(InputError):
    """No modality, or more than one, fits the input."""


class SeriesError(InputError):
    """A folder with several series, or a picture with several images, none of which was chosen."""


class ArchiveError(InputError):
    """A zip file that escapes its folder or expands beyond the limit."""


class OutputError(InputError):
    """An output folder that cannot be written."""


class ModelError(MyoscopeError):
    """A model package that is missing, incomplete or does not match its hash."""

    exit_code = 4


class BatchError(MyoscopeError):
    """Some cases of a batch failed; what could be done is done and written."""

    exit_code = 5


class PluginError(MyoscopeError):
    """A modality plugin that fails to import or breaks the contract."""
