"""The command line. Data goes to standard output or `--out`, messages to standard error.

Exit status: 0 done; 1 done, but some rows could not be scored; 2 wrong usage, a bad answer, or a file that cannot be
read or written.
"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from thighdx import __version__
from thighdx.assess import get_model
from thighdx.cardtext import print_cause_card
from thighdx.casefiles import STANDARD, check_ending, whole_file
from thighdx.cases import read_case
from thighdx.causecard import cause_card
from thighdx.diagnosis import diagnose
from thighdx.errors import CaseError, Fault, ThighdxError
from thighdx.knowledge import Knowledge
from thighdx.report import print_diagnosis
from thighdx.score import other_columns_note
from thighdx.selection import select
from thighdx.template import case_header, dictionary
from thighdx.wording import count

DONE, SOME_ROWS, FAILED = 0, 1, 2
MOST_PROBLEM_LINES = 20
MOST_CAUSES = 10
PIPED_WIDTH = 120  # characters, where there is no terminal to ask


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options every command takes."""
    command = click.option(
        "--priors",
        multiple=True,
        metavar="FOLDER|OVERLAY",
        help="Priors to use, or to lay over; repeatable, later wins.",
    )(command)
    return click.option("--population", metavar="NAME|FILE", help="Whose base rates; a TOML file may state its own.")(
        command
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="thighdx")
def cli() -> None:
    """What causes a pain in the back of the thigh: posteriors over its causes, with red flags.

    Supports a clinician who can review its basis; not a medical device. It stores no patient data.
    """


@cli.command("diagnose")
@click.argument("answers", nargs=-1, metavar="FINDING=CELL...")
@_common
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@click.option("--all", "show_all", is_flag=True, help="Every cause, not only the first ten.")
@click.option("--cause", metavar="ID", help="Show what is known of this cause instead: course, advice, best study.")
def diagnose_command(
    answers: tuple[str, ...],
    priors: tuple[str, ...],
    population: str | None,
    as_json: bool,
    show_all: bool,
    cause: str | None,
) -> None:
    """The causes of one case, beside their base rates.

    Example: thighdx diagnose onset=sudden pop_felt=yes 'pain_site=sit_bone|buttock' radiating_pain=below_knee@0.8
    """
    knowledge, chosen = select(priors, population)
    if cause is not None:
        if answers:
            raise click.UsageError("--cause shows what is known of a cause and takes no answers")
        card = cause_card(knowledge, cause, chosen)
        _print(card.to_dict(), as_json, lambda console: print_cause_card(card, console))
        return
    diagnosis = diagnose(_case(answers, knowledge), knowledge=knowledge, population=chosen)
    most = len(diagnosis.causes) if show_all else MOST_CAUSES
    _print(diagnosis.to_dict(), as_json, lambda console: print_diagnosis(diagnosis, console, most))


@cli.command("score")
@click.argument("cases")
@click.option("--out", required=True, metavar="FILE", help="Scored table: .csv or .parquet; - for standard output.")
@click.option("--keep", is_flag=True, help="Copy the columns that are no findings.")
@click.option("--problems", metavar="FILE", help="Write every cell that could not be read to this CSV file.")
@_common
def score_command(
    cases: str, out: str, keep: bool, problems: str | None, priors: tuple[str, ...], population: str | None
) -> None:
    """Score a table of cases, CSV or Parquet: a row in, a row out; - reads CSV from standard input.

    Example: thighdx score cases.csv --population uniform --out scored.csv
    """
    from thighdx.scorefile import RowProblem, score_file

    knowledge, chosen = select(priors, population)
    shown = 0

    def on_columns(names: list[str]) -> None:
        note = other_columns_note(knowledge, names, kept=keep)
        if note:
            _say(note)

    def on_problem(problem: RowProblem) -> None:
        nonlocal shown
        shown += 1
        if shown <= MOST_PROBLEM_LINES:
            _say(f"{cases}, {problem}")

    with _progress() as advance:
        tally = score_file(
            get_model(knowledge, chosen),
            cases,
            out,
            keep=keep,
            problems=problems,
            on_columns=on_columns,
            on_problem=on_problem,
            on_rows=advance,
        )
    if shown > MOST_PROBLEM_LINES and problems is None:
        _say(f"... and {shown - MOST_PROBLEM_LINES} more; --problems FILE writes them all")
    if tally.repeated_ids:
        repeat = count(tally.repeated_ids, "row repeats", "rows repeat")
        _say(f"{repeat} a case_id, first '{tally.first_repeated}'; every row is kept")
    _say(f"{tally.rows} rows, {tally.not_scored} of them not scored" + (f", to {out}" if out != STANDARD else ""))
    sys.exit(SOME_ROWS if tally.not_scored else DONE)


