"""A difference of two models as text for a terminal."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from thighdx.cells import printable
from thighdx.tuning.diff import Difference, MovedCase
from thighdx.wording import count, percent

MOST = 15
SAME = 0.0005  # a posterior that went less far than this is shown by --all alone


def print_difference(found: Difference, console: Console, *, show_all: bool) -> None:
    """Tables that moved, the numbers that moved most, and the cases that moved most."""
    changes = (*found.changes, *found.conditional)
    moved = count(len(changes), "number moved", "numbers moved")
    console.print(
        Text(f"{found.before} to {found.after}: {moved} in {count(len(found.tables), 'table', 'tables')}", "bold")
    )
    if not changes:
        return
    if found.conditional:
        stated, given = f"{len(found.changes):,} of rows, levels and base rates", f"{len(found.conditional):,}"
        console.print(f"{stated}, {given} of rows given the level of a mechanism")
    table = _table("Number", "before", "after", "by")
    shown = changes if show_all else (found.changes or found.conditional)[:MOST]
    for one in shown:
        of = one.state if one.cause is None else f"{one.table}={one.state} | {one.cause}"
        named = f"{of}, {one.level}" if one.level else of
        table.add_row(named, percent(one.before), percent(one.after), f"{(one.after - one.before) * 100:+.1f}")
    console.print(table)
    if len(shown) < len(changes):
        console.print(f"... and {len(changes) - len(shown):,} more; --all lists them")
    console.print("")
    if not found.cases:
        return
    console.print(Text(f"Another cause leads in {found.leaders_changed} of {len(found.cases)} cases", style="bold"))
    times = Counter(case.case_id for case in found.cases)
    table = _table("Case", "leading before", "leading after", "moved")
    for case in found.cases if show_all else [case for case in found.cases[:MOST] if case.moved > SAME]:
        before, after = f"{case.before} {percent(case.p_before)}", f"{case.after} {percent(case.p_after)}"
        table.add_row(_named(case, times[case.case_id]), before, after, percent(case.moved))
    console.print(table)


def _named(case: MovedCase, times: int) -> str:
    """Its id; the row too where several share it, or alone where it has none."""
    if not case.case_id:
        return f"row {case.row}"
    return printable(case.case_id) if times == 1 else f"{printable(case.case_id)} (row {case.row})"


def _table(*heads: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number else "left", no_wrap=number > 0, overflow="fold")
    return table
