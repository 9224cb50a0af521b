"""`thighdx next`: what to ask next, and when to stop."""

from __future__ import annotations

from dataclasses import asdict
from typing import get_args

import click
from rich.console import Console

from thighdx.cli.common import MOST_DRAWS, WholeNumber, case_from, common, print_said
from thighdx.reasoning.costs import UNITS
from thighdx.reasoning.goals import CAUSE, GOALS
from thighdx.reasoning.questions import next_questions
from thighdx.reasoning.stopping import DRAWS, same_decision
from thighdx.reasoning.terminal import print_questions, print_stopping
from thighdx.report import print_unsuited
from thighdx.schema import Kind
from thighdx.selection import select
from thighdx.suitability import unsuited_case

MOST_QUESTIONS = 10


@click.command("next")
@click.argument("answers", nargs=-1, metavar="FINDING=CELL...")
@common
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(get_args(Kind)), help="Only such findings; repeatable."
)
@click.option("--goal", type=click.Choice(GOALS), default=CAUSE, show_default=True, help="What is to be told.")
@click.option("--between", nargs=2, metavar="ID ID", help="The goal is to tell these two causes apart.")
@click.option("--per", type=click.Choice(UNITS), help="Rank by what is told per minute, or per dollar.")
@click.option("--two-steps", is_flag=True, help="Rank by the question and the best one after each answer.")
@click.option("--top", type=WholeNumber(0), help="When to stop: only the so many most informative findings are asked.")
@click.option("--draws", type=WholeNumber(1, MOST_DRAWS), default=DRAWS, show_default=True, help="Simulated cases.")
@click.option("--seed", type=WholeNumber(0), default=0, show_default=True, help="Of the simulation.")
@click.option("--all", "show_all", is_flag=True, help="Every open finding, not only the first ten.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def next_command(
    answers: tuple[str, ...],
    priors: tuple[str, ...],
    population: str | None,
    kinds: tuple[str, ...],
    goal: str,
    between: tuple[str, str] | None,
    per: str | None,
    two_steps: bool,
    top: int | None,
    draws: int,
    seed: int,
    show_all: bool,
    as_json: bool,
) -> None:
    """What to ask, test or image next, by expected information gain, and how likely it changes anything.

    Example: thighdx next onset=sudden --kind history --kind test --per minute
    """
    if per is not None and two_steps:
        raise click.UsageError("--two-steps ranks in bits alone; leave out --per")
    if between and goal != CAUSE:
        raise click.UsageError("--between is itself a goal; leave out --goal")
    knowledge, chosen = select(priors, population)
    case = case_from(answers, knowledge)
    asked = next_questions(
        case,
        goal=between or goal,
        kind=kinds or None,
        per=per,
        two_steps=two_steps,
        most=None if show_all else MOST_QUESTIONS,
        knowledge=knowledge,
        population=chosen,
    )
    decision = same_decision(case, top=top, draws=draws, seed=seed, knowledge=knowledge, population=chosen)
    not_for = unsuited_case(case, knowledge=knowledge, population=chosen)

    def show(console: Console) -> None:
        print_unsuited(not_for, console)
        print_questions(asked, console)
        print_stopping(decision, console)

    told = [asdict(one) for one in not_for]
    print_said({"questions": asked.to_dict(), "stopping": decision.to_dict(), "not_for": told}, as_json, show)
