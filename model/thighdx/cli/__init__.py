"""The command line: a module for each command. Data goes to standard output or `--out`, messages to standard error.

Exit status: 0 done; 1 done, but some rows could not be scored; 2 wrong usage, a bad answer, or a file that cannot be
read or written; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thighdx.cli.program import cli

__all__ = ["cli", "main"]

STOPPED = 130  # what a shell reports of a program ended by SIGINT


def main() -> None:
    """Run the command line; see the module for its exit status.

    The program and what it stands on take a quarter of a second to import, in which Ctrl-C ends it too.
    """
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not so in the background of a script
    if heeded:
        signal.signal(signal.SIGINT, _stop_at_once)
    from thighdx.cli.program import main as run

    if heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _stop_at_once(*_: object) -> None:
    """End without more ado: no file is open yet, and a module might take an exception amid its import for its own."""
    with suppress(OSError):  # a closed standard error
        os.write(2, b"\nstopped\n")
    os._exit(STOPPED)


def __getattr__(name: str) -> Any:
    if name == "cli":
        from thighdx.cli.program import cli

        return cli
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
