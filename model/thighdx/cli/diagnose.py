"""`thighdx diagnose`: one case, or what is known of a cause."""

from __future__ import annotations

import click

from thighdx.cardtext import print_cause_card
from thighdx.causecard import cause_card
from thighdx.cli.common import case_from, common, print_said
from thighdx.diagnosis import diagnose
from thighdx.report import print_diagnosis
from thighdx.selection import select

MOST_CAUSES = 10


@click.command("diagnose")
@click.argument("answers", nargs=-1, metavar="FINDING=CELL...")
@common
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@click.option("--all", "show_all", is_flag=True, help="Every cause, not only the first ten.")
@click.option("--intervals", is_flag=True, help="How sure: 95 % intervals, what they rest on, two causes at once.")
@click.option("--cause", metavar="ID", help="Show what is known of this cause instead: course, advice, best study.")
def diagnose_command(
    answers: tuple[str, ...],
    priors: tuple[str, ...],
    population: str | None,
    as_json: bool,
    show_all: bool,
    intervals: bool,
    cause: str | None,
) -> None:
    """The causes of one case, beside their base rates.

    Example: thighdx diagnose onset=sudden pop_felt=yes 'pain_site=sit_bone|buttock' radiating_pain=below_knee@0.8
    """
    knowledge, chosen = select(priors, population)
    if cause is not None:
        if answers or intervals:
            what = "answers" if answers else "--intervals"
            raise click.UsageError(f"--cause shows what is known of a cause and takes no {what}")
        card = cause_card(knowledge, cause, chosen)
        print_said(card.to_dict(), as_json, lambda console: print_cause_card(card, console))
        return
    case = case_from(answers, knowledge)
    diagnosis = diagnose(case, knowledge=knowledge, population=chosen)
    most = len(diagnosis.causes) if show_all else MOST_CAUSES
    if intervals:
        from thighdx.reasoning.sure import how_sure
        from thighdx.suretext import print_how_sure

        sure = how_sure(case, knowledge=knowledge, population=chosen)
        said = diagnosis.to_dict() | {"how_sure": sure.to_dict()}
        print_said(said, as_json, lambda console: print_how_sure(diagnosis, sure, console, most))
        return
    print_said(diagnosis.to_dict(), as_json, lambda console: print_diagnosis(diagnosis, console, most))
