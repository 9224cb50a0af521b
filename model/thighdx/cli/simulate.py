"""`thighdx simulate`: cases drawn from the model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console

from thighdx.assess import get_model
from thighdx.casefiles import STANDARD
from thighdx.cli.common import WholeNumber, common, say
from thighdx.selection import select
from thighdx.wording import count


@click.command("simulate")
@click.argument("number", metavar="N", type=WholeNumber(0, 10**9))
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    help="Case table: .csv (also .csv.gz, .csv.zst) or .parquet; - for standard output.",
)
@click.option("--seed", type=WholeNumber(0), default=0, show_default=True, help="The same seed, the same cases.")
@click.option("--complete", is_flag=True, help="Every finding answered, instead of as much left out as in practice.")
@common
def simulate_command(
    number: int, out: str, seed: int, complete: bool, priors: tuple[str, ...], population: str | None
) -> None:
    """Draw N cases from the model, with the true cause in a column `diagnosis`.

    History is nearly always known, tests sometimes, imaging rarely: the shares are in the priors (`asked`). Cases of a
    shorter run are the first of a longer one with the same seed.

    Example: thighdx simulate 1000 --population uniform --out cases.csv
    """
    from thighdx.simulate import simulate_file

    knowledge, chosen = select(priors, population)
    with _progress(number) as advance:
        simulate_file(get_model(knowledge, chosen), number, out, seed=seed, complete=complete, on_rows=advance)
    to = f", to {out}" if out != STANDARD else ""
    say(f"{count(number, 'case', 'cases')} of population {chosen}, seed {seed}{to}")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Rows done on a terminal; quiet otherwise."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("simulate", total=total)
        yield lambda rows: shown.advance(task, rows)
