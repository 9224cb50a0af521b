"""What was learnt, as text for a terminal."""

from __future__ import annotations

from math import isnan

from rich.console import Console
from rich.table import Table
from rich.text import Text

from thighdx.learnable import LEVELS, ROWS
from thighdx.learning.results import Learnt
from thighdx.wording import count, percent

MOST_ROWS = 15
FEW = 0.5  # share of a row's numbers below which the data decide little


def print_learnt(learnt: Learnt, console: Console, *, show_all: bool) -> None:
    """Base rates before and after, then the rows that moved most."""
    rates = learnt.base_rates
    steps = [
        f"{len(trace) - 1} steps for {what}"
        for what, trace in (("base rates", rates.trace), ("rows", learnt.rows_trace), ("levels", learnt.levels_trace))
        if len(trace) > 1
    ]
    known = f"{count(rates.labelled, 'case', 'cases')} of known cause, {rates.unlabelled} of unknown"
    worth = f"base rates of {learnt.population} worth {rates.weight:g} cases"
    console.print(Text("; ".join([known, worth, *steps]), style="bold"))
    for warning in learnt.warnings:
        console.print(Text(f"Mind: {warning}.", style="yellow"))
    _print_rates(learnt, console, show_all=show_all)
    if ROWS in learnt.what:
        _print_rows(learnt, console, show_all=show_all)
    if LEVELS in learnt.what:
        _print_levels(learnt, console, show_all=show_all)


def _print_rates(learnt: Learnt, console: Console, *, show_all: bool) -> None:
    rates, sure = learnt.base_rates, learnt.sureness
    if sure is None:
        return
    table = _table("Base rate", "before", "after", "95 % interval", "cases", "told")
    order = sorted(range(len(learnt.causes)), key=lambda place: -rates.after[place])
    for place in order if show_all else order[:MOST_ROWS]:
        told = float(sure.told[place])
        table.add_row(
            learnt.causes[place],
            percent(float(rates.before[place])),
            percent(float(rates.after[place])),
            f"{percent(float(sure.low[place]))} to {percent(float(sure.high[place]))}",
            f"{rates.expected[place]:.1f}",
            "-" if isnan(told) else percent(told),
        )
    console.print(table, "")
    if rates.unlabelled:
        said = "Cases: expected ones; told: the share of them that the answers told apart from other causes."
        console.print(Text(said, style="dim"), "")


def _print_rows(learnt: Learnt, console: Console, *, show_all: bool) -> None:
    if not learnt.rows:
        console.print(Text("No row was learnt: that takes cases of known cause with enough answers."), "")
        return
    table = _table("Row moved most", "before", "seen", "after", "answers", "told")
    for row in learnt.rows if show_all else learnt.rows[:MOST_ROWS]:
        place = row.states.index(row.state)
        table.add_row(
            f"{row.finding}={row.state} | {row.cause}",
            percent(row.before[place]),
            percent(row.seen),
            percent(row.after[place]),
            f"{round(sum(row.counts), 1):g}",
            percent(row.told),
        )
    console.print(table, "")
    weak = sum(row.told < FEW for row in learnt.rows)
    console.print(
        Text(
            f"{count(len(learnt.rows), 'row', 'rows')} learnt; in {weak} of them the priors still decide more than the "
            "cases (told: the share that the cases decide).",
            style="dim",
        )
    )


def _print_levels(learnt: Learnt, console: Console, *, show_all: bool) -> None:
    if not learnt.levels:
        said = "No level was learnt: that takes enough cases with two answers or more on the same mechanism."
        console.print(Text(said), "")
        return
    table = _table("Level moved most", "before", "after", "± 1.96 error", "cases", "told")
    for one in learnt.levels if show_all else learnt.levels[:MOST_ROWS]:
        moves = [abs(after - before) for after, before in zip(one.after, one.before, strict=True)]
        place = moves.index(max(moves))
        table.add_row(
            f"{one.mechanism}={one.levels[place]} | {one.cause}",
            percent(one.before[place]),
            percent(one.after[place]),
            percent(1.96 * one.error[place]),
            f"{one.cases:.1f}",
            percent(one.told),
        )
    console.print(table, "")
    weak = sum(one.told < FEW for one in learnt.levels)
    said = f"{count(len(learnt.levels), 'row', 'rows')} of levels learnt; in {weak} the priors still decide more."
    console.print(Text(said, style="dim"))


def _table(*heads: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number else "left", no_wrap=number > 0, overflow="fold")
    return table
