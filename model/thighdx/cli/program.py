"""The program: its commands, and what becomes of errors."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from importlib import import_module

import click

from thighdx import __version__
from thighdx.cli import STOPPED
from thighdx.cli.common import DONE, FAILED, say
from thighdx.errors import ThighdxError, unknown

COMMANDS = (
    "app", "audit", "cause", "diagnose", "diff", "evaluate", "explain", "export", "learn", "model-card", "next",
    "score", "simulate", "template",
)  # fmt: skip


class _Program(click.Group):
    """A module a command, imported once it is asked for: that of one takes a tenth of a second less than all."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names, as `--help` lists them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name, None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"thighdx.cli.{name}"), f"{name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See click; a word that is no command is told the nearest."""
        if not ctx.resilient_parsing and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(unknown(args[0], "a command", COMMANDS))
        return super().resolve_command(ctx, args)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="thighdx")
def cli() -> None:
    """What causes a pain in the back of the thigh: posteriors over its causes, with red flags.

    Supports a clinician who can review its basis; not a medical device. It stores no patient data.
    """


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
    except (click.Abort, KeyboardInterrupt):
        say("stopped")
        sys.exit(STOPPED)
    except _Stopped:
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
