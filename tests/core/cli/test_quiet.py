from __future__ import annotations

import logging
import warnings

import pytest

from myoscope.cli.quiet import third_parties_quiet


def test_warnings_and_log_records_below_errors_are_silent(caplog: pytest.LogCaptureFixture) -> None:
    with third_parties_quiet(spoken=False):
        warnings.warn("nothing that you can act on", stacklevel=1)
        logging.getLogger("library").warning("nothing that you can act on")
        logging.getLogger("library").error("broken")
    assert caplog.messages == ["broken"]


def test_all_is_as_before_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    with third_parties_quiet(spoken=False):
        pass
    logging.getLogger("library").warning("heard")
    assert caplog.messages == ["heard"]
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)


def test_when_spoken_they_are_heard() -> None:
    with pytest.warns(UserWarning, match="heard"), third_parties_quiet(spoken=True):
        warnings.warn("heard", stacklevel=1)
