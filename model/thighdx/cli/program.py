"""The program: its commands, and what becomes of errors."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback

import click

from thighdx import __version__
from thighdx.cli.app import app_command
from thighdx.cli.audit import audit_command
from thighdx.cli.cause import cause_command
from thighdx.cli.common import DONE, FAILED, say
from thighdx.cli.diagnose import diagnose_command
from thighdx.cli.diff import diff_command
from thighdx.cli.evaluate import evaluate_command
from thighdx.cli.explain import explain_command
from thighdx.cli.export import export_command
from thighdx.cli.learn import learn_command
from thighdx.cli.model_card import model_card_command
from thighdx.cli.next import next_command
from thighdx.cli.score import score_command
from thighdx.cli.simulate import simulate_command
from thighdx.cli.template import template_command
from thighdx.errors import ThighdxError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="thighdx")
def cli() -> None:
    """What causes a pain in the back of the thigh: posteriors over its causes, with red flags.

    Supports a clinician who can review its basis; not a medical device. It stores no patient data.
    """


COMMANDS = (
    diagnose_command,
    explain_command,
    next_command,
    score_command,
    template_command,
    evaluate_command,
    audit_command,
    cause_command,
    model_card_command,
    export_command,
    simulate_command,
    learn_command,
    diff_command,
    app_command,
)
for command in COMMANDS:
    cli.add_command(command)


def _forget_output() -> None:
    """Let nothing more be flushed to standard output at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Stopped(Exception):  # noqa: N818 - no error of anyone's
    """Someone asked the program to end."""


def _stop(*_: object) -> None:
    raise _Stopped


def main() -> None:
    """Run the command line; see the module for its exit status."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        for name in ("SIGTERM", "SIGHUP"):
            asked = getattr(signal, name, None)  # SIGHUP is not everywhere
            if asked is not None and signal.getsignal(asked) is not signal.SIG_IGN:  # as after nohup
                signal.signal(asked, _stop)  # so that unfinished files are removed
        status = cli.main(standalone_mode=False) or DONE
        sys.stdout.flush()
        sys.exit(status)
    except click.ClickException as error:
        error.show()
    except (click.Abort, KeyboardInterrupt, _Stopped):
        say("stopped")
    except ThighdxError as error:
        say(f"thighdx: {error}")
    except BrokenPipeError:
        # the reader of standard output went away, as `| head` does; nothing more can be said there
        _forget_output()
    except OSError as error:
        say(f"thighdx: standard input or output failed: {error.strerror or error}")
        _forget_output()
    except Exception:
        traceback.print_exc()
    sys.exit(FAILED)
