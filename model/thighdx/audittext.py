"""An audit as text for a terminal, and as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from thighdx.audit import RATIOS, Audit, Audited, AuditedCombination
from thighdx.wording import count

INTERVALS = {"": "", "published": "", "wilson": " by n", "tolerance": " set"}
OFF, PUBLISHED, MODEL = 9, 24, 7  # characters of the columns
REMARK = (
    "Off: how far the model's P(state | cause) lies outside the interval. 'by n': Wilson's interval from the number of "
    "cases; 'set': the tolerance of the priors, where nothing else is published. Studies counted other people than "
    "those the model is for: a figure outside is a question, not an error."
)


def print_audit(found: Audit, console: Console, *, show_all: bool) -> None:
    """Counts, then the figures outside their interval, then the combinations; `show_all` adds the other figures."""
    outside, inside, rest = found.outside, found.inside, found.not_computed
    new, old = found.new, [one for one in outside if not one.new]
    of_them = f" ({len(new)} new by these priors)" if new else ""
    console.print(
        Text(
            f"{count(len(found.figures), 'published figure', 'published figures')}: {len(outside)} outside their "
            f"interval{of_them}, {len(inside)} inside, {len(rest)} without a counterpart in the network",
            style="bold",
        )
    )
    if outside:
        console.print(_reasons(found))
    if new:
        console.print(_figures("New", new), "")
    if old:
        console.print(_figures("Outside", old), "")
    if show_all and inside:
        console.print(_figures("Inside", inside), "")
    if show_all and rest:
        console.print(Text("Without a counterpart", style="bold"))
        for one in rest:
            console.print(Padding(Text(f"{one.figure}: {one.reason}"), (0, 0, 0, 2)))
        console.print()
    if found.combinations:
        console.print(_combinations(found.combinations), "")
    console.print(Text(REMARK, style="dim"))


def table_rows(found: Audit) -> Iterator[list[object]]:
    """A heading and a row for each figure, in the order of the audit."""
    names = [field.name for field in fields(Audited)]
    yield ["outside", *names]
    for one in found.figures:
        values = (getattr(one, name) for name in names)
        cells = (";".join(value) if isinstance(value, tuple) else value for value in values)
        yield ["" if one.beyond is None else "yes" if one.outside else "no", *cells]


def _reasons(found: Audit) -> Text:
    """Whether each departure has its reason written down."""
    if not found.unexplained:
        return Text("Each of those outside has a written reason.", style="dim")
    named = ", ".join(found.unexplained)
    return Text(f"Outside without a written reason (`outside_because`): {named}", style="bold red")


def _figures(title: str, figures: Sequence[Audited]) -> RenderableType:
    """A line of numbers for each figure, and below it its key and what to bear in mind."""
    head = Text(f"{title:{OFF}}{'published':{PUBLISHED}}{'model':{MODEL}}what was counted", style="bold")
    return Group(head, *(line for one in figures for line in _figure(one)))


def _figure(one: Audited) -> Iterator[RenderableType]:
    published = f"{_number(one.value)} ({_number(one.low)}-{_number(one.high)}{INTERVALS[one.interval or '']})".strip()
    off = _number(one.beyond) if one.outside else ""
    numbers = Text(f"{off:{OFF}}{published:{PUBLISHED}}{_number(one.implied):{MODEL}}")
    line = Table.grid()
    line.add_column(width=OFF + PUBLISHED + MODEL, no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(numbers, Text(_what(one)))
    yield line
    asides = [
        f"one of {one.together} figures for its row" if one.together > 1 else "",
        f"against {one.against}" if one.against and one.measure in (*RATIOS, "specificity", "base_rate") else "",
        one.note or "",
        f"passed over: {one.passed_over}" if one.passed_over else "",
    ]
    yield Padding(Text("; ".join(filter(None, [one.figure, *asides])), style="dim"), (0, 0, 0, OFF))
    if one.because and one.outside:
        yield Padding(Text(f"Why: {one.because}"), (0, 0, 0, OFF))


def _what(one: Audited) -> str:
    measure = one.measure.replace("_", " ")
    return (
        f"{measure} of {one.finding}={one.state} | {one.cause or 'background'}"
        if one.finding
        else f"{measure} of {one.cause}"
    )


def _combinations(combinations: Sequence[AuditedCombination]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Findings together", overflow="fold")
    for name in ("joint", "product", "share", "at most", "published", "model"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in combinations:
        mark = Text(one.name) if one.kept else Text(f"{one.name}: too much counted twice", style="bold red")
        if one.new:
            mark = Text.assemble(("New: ", "bold red"), mark)
        mark.append(f"\nagainst {one.against}" if one.against else "", style="dim")
        mark.append(f"\nWhy outside: {one.because}" if one.because and one.outside else "", style="not bold")
        published = f"{'kappa' if one.measure == 'kappa' else 'LR'} {_number(one.value)}"
        table.add_row(
            mark,
            f"{one.joint:.3g}",
            f"{one.product:.3g}",
            f"{one.share:.2f}",
            f"{one.joint_share:.2f}",
            published,
            "-" if one.implied is None else f"{one.implied:.2g}",
        )
    return table


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if value >= 0.0995 or value == 0 else f"{value:.2g}"
