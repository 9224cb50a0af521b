"""`thighdx learn`: numbers from cases."""

from __future__ import annotations

import sys

import click

from thighdx.assess import get_model
from thighdx.cases import Problem
from thighdx.cli.common import DONE, SOME_ROWS, WholeNumber, common, print_said, say
from thighdx.learnable import ROWS_FROM, WHAT
from thighdx.selection import select

MOST_PROBLEM_LINES = 20


@click.command("learn")
@click.argument("cases")
@click.option("--out", required=True, metavar="DIR", help="A new folder for population.toml, rows.toml, report.json.")
@click.option("--fewest", type=WholeNumber(1), default=5, show_default=True, help="Answers from which a row is learnt.")
@click.option(
    "--what",
    multiple=True,
    type=click.Choice(WHAT),
    help="What to learn; repeatable. Without it base rates and rows.",
)
@click.option(
    "--rows-from",
    type=click.Choice(ROWS_FROM),
    default=ROWS_FROM[0],
    show_default=True,
    help="Rows from cases of known cause, or from all by their posteriors, a minute for some 5,000 cases.",
)
@click.option("--all", "show_all", is_flag=True, help="Every cause and row.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
@common
def learn_command(
    cases: str,
    out: str,
    fewest: int,
    what: tuple[str, ...],
    rows_from: str,
    show_all: bool,
    as_json: bool,
    priors: tuple[str, ...],
    population: str | None,
) -> None:
    """Learn base rates, rows and mechanisms' levels from cases, with the priors as cases seen before.

    A column `diagnosis` holds the true cause, or its origin where no more is known, or is empty. Base rates are learnt
    from all cases, rows from those of known cause (or all), levels from cases with two answers or more on the same
    mechanism. The files are used by --population DIR/population.toml and --priors DIR/rows.toml.

    Example: thighdx learn cases.csv --population uniform --out learnt
    """
    from thighdx.learning import learn_file, write_learnt
    from thighdx.learning.learn import DEFAULT
    from thighdx.learning.overlay import check_free
    from thighdx.learning.text import print_learnt

    check_free(out)
    knowledge, chosen = select(priors, population)
    shown = 0

    def on_problem(row: int, problem: Problem) -> None:
        nonlocal shown
        shown += 1
        if shown <= MOST_PROBLEM_LINES:
            column = f", column '{problem.column}'" if problem.column else ""
            say(f"{cases}, row {row}{column}: {problem.message}")

    learnt = learn_file(
        get_model(knowledge, chosen),
        cases,
        fewest=fewest,
        what=what or DEFAULT,
        rows_from=rows_from,
        on_problem=on_problem,
    )
    if shown > MOST_PROBLEM_LINES:
        say(f"... and {shown - MOST_PROBLEM_LINES} more")
    write_learnt(learnt, knowledge, out)
    print_said(learnt.to_dict(), as_json, lambda console: print_learnt(learnt, console, show_all=show_all))
    say(f"{learnt.rows_read} rows read, {learnt.faulty} of them faulty, to {out}")
    sys.exit(SOME_ROWS if learnt.faulty else DONE)
