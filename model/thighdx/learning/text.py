"""What was learnt, as text for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from thighdx.learning.learn import Learnt
from thighdx.wording import count, percent

MOST_ROWS = 15
FEW = 0.5  # share of a row's numbers below which the data decide little


def print_learnt(learnt: Learnt, console: Console, *, show_all: bool) -> None:
    """Base rates before and after, then the rows that moved most."""
    rates = learnt.base_rates
    console.print(
        Text(
            f"{count(rates.labelled, 'case', 'cases')} of known cause, {rates.unlabelled} of unknown; base rates of "
            f"{learnt.population} worth {rates.weight:g} cases; {len(rates.trace) - 1} steps",
            style="bold",
        )
    )
    table = _table("Base rate", "before", "after", "± 1.96 error", "cases")
    order = sorted(range(len(learnt.causes)), key=lambda place: -rates.after[place])
    for place in order if show_all else order[:MOST_ROWS]:
        table.add_row(
            learnt.causes[place],
            percent(float(rates.before[place])),
            percent(float(rates.after[place])),
            percent(float(1.96 * rates.error[place])),
            f"{rates.expected[place]:.1f}",
        )
    console.print(table, "")
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
            f"{sum(row.counts):g}",
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


def _table(*heads: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number else "left", no_wrap=number > 0, overflow="fold")
    return table
