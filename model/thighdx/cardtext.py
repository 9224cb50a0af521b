"""A cause's card as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from thighdx.causecard import Advice, BestStudy, CauseCard, Course, Document, Speaking
from thighdx.causenames import also_called
from thighdx.report import DISCLAIMER, STYLES
from thighdx.wording import percent

INDENT = (0, 0, 0, 2)


def print_cause_card(card: CauseCard, console: Console) -> None:
    """What the cause is, what to do and avoid, whom to see, the study, the course, what speaks for it, its sources."""
    console.print(_head(card))
    if card.care is not None:
        console.print(_advice(card.care))
    console.print(_best_study(card.best_study))
    if card.care is not None and card.care.recovery:
        console.print(_recovery(card.care.recovery, card.sources))
    console.print(_speaking("Speaks for it", card.speaks_for))
    console.print(_speaking("Speaks against it", card.speaks_against))
    if card.care is not None and card.care.note:
        console.print(_section("Note", Text(card.care.note)))
    console.print(_sources(card.sources))
    console.print(Text(DISCLAIMER, style="dim"))


def _head(card: CauseCard) -> RenderableType:
    danger = (" DANGEROUS TO MISS ", STYLES["emergency"]) if card.dangerous else ("", "")
    return Group(
        Text.assemble(danger, " " if card.dangerous else "", (card.name, "bold"), (f"  {card.id}", "dim")),
        *([Padding(Text(also_called(card.also_called)), INDENT)] if card.also_called else []),
        Padding(Text(card.description), INDENT),
        Padding(
            Text(
                f"{card.origin_name}; base rate {percent(card.base_rate)} in population {card.population}", style="dim"
            ),
            INDENT,
        ),
    )


def _advice(care: Advice) -> RenderableType:
    return Group(
        _section("See", Text(care.see)),
        _section("First", _lines(care.first_line)),
        *([_section("Avoid", _lines(care.avoid))] if care.avoid else []),
    )


def _best_study(study: BestStudy) -> RenderableType:
    parts = [
        Text(study.question or "No study of those the model knows", style="bold"),
        *([Text(study.why)] if study.why else []),
        *([Text(f"Shows: {study.shows}")] if study.shows else []),
        *([Text(f"Limits: {study.limits}")] if study.limits else []),
        *([Text(price(study), style="dim")] if study.price_usd or study.price_note else []),
    ]
    return _section("Best study", Group(*parts))


def price(study: BestStudy) -> str:
    """`Price: 500-3000 US dollars.`, with what is to be said of it."""
    amount = "" if study.price_usd is None else f"{study.price_usd[0]:g}-{study.price_usd[1]:g} US dollars. "
    return f"Price: {amount}{study.price_note or ''}".rstrip()


def _recovery(courses: tuple[Course, ...], documents: tuple[Document, ...]) -> RenderableType:
    number = {one.id: f"[{place}]" for place, one in enumerate(documents, start=1)}
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Recovery", overflow="fold")
    table.add_column("weeks", justify="right", no_wrap=True)
    table.add_column("rests on", style="dim", overflow="fold")
    for course in courses:
        told = filter(None, [course.estimate and f"Estimate: {course.estimate}.", course.note])
        cited = " ".join(number[one] for one in course.documents)
        table.add_row(Text(course.who), weeks(course), Text(" ".join(filter(None, [*told, cited]))))
    return table


def weeks(course: Course) -> str:
    """`4 to 8`, or `about 28` where only a mean is known."""
    low, high = course.weeks
    return f"about {low:g}" if low == high else f"{low:g} to {high:g}"


def _speaking(title: str, found: tuple[Speaking, ...]) -> RenderableType:
    if not found:
        return _section(title, Text("nothing: every finding is as in the other causes"))
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(title, overflow="fold")
    table.add_column("id", style="dim", overflow="fold")
    table.add_column("bits", justify="right", no_wrap=True)
    table.add_column("here", justify="right", no_wrap=True)
    table.add_column("elsewhere", justify="right", no_wrap=True, style="dim")
    for one in found:
        table.add_row(
            Text(f"{one.question}{'' if one.question.endswith('?') else ':'} {one.label}"),
            f"{one.finding}={one.state}",
            f"{one.bits:+.1f}",
            percent(one.p_here),
            percent(one.p_elsewhere),
        )
    return table


def _sources(documents: tuple[Document, ...]) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    for place, one in enumerate(documents, start=1):
        grid.add_row(Text(f"[{place}]"), Text(f"{one.title} ({one.kind}{f', {one.year}' if one.year else ''})"))
    return _section("Sources", grid)


def _section(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(title, style="bold"), Padding(body, INDENT))


def _lines(lines: Iterable[str]) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row("-", Text(line))
    return grid
