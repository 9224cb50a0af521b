"""`thighdx diff`: what a change moves."""

from __future__ import annotations

from pathlib import Path

import click

from thighdx.assess import Model, get_model
from thighdx.cases import CASE_ID, Cases, cell_text, read_columns
from thighdx.cli.common import common, print_said, say
from thighdx.knowledge import Knowledge
from thighdx.selection import select


@click.command("diff")
@click.argument("other")
@click.option("--cases", metavar="FILE", help="See what moves on these cases too (the first rows of a large table).")
@click.option("--save", metavar="FILE", help="Save the change as an overlay, with --who and --why.")
@click.option("--who", default="", help="Whom the change comes from.")
@click.option("--why", default="", help="Why it was made.")
@click.option("--all", "show_all", is_flag=True, help="Every number and case that moved.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
@common
def diff_command(
    other: str,
    cases: str | None,
    save: str | None,
    who: str,
    why: str,
    show_all: bool,
    as_json: bool,
    priors: tuple[str, ...],
    population: str | None,
) -> None:
    """What moves from the priors to OTHER: an overlay, a folder of priors, or a network edited elsewhere (.xdsl ...).

    Where OTHER brings a population of its own, as `thighdx learn` writes one, that population is compared with the
    default one; --population compares a single population under both.

    Example: thighdx diff overlay.toml --cases cases.csv
    """
    from thighdx.tuning import diff_models, save_overlay
    from thighdx.tuning.text import print_difference

    knowledge, chosen = select(priors, population)
    before = get_model(knowledge, chosen)
    after = _other(other, knowledge, priors, chosen, asked=population is not None)
    if save is not None:
        if not (who and why):
            raise click.UsageError("--save records whom a change comes from and why: --who NAME --why REASON")
        save_overlay(knowledge, after.knowledge, save, who=who, why=why)
    read, ids = _read(knowledge, cases) if cases is not None else (None, [])
    found = diff_models(before, after, read, ids)
    print_said(found.to_dict(), as_json, lambda console: print_difference(found, console, show_all=show_all))


def _other(other: str, knowledge: Knowledge, priors: tuple[str, ...], population: str, *, asked: bool) -> Model:
    """The model compared with. Where no population was `asked` for, it is of the one population that OTHER brings."""
    from thighdx.exchange import FORMATS, network_model

    if Path(other).suffix.lower() in {ending for one in FORMATS for ending in one.endings}:
        return network_model(other, knowledge, population)
    changed, chosen = select((*priors, other), population)
    brought = [name for name in changed.populations if name not in knowledge.populations]
    if len(brought) == 1 and not asked:
        say(f"{other} brings a population of its own, '{brought[0]}': compared with '{population}'")
        return get_model(changed, brought[0])
    if brought:
        are = "a population" if len(brought) == 1 else "populations"
        say(f"{other} brings {are} of its own ({', '.join(brought)}), not compared here: both sides are '{population}'")
    return get_model(changed, chosen)


def _read(knowledge: Knowledge, path: str) -> tuple[Cases, list[str]]:
    """The first part of a case table, and the ids of its cases where it has any."""
    from thighdx.scoring.plain import plain_table

    with plain_table(path, knowledge) as table:
        for part in table.parts:
            return read_columns(knowledge, *part), [cell_text(cell) for cell in part.columns.get(CASE_ID, ())]
    return read_columns(knowledge, {}, 0), []