@cli.command("template")
@click.option("--dictionary", "as_dictionary", is_flag=True, help="The data dictionary instead of the empty table.")
@click.option("--out", metavar="FILE", default=STANDARD, help="A CSV file; standard output without it.")
@_common
def template_command(as_dictionary: bool, out: str, priors: tuple[str, ...], population: str | None) -> None:
    """An empty case table with every column, or a dictionary of the columns.

    Example: thighdx template --dictionary --out dictionary.csv
    """
    knowledge, _ = select(priors, population)
    rows = dictionary(knowledge) if as_dictionary else [case_header(knowledge)]
    if out == STANDARD:
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
        return
    check_ending(out, "written", (".csv",))
    with whole_file(Path(out)) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


@cli.command("app")
@_common
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen; Streamlit's own default without it.")
def app_command(priors: tuple[str, ...], population: str | None, port: int | None) -> None:
    """Open the page in a browser, on this machine only.

    Example: thighdx app --population uniform
    """
    select(priors, population)  # faults are said here, before a browser opens
    if port is not None and not _is_free(port):
        raise click.UsageError(f"port {port} is taken; name another by --port")
    from thighdx.page import launch

    launch.run(priors, population, port)


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("localhost", port)) != 0


def _print(said: dict[str, Any], as_json: bool, show: Callable[[Console], None]) -> None:
    """JSON for a program, or text as wide as the terminal for a person."""
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        show(Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH))


def _case(answers: Sequence[str], knowledge: Knowledge) -> dict[str, str]:
    """The case from `finding=cell` words. Raises `CaseError` with every word that is none and every bad answer."""
    case: dict[str, str] = {}
    faults = []
    for word in answers:
        name, equals, cell = (part.strip() for part in word.partition("="))
        if not equals:
            faults.append(Fault("", f"'{word}' is not an answer; write finding=state, as onset=sudden"))
        elif name in case:
            faults.append(Fault("", f"'{name}' is answered twice; accepted: once (a|b for one of several states)"))
        else:
            case[name] = cell
    try:
        read_case(knowledge, case)
    except CaseError as error:
        faults.extend(error.faults)
    if faults:
        raise CaseError(faults)
    return case


class _progress:  # noqa: N801 - used as a function
    """Rows done and rows a second on a terminal; quiet otherwise."""

    def __enter__(self) -> Callable[[int], None]:
        if not sys.stderr.isatty():
            self._bar = None
            return lambda _: None
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} rows"))
        self._bar = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
        self._bar.start()
        task = self._bar.add_task("score", total=None)
        return lambda rows: self._bar.advance(task, rows) if self._bar else None

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _forget_output() -> None:
    """Let nothing more be flushed to standard output at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str) -> None:
    click.echo(message, err=True)


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
        for asked in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(asked, _stop)  # so that unfinished files are removed
        status = cli.main(standalone_mode=False) or DONE
        sys.stdout.flush()
        sys.exit(status)
    except click.ClickException as error:
        error.show()
    except (click.Abort, KeyboardInterrupt, _Stopped):
        _say("stopped")
    except ThighdxError as error:
        _say(f"thighdx: {error}")
    except BrokenPipeError:
        # the reader of standard output went away, as `| head` does; nothing more can be said there
        _forget_output()
    except OSError as error:
        _say(f"thighdx: standard output cannot be written: {error.strerror or error}")
        _forget_output()
    except Exception:
        traceback.print_exc()
    sys.exit(FAILED)


__all__ = ["cli", "main"]
