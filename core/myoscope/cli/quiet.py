"""Keep what other libraries say away from people who cannot act on it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def third_parties_quiet(*, spoken: bool) -> Iterator[None]:
    """Silence warnings and log records below errors; nothing is silenced when `spoken`.

    myoscope itself warns by findings and errors, never through these.
    """
    if spoken:
        yield
        return
    before = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
