"""`thighdx evaluate`: labelled cases."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from thighdx.cases import Problem
from thighdx.cli.common import DONE, SOME_ROWS, WholeNumber, by_network, common, model_of, print_said, say

MOST_PROBLEM_LINES = 20
DRAWS = 1000


@click.command("evaluate")
@click.argument("cases")
@common
@by_network
@click.option("--leave-out-doubtful", is_flag=True, help="Leave out rows whose label_quality is doubtful.")
@click.option("--draws", type=WholeNumber(100, 100_000), default=DRAWS, help="Bootstrap samples.", show_default=True)
@click.option("--seed", type=WholeNumber(0), default=0, help="Seed of the bootstrap.", show_default=True)
@click.option(
    "--misses", metavar="FILE", help="Name the cases not ranked first, with what this TOML file holds at fault."
)
@click.option("--all", "show_all", is_flag=True, help="Every cause and threshold too.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables: every figure with its interval.")
def evaluate_command(
    cases: str,
    priors: tuple[str, ...],
    population: str | None,
    network: str | None,
    leave_out_doubtful: bool,
    draws: int,
    seed: int,
    misses: str | None,
    show_all: bool,
    as_json: bool,
) -> None:
    """How good the model is on cases whose cause is known: a case table with the true cause in a column `diagnosis`.

    Ranks, log and Brier score, calibration, danger missed, net benefit, and how cases unfold from history to studies.
    Rows that cannot be read or have no label are left out and counted.

    Example: thighdx evaluate cases.csv --population uniform
    """
    from thighdx.evaluation import evaluate_file
    from thighdx.evaluation.misses import read_misses
    from thighdx.evaluation.text import print_evaluation

    judged = None if misses is None else read_misses(Path(misses))
    model = model_of(priors, population, network)
    shown = 0

    def on_problem(row: int, problem: Problem) -> None:
        nonlocal shown
        shown += 1
        if shown <= MOST_PROBLEM_LINES:
            column = f", column '{problem.column}'" if problem.column else ""
            say(f"{cases}, row {row}{column}: {problem.message}")

    found = evaluate_file(
        model,
        cases,
        without_doubtful=leave_out_doubtful,
        draws=draws,
        seed=seed,
        on_problem=on_problem,
    )
    if shown > MOST_PROBLEM_LINES:
        say(f"... and {shown - MOST_PROBLEM_LINES} more")
    said = found.to_dict()
    if judged is not None:
        said["misses"] = {name: one.model_dump() for name, one in judged.items()}
    print_said(said, as_json, lambda console: print_evaluation(found, console, show_all=show_all, misses=judged))
    sys.exit(SOME_ROWS if found.left_out.faulty else DONE)
