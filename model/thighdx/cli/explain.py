"""`thighdx explain`: why this cause, and whether the case fits."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.console import Console

from thighdx.cli.common import MOST_DRAWS, WholeNumber, case_from, common, print_said
from thighdx.reasoning.contributions import explain
from thighdx.reasoning.fit import DRAWS, case_fit
from thighdx.reasoning.terminal import print_explanation, print_fit
from thighdx.report import print_unsuited
from thighdx.selection import select
from thighdx.suitability import unsuited_case


@click.command("explain")
@click.argument("answers", nargs=-1, metavar="FINDING=CELL...")
@common
@click.option("--cause", metavar="ID", help="The cause to explain; the leading one where left out.")
@click.option("--against", metavar="ID", help="Compare with this cause; with all others together where left out.")
@click.option("--rows", is_flag=True, help="Show the rows of the priors, and their sources, behind each answer.")
@click.option("--draws", type=WholeNumber(1, MOST_DRAWS), default=DRAWS, show_default=True, help="Simulated cases.")
@click.option("--seed", type=WholeNumber(0), default=0, show_default=True, help="Of the simulation.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def explain_command(
    answers: tuple[str, ...],
    priors: tuple[str, ...],
    population: str | None,
    cause: str | None,
    against: str | None,
    rows: bool,
    draws: int,
    seed: int,
    as_json: bool,
) -> None:
    """What each answer adds for a cause or against it, and whether the case fits.

    Example: thighdx explain onset=sudden pop_felt=yes pain_site=sit_bone --cause avulsion --against strain
    """
    knowledge, chosen = select(priors, population)
    case = case_from(answers, knowledge)
    explanation = explain(case, cause, against, knowledge=knowledge, population=chosen)
    fit = case_fit(case, draws=draws, seed=seed, knowledge=knowledge, population=chosen)
    not_for = unsuited_case(case, knowledge=knowledge, population=chosen)

    def show(console: Console) -> None:
        print_unsuited(not_for, console)
        print_explanation(explanation, console, knowledge, rows=rows)
        print_fit(fit, console)

    told = [asdict(one) for one in not_for]
    print_said({"explanation": explanation.to_dict(), "fit": fit.to_dict(), "not_for": told}, as_json, show)
