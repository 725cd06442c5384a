"""From what went wrong to a sentence and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

from myoscope.errors import InputError, MyoscopeError

INTERRUPTED, BROKEN_PIPE, INTERNAL = 130, 141, 1
INTERNAL_HINT = "This is a defect of myoscope: please report it with the output of the same command with -v."

ROOM_HINT = "Close other programs, give the container or job more memory, or take a smaller input."


def exit_code_of(work: Callable[[], None], *, verbose: bool) -> int:
    """Do the work and return the exit code; what goes wrong is told on standard error, with a traceback if verbose."""
    try:
        work()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has enough, as `head` does
        _drop_output()
        return BROKEN_PIPE
    except (KeyboardInterrupt, SystemExit) as error:
        if not _is_interrupt(error):
            raise
        return _told("interrupted.", "", INTERRUPTED, verbose=verbose)
    except MyoscopeError as error:
        return _told(f"error: {error.message}", error.hint, error.exit_code, verbose=verbose)
    except MemoryError as error:
        return _told(f"error: Out of memory: {error}.", ROOM_HINT, InputError.exit_code, verbose=verbose)
    except Exception as error:  # noqa: BLE001  # the last resort: any defect becomes one sentence
        sentence = f"internal error: {type(error).__name__}: {error}"
        return _told(sentence, INTERNAL_HINT, INTERNAL, verbose=verbose)
    return 0


def _told(sentence: str, hint: str, code: int, *, verbose: bool) -> int:
    """Print what went wrong and return the code; called while the error is handled."""
    if verbose:
        traceback.print_exc()
    print(sentence, *filter(None, [hint]), sep="\n", file=sys.stderr)
    return code


def _is_interrupt(error: BaseException) -> bool:
    """Tell whether Ctrl-C is behind the error: Lightning turns it into its own exit."""
    return isinstance(error, KeyboardInterrupt) or isinstance(error.__context__, KeyboardInterrupt)


def _drop_output() -> None:
    """Point standard output at nothing, so that Python's last flush is quiet too."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
