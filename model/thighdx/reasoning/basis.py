"""The rows of the priors that an answer's weight rests on, with the documents behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thighdx.causecard import Document
from thighdx.cells import Cell, likelihood
from thighdx.reasoning.opened import OpenCase
from thighdx.schema import Basis, Content, RatioRow

OWN, BACKGROUND, MIX = "own row", "background", "population mix"


@dataclass(frozen=True)
class FigureCited:
    """A published figure behind a row, with its document."""

    id: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    population: str | None
    document: Document


@dataclass(frozen=True)
class RowUsed:
    """P(state | cause) of the states an answer names, and where that comes from.

    probability: P(answer | cause), the answer's likelihoods weighted by the row. kind: the cause's own row, the
    finding's background row, which stands for every cause without one, or the population's mix in its place. ratio:
    whether the own row is stated as a ratio to the background. mechanism: the one the finding hangs on under the cause.
    weight: what the row is worth, in cases. An estimate has its reason, other rows their figures.
    """

    cause: str
    cause_name: str
    kind: str
    ratio: bool
    mechanism: str | None
    p: dict[str, float]
    probability: float
    weight: float
    estimate: str | None
    figures: tuple[FigureCited, ...]
    sources: tuple[Document, ...]
    note: str | None


def row_behind(content: Content, population: str, finding: str, cause: str) -> tuple[str, Basis]:
    """Where P(state | cause) is stated, and as what: the cause's own row, the population's mix or the background."""
    entry = content.findings[finding]
    own, mix = entry.rows.get(cause), content.populations[population].mix.get(finding)
    if own is not None:
        return OWN, own
    return (MIX, mix) if mix is not None else (BACKGROUND, entry.background)


def row_used(opened: OpenCase, finding: str, cell: Cell, cause: int) -> RowUsed:
    """The row behind an answer under one cause, as the tables have it (completed, floored)."""
    content, name = opened.knowledge.content, opened.knowledge.causes[cause]
    entry, place = content.findings[finding], opened.model.tables.finding_index[finding]
    table = opened.model.tables.findings[place]
    mechanism = int(table.parent[cause])
    kind, row = row_behind(content, opened.model.population, finding, name)
    return RowUsed(
        name,
        content.causes[name].name,
        kind,
        isinstance(row, RatioRow),
        None if mechanism == -1 else opened.model.tables.mechanisms[mechanism].id,
        {entry.states[state]: float(table.rows[cause, state]) for state in cell.states},
        float(np.dot(table.rows[cause], likelihood(cell, len(entry.states)))),
        row.weight,
        row.estimate,
        tuple(figure_cited(content, key) for key in row.figures),
        tuple(document(content, key) for key in row.sources),
        row.note,
    )


def figure_cited(content: Content, key: str) -> FigureCited:
    """A published figure with its document."""
    figure = content.figures[key]
    return FigureCited(
        key,
        figure.measure,
        figure.value,
        figure.low,
        figure.high,
        figure.n,
        figure.population,
        document(content, figure.source),
    )


def document(content: Content, key: str) -> Document:
    """A source of the priors by its key."""
    source = content.sources[key]
    return Document(key, source.title, source.kind, source.year, source.url)
