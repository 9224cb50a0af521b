"""How sure the numbers of a cause are: published or estimated, their weight, and which figures they depart from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from thighdx.audit import Audit, Audited, audit
from thighdx.causecard import Document
from thighdx.knowledge import Knowledge
from thighdx.provenance import Provenance, figure_said, matching, provenance
from thighdx.reasoning.basis import FigureCited, document
from thighdx.wording import asked_and_said, state_label


@dataclass(frozen=True)
class RowCount:
    """Rows P(state | cause) of one kind: `own` or background, published or estimates. weight: their mean, in cases."""

    own: bool
    published: bool
    rows: int
    weight: float


@dataclass(frozen=True)
class BehindRow:
    """A published figure behind a row: the state it is of, in words, and who was counted."""

    figure: FigureCited
    label: str | None


@dataclass(frozen=True)
class PublishedRow:
    """A row of the cause that rests on published figures."""

    finding: str
    question: str
    weight: float
    figures: tuple[BehindRow, ...]
    note: str | None


@dataclass(frozen=True)
class OutsideFigure:
    """A published figure that the model departs from, with the written reason where there is one."""

    figure: str
    measure: str
    group: str
    about: str
    value: float | None
    low: float | None
    high: float | None
    implied: float | None
    because: str | None
    document: Document


@dataclass(frozen=True)
class Standing:
    """counts: every row of the cause, by kind. figures: how many published figures its own rows rest on.

    judged: cited figures of this cause that the audit can hold against the model.
    """

    counts: tuple[RowCount, ...]
    figures: int
    published: tuple[PublishedRow, ...]
    judged: int
    outside: tuple[OutsideFigure, ...]
    documents: tuple[Document, ...]


@lru_cache(maxsize=8)
def audited(knowledge: Knowledge, population: str) -> Audit:
    """The audit, made once for each knowledge and population."""
    return audit(knowledge, population)


def standing(knowledge: Knowledge, population: str, cause: str) -> Standing:
    """How sure the numbers of one cause are."""
    rows = matching(provenance(knowledge, population), cause=cause)
    published = [row for row in rows if row.own and row.published]
    judged = [one for one in audited(knowledge, population).figures if one.cause == cause and one.beyond is not None]
    outside = tuple(outside_figure(knowledge, one) for one in judged if one.outside)
    behind = [one for row in rows if row.own for one in row.documents]
    return Standing(
        row_counts((row.own, row.published, row.weight) for row in rows),
        len({figure.id for row in published for figure in row.figures}),
        tuple(_published(knowledge, row) for row in published),
        len(judged),
        outside,
        tuple({one.id: one for one in (*behind, *(one.document for one in outside))}.values()),
    )


def _published(knowledge: Knowledge, row: Provenance) -> PublishedRow:
    entry = knowledge.content.findings[row.finding]
    states = [knowledge.content.figures[one.id].state for one in row.figures]
    labels = [None if state is None else state_label(entry, state) for state in states]
    behind = tuple(BehindRow(one, label) for one, label in zip(row.figures, labels, strict=True))
    return PublishedRow(row.finding, row.question, row.weight, behind, row.note)


def row_counts(rows: Iterable[tuple[bool, bool, float]]) -> tuple[RowCount, ...]:
    """Rows by kind, from (own, published, weight) of each; own and published ones first, kinds without one left out."""
    weights: dict[tuple[bool, bool], list[float]] = defaultdict(list)
    for own, published, weight in rows:
        weights[own, published].append(weight)
    return tuple(
        RowCount(
            own, published, len(weights[own, published]), sum(weights[own, published]) / len(weights[own, published])
        )
        for own in (True, False)
        for published in (True, False)
        if weights[own, published]
    )


def outside_figure(knowledge: Knowledge, one: Audited) -> OutsideFigure:
    """A figure outside its interval, in words."""
    content = knowledge.content
    names = {name: entry.name for name, entry in content.causes.items()} | dict(content.origins)
    group = "Other people" if one.cause is None else names[one.cause]
    about = "base rate"
    if one.finding is not None:
        entry = content.findings[one.finding]
        about = entry.question if one.state is None else asked_and_said(entry.question, state_label(entry, one.state))
    return OutsideFigure(
        one.figure,
        one.measure,
        group,
        about,
        one.value,
        one.low,
        one.high,
        one.implied,
        one.because,
        document(content, one.source),
    )


def departure_said(one: OutsideFigure) -> tuple[str, str]:
    """What was published, and what the model says, in the figure's own measure."""
    figure = FigureCited("", one.measure, one.value, one.low, one.high, None, None, one.document)
    implied = None if one.implied is None else float(f"{one.implied:.3g}")
    return figure_said(figure), figure_said(replace(figure, value=implied, low=None, high=None))
