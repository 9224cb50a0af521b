"""`thighdx template`: an empty case table."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import click

from thighdx.casefiles import STANDARD, check_ending, whole_file
from thighdx.cli.common import common
from thighdx.selection import select
from thighdx.template import case_header, dictionary


@click.command("template")
@click.option("--dictionary", "as_dictionary", is_flag=True, help="The data dictionary instead of the empty table.")
@click.option("--out", metavar="FILE", default=STANDARD, help="A CSV file; standard output without it.")
@common
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
