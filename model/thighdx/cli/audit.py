"""`thighdx audit`: published figures against the model."""

from __future__ import annotations

import csv
from pathlib import Path

import click

from thighdx.casefiles import check_ending, neutral, whole_file
from thighdx.cli.common import common, print_said, say
from thighdx.errors import KnowledgeError
from thighdx.knowledge import Knowledge
from thighdx.selection import select


@click.command("audit")
@common
@click.option("--all", "show_all", is_flag=True, help="The figures inside their interval too.")
@click.option("--passed-over", is_flag=True, help="Take in the figures that no row uses.")
@click.option("--out", metavar="FILE", help="Write every figure to this CSV file instead of printing.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
def audit_command(
    priors: tuple[str, ...],
    population: str | None,
    show_all: bool,
    passed_over: bool,
    out: str | None,
    as_json: bool,
) -> None:
    """Every published figure the priors cite, against what the model implies; those outside their interval first.

    With --priors OVERLAY it shows which evidence a changed number breaks: what is outside by the overlay and not by the
    shipped priors comes first, marked as new.

    Example: thighdx audit --priors overlay.toml --out audit.csv
    """
    from thighdx.audit import audit
    from thighdx.audittext import print_audit, table_rows

    if out is not None:
        if as_json:
            raise click.UsageError("--json prints, --out writes a CSV file; accepted: one of the two")
        check_ending(out, "written", (".csv",))
    knowledge, chosen = select(priors, population)
    before = audit(*_shipped(population), passed_over=passed_over) if priors else None
    found = audit(knowledge, chosen, passed_over=passed_over, before=before)
    if out is None:
        print_said(found.to_dict(), as_json, lambda console: print_audit(found, console, show_all=show_all))
        return
    with whole_file(Path(out)) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows(
            [neutral(cell) if isinstance(cell, str) else cell for cell in row] for row in table_rows(found)
        )
    new = f" ({len(found.new)} new)" if found.new else ""
    say(f"{len(found.figures)} figures, {len(found.outside)} of them outside their interval{new}, to {out}")


def _shipped(population: str | None) -> tuple[Knowledge, str]:
    """The shipped priors, of the population asked for or, where they have none such, of their default one."""
    try:
        return select((), population)
    except KnowledgeError:
        return select()
