"""`thighdx score`: a table of cases."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console

from thighdx.assess import get_model
from thighdx.casefiles import STANDARD
from thighdx.cli.common import DONE, SOME_ROWS, common, say
from thighdx.selection import select
from thighdx.wording import count

MOST_PROBLEM_LINES = 20


@click.command("score")
@click.argument("cases")
@click.option("--out", required=True, metavar="FILE", help="Scored table: .csv or .parquet; - for standard output.")
@click.option("--keep", is_flag=True, help="Copy the columns that are no findings.")
@click.option("--problems", metavar="FILE", help="Write every cell that could not be read to this CSV file.")
@common
def score_command(
    cases: str, out: str, keep: bool, problems: str | None, priors: tuple[str, ...], population: str | None
) -> None:
    """Score a table of cases, CSV or Parquet: a row in, a row out; - reads CSV from standard input.

    Example: thighdx score cases.csv --population uniform --out scored.csv
    """
    from thighdx.scoring.batch import other_columns_note
    from thighdx.scoring.files import RowProblem, score_file

    knowledge, chosen = select(priors, population)
    shown = 0

    def on_columns(names: list[str]) -> None:
        note = other_columns_note(knowledge, names)
        if note:
            say(f"{note} ({'copied' if keep else 'left out, --keep copies them'})")

    def on_problem(problem: RowProblem) -> None:
        nonlocal shown
        shown += 1
        if shown <= MOST_PROBLEM_LINES:
            say(f"{cases}, {problem}")

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
        say(f"... and {shown - MOST_PROBLEM_LINES} more; --problems FILE writes them all")
    if tally.repeated_ids:
        repeat = count(tally.repeated_ids, "row repeats", "rows repeat")
        say(f"{repeat} a case_id, first '{tally.first_repeated}'; every row is kept")
    say(f"{tally.rows} rows, {tally.not_scored} of them not scored" + (f", to {out}" if out != STANDARD else ""))
    sys.exit(SOME_ROWS if tally.not_scored else DONE)


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Rows done on a terminal; quiet otherwise."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("score", total=None)
        yield lambda rows: shown.advance(task, rows)
