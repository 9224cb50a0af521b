"""How sure the numbers of a cause are: published or estimated, what they are worth, and which figures they depart from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from thighdx.audit import Audit, Audited, audit
from thighdx.causecard import Document
from thighdx.knowledge import Knowledge
from thighdx.provenance import Provenance, matching, provenance
from thighdx.reasoning.basis import FigureCited, document
from thighdx.reasoning.sentences import asked_and_said
from thighdx.wording import state_label


@dataclass(frozen=True)
class RowCount:
    """Rows P(state | cause) of one kind: `own` or the background, published or estimates. weight: their mean, in cases."""

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
        row_counts(rows),
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


def row_counts(rows: Iterable[Provenance]) -> tuple[RowCount, ...]:
    """Rows by kind, the cause's own first and published ones before estimates; kinds without a row are left out."""
    all_rows = list(rows)
    found = []
    for own in (True, False):
        for published in (True, False):
            weights = [row.weight for row in all_rows if row.own == own and row.published == published]
            if weights:
                found.append(RowCount(own, published, len(weights), sum(weights) / len(weights)))
    return tuple(found)


def outside_figure(knowledge: Knowledge, one: Audited) -> OutsideFigure:
    """A figure outside its interval, in words."""
    content = knowledge.content
    about = content.causes[one.cause].name if one.cause in content.causes else one.cause or "Others"
    if one.finding is not None:
        entry = content.findings[one.finding]
        about = entry.question if one.state is None else asked_and_said(entry.question, state_label(entry, one.state))
    return OutsideFigure(
        one.figure,
        one.measure,
        about,
        one.value,
        one.low,
        one.high,
        one.implied,
        one.because,
        document(content, one.source),
    )
