"""How sure a diagnosis is, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from thighdx.diagnosis import Diagnosis
from thighdx.reasoning.bounds import Bounds
from thighdx.reasoning.intervals import Interval
from thighdx.reasoning.pairs import Pair, TwoCausesFound
from thighdx.reasoning.sensitivity import Sensitivity
from thighdx.reasoning.sure import HowSure
from thighdx.report import print_closing, print_red_flags, print_unsuited
from thighdx.wording import percent, percent_range

LINE = 24  # characters of a probability of one
WITH_IDS, WIDE = 100, 120  # columns from which on the ids are shown, and the intervals drawn
MOST_INFLUENCES = 6
MOST_PAIRS = 3


def print_how_sure(diagnosis: Diagnosis, sure: HowSure, console: Console, most: int) -> None:
    """Red flags first, then causes, origins and grades with their intervals, and what they rest on."""
    print_red_flags(diagnosis, console)
    print_unsuited(diagnosis.not_for, console)
    intervals = sure.intervals
    console.print(_table("Cause", intervals.causes[:most], len(intervals.causes), console.width))
    console.print(_table("Origin", intervals.origins, len(intervals.origins), console.width))
    if intervals.grades:
        grades = ", ".join(f"{one.name} {percent(one.probability)} ({_range(one)})" for one in intervals.grades)
        console.print(Text(f"If it is a strain: {grades}"))
    console.print(Text(_by_base_rates(sure.bounds)))
    _print_influences(sure.sensitivity, console)
    _print_pairs(sure.two_causes, console)
    console.print(Text(f"Intervals: {intervals.note}", style="dim"))
    print_closing(diagnosis, console)


def _table(title: str, shares: Sequence[Interval], of: int, width: int) -> Table:
    heading = title if len(shares) == of else f"{title} ({len(shares)} of {of}, --all for the rest)"
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(heading, overflow="fold")
    if width >= WITH_IDS:
        table.add_column("id", style="dim", no_wrap=True)
    table.add_column("now", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("base rate", justify="right", style="dim", no_wrap=True)
    if width >= WIDE:
        table.add_column("", no_wrap=True, min_width=LINE)
    for share in shares:
        base = "" if share.base_rate is None else percent(share.base_rate)
        name = (share.name, share.id) if width >= WITH_IDS else (share.name,)
        line = (_line(share),) if width >= WIDE else ()
        table.add_row(*name, percent(share.probability), _range(share), base, *line)
    return table


def _range(share: Interval) -> str:
    return percent_range(share.low, share.high)


def _line(share: Interval) -> Text:
    """The interval as a line, the point on it, and a mark at the base rate."""
    last = LINE - 1
    cells = ["━" if round(share.low * last) <= place <= round(share.high * last) else "·" for place in range(LINE)]
    if share.base_rate is not None:
        cells[round(share.base_rate * last)] = "|"
    cells[round(share.probability * last)] = "●"
    return Text("".join(cells), style="cyan")


def _by_base_rates(bounds: Bounds) -> str:
    if not bounds.is_open:
        return "By base rates alone: this population states no intervals, so nothing moves."
    top = bounds.causes[0]
    ends = percent_range(top.low, top.high)
    return f"By base rates alone, each anywhere within its interval, {top.name} would be {ends}."


def _print_influences(found: Sensitivity, console: Console) -> None:
    shown = found.influences[:MOST_INFLUENCES]
    console.print(Text(f"\nWhat {found.name} ({percent(found.probability)}) rests on most", style="bold"))
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(f"number ({len(shown)} of {len(found.influences)})", overflow="fold")
    table.add_column("is", justify="right", no_wrap=True)
    table.add_column("may be", justify="right", no_wrap=True)
    table.add_column("then", justify="right", no_wrap=True)
    table.add_column("rests on", style="dim", no_wrap=True)
    for bar in shown:
        then = percent_range(bar.probability_low, bar.probability_high)
        basis = "estimate" if bar.source.startswith("estimate") else "figures"
        table.add_row(bar.name, percent(bar.value), percent_range(bar.low, bar.high), then, basis)
    console.print(table)
    change = found.smallest_change
    if change is None:
        said = "No single number within its range changes the leading cause."
    else:
        to = f"from {percent(change.value)} to {percent(change.to)}, then {change.leading} leads"
        said = f"The smallest change of one number that changes the leading cause: {change.name} {to}."
    console.print(Text(said))


def _print_pairs(found: TwoCausesFound, console: Console) -> None:
    console.print(Text("\nTwo causes at once", style="bold"))
    if found.rate is None or not found.pairs:
        console.print(Text(found.note))
        return
    console.print(Text(f"{found.name} leaves unexplained: {', '.join(found.unexplained)}."))
    for pair in found.pairs[:MOST_PAIRS]:
        console.print(Text(f"{' and '.join(pair.names)}: {_odds(pair.odds)} against {found.name} alone"))
        console.print(Padding(Text(_explained(pair), style="dim"), (0, 0, 0, 4)))
    console.print(Text(f"Two causes, any: {percent(found.probability)}, {found.note}", style="dim"))


def _odds(odds: float) -> str:
    """`odds 2.4 : 1` or `odds 1 : 5.4`."""
    return f"odds {odds:.2g} : 1" if odds >= 1 else f"odds 1 : {1 / odds:.2g}"


def _explained(pair: Pair) -> str:
    by_cause: dict[str | None, list[str]] = {cause: [] for cause in (*pair.causes, None)}
    for finding, cause in pair.explains.items():
        by_cause[cause].append(finding)
    parts = [f"{cause or 'neither'}: {', '.join(findings)}" for cause, findings in by_cause.items() if findings]
    return "; ".join(parts)
