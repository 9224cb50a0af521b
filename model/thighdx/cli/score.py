"""`thighdx score`: a table of cases."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click
from rich.console import Console

from thighdx.assess import Model
from thighdx.casefiles import STANDARD
from thighdx.cells import printable
from thighdx.cli.common import DONE, SOME_ROWS, by_network, common, model_of, say
from thighdx.fast.adaptive import COMPILED_FROM
from thighdx.report import other_populations
from thighdx.suitability import SEVERAL_REASONS, several_reasons
from thighdx.wording import count

if TYPE_CHECKING:
    from thighdx.scoring.tally import Tally

MOST_PROBLEM_LINES = 20


@click.command("score")
@click.argument("cases")
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    help="Scored table: .csv (also .csv.gz, .csv.zst) or .parquet; - for standard output.",
)
@click.option("--keep", is_flag=True, help="Copy the columns that are no findings.")
@click.option("--problems", metavar="FILE", help="Write every cell that could not be read to this CSV file.")
@click.option(
    "--engine", type=click.Choice(["local", "spark"]), default="local", help="Spark reads and writes folders."
)
@click.option("--master", metavar="URL", help="The Spark cluster to use; without it, this machine.")
@by_network
@common
def score_command(
    cases: str,
    out: str,
    keep: bool,
    problems: str | None,
    engine: str,
    master: str | None,
    network: str | None,
    priors: tuple[str, ...],
    population: str | None,
) -> None:
    """Score a table of cases, CSV (also .gz, .zst) or Parquet: a row in, a row out; - reads CSV from standard input.

    The last columns say what made the numbers: population (with --network its file), model_version and priors_digest,
    the SHA-256 of the merged priors, with --network of these and the network's tables.

    Example: thighdx score cases.csv --population uniform --out scored.parquet
    """
    if engine == "local" and master is not None:
        raise click.UsageError("--master is for --engine spark")
    if engine == "spark" and (problems is not None or STANDARD in (cases, out)):
        raise click.UsageError("--engine spark says problems in the column status, and has no use for - or --problems")
    model = model_of(priors, population, network)
    if engine == "spark":
        rows, not_scored = _on_spark(model, cases, out, keep, master)
    else:
        rows, not_scored = _on_this_machine(model, cases, out, keep, problems)
    told = f"{not_scored:,} of them not scored" if not_scored else "all scored"
    say(f"{count(rows, 'row', 'rows')}, {told}" + (f", to {out}" if out != STANDARD else ""))
    if rows >= COMPILED_FROM and find_spec("numba") is None:
        say("compiled code scores so many rows several times as fast: pip install 'thighdx[fast]'")
    sys.exit(SOME_ROWS if not_scored else DONE)


def _on_this_machine(model: Model, cases: str, out: str, keep: bool, problems: str | None) -> tuple[int, int]:
    from thighdx.scoring.files import score_file

    with _progress() as on_rows:
        tally = score_file(
            model,
            cases,
            out,
            keep=keep,
            problems=problems,
            on_columns=_names_others(model, keep),
            hear=MOST_PROBLEM_LINES,
            on_problem=lambda problem: say(f"{cases}, {problem}"),
            on_rows=on_rows,
        )
    if tally.problems > MOST_PROBLEM_LINES and problems is None:
        say(f"... and {tally.problems - MOST_PROBLEM_LINES} more; --problems FILE writes them all")
    if tally.repeated_ids:
        repeat = count(tally.repeated_ids, "row repeats", "rows repeat")
        say(f"{repeat} a case_id, first '{printable(tally.first_repeated)}'; every row is kept")
    _say_unsuited(model, tally)
    return tally.rows, tally.not_scored


def _say_unsuited(model: Model, tally: Tally) -> None:
    """In how many of the scored rows the base rates are not meant for the case, why, and which would be."""
    rates = f"the base rates of {model.rates_of or model.population}"
    scored = count(tally.scored, "scored row", "scored rows")
    for one, rows in tally.unsuited.most_common():
        not_meant = "may not be meant" if one.possible else "are not meant"
        say(f"{rates} {not_meant} for {rows:,} of {scored}: {one.text}{other_populations(one)}")
    if several_reasons(tally.unsuited):
        say(f"{SEVERAL_REASONS} in the {len(tally.unsuited)} lines above")


def _on_spark(model: Model, cases: str, out: str, keep: bool, master: str | None) -> tuple[int, int]:
    from thighdx.scoring.spark import score_folder

    tally = score_folder(model, cases, out, keep=keep, master=master, on_columns=_names_others(model, keep))
    return tally.rows, tally.not_scored


def _names_others(model: Model, keep: bool) -> Callable[[list[str]], None]:
    """Say once which columns are no findings, and that none is one."""
    from thighdx.scoring.batch import no_finding_note, other_columns_note

    def on_columns(names: list[str]) -> None:
        warning = no_finding_note(model.knowledge, names)
        if warning:
            say(f"warning: {warning} (thighdx template --dictionary lists them)")
        note = other_columns_note(model.knowledge, names)
        if note:
            say(f"{note} ({'copied' if keep else 'left out, --keep copies them'})")

    return on_columns


@contextmanager
def _progress() -> Iterator[Callable[[int, float | None], None]]:
    """A bar, rows, rows a second and the time left on a terminal; quiet otherwise."""
    if not sys.stderr.isatty():
        yield lambda _rows, _share: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    words = TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} rows/s")
    columns = (BarColumn(), TaskProgressColumn(), words, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("score", total=None, rows=0, rate=0.0)
        done = 0

        def on_rows(rows: int, share: float | None) -> None:
            nonlocal done
            done += rows
            rate = done / max(shown.tasks[task].elapsed or 0.0, 1e-3)
            shown.update(task, total=None if share is None else 1.0, completed=share or 0.0, rows=done, rate=rate)

        yield on_rows
