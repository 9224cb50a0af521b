"""Base rates of a population as a reader wants them: each cause's share with its interval and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from thighdx.causecard import Document
from thighdx.knowledge import Knowledge
from thighdx.reasoning.basis import FigureCited, document, figure_cited
from thighdx.rows import Array, believed, complete
from thighdx.schema import Content, Row, Shares
from thighdx.tables import base_rates
from thighdx.wording import state_label


@dataclass(frozen=True)
class CauseBaseRate:
    """P(cause) in the population; `interval` bounds it where the priors bound its share.

    Where shares of origins and within them multiply, the bounds of the share within are multiplied by the origin's
    point: what the stated interval means for the cause while the origins stay as they are.
    """

    cause: str
    name: str
    origin: str
    rate: float
    interval: tuple[float, float] | None


class OneShare(NamedTuple):
    """A share; `interval` bounds it in draws, `believed` is what readings of an estimate ran between."""

    name: str
    share: float
    interval: tuple[float, float] | None
    believed: tuple[float, float] | None


@dataclass(frozen=True)
class SharesBehind:
    """A table of shares with what it rests on: of origins, of causes within one or outright, of levels, of states."""

    title: str
    shares: tuple[OneShare, ...]
    weight: float
    estimate: str | None
    figures: tuple[FigureCited, ...]
    sources: tuple[Document, ...]
    note: str | None


@dataclass(frozen=True)
class PopulationBehind:
    """A population: who it is, the base rates (the largest first), the shares they come from, the mix of people."""

    id: str
    name: str
    description: str
    causes: tuple[CauseBaseRate, ...]
    shares: tuple[SharesBehind, ...]
    mix: tuple[SharesBehind, ...]


def population_behind(knowledge: Knowledge, name: str | None = None) -> PopulationBehind:
    """A population and what its base rates rest on. Raises `UnknownNameError` for an unknown one."""
    chosen, population = knowledge.population(name)
    content = knowledge.content
    rates = base_rates(knowledge, population)
    intervals = _intervals(knowledge, chosen)
    causes = [
        CauseBaseRate(cause, entry.name, entry.origin, float(rate), intervals.get(cause))
        for (cause, entry), rate in zip(content.causes.items(), rates, strict=True)
    ]
    names = {cause: entry.name for cause, entry in content.causes.items()}
    shares = []
    if population.origins is not None:
        shares.append(shares_behind(content, "Origins", population.origins, dict(content.origins)))
    for origin, within in population.within.items():
        members = {cause: names[cause] for cause, entry in content.causes.items() if entry.origin == origin}
        shares.append(shares_behind(content, f"Within: {content.origins[origin]}", within, members))
    if population.causes is not None:
        shares.append(shares_behind(content, "Causes outright", population.causes, names))
    mix = []
    for finding, row in population.mix.items():
        entry = content.findings[finding]
        labels = {state: state_label(entry, state) for state in entry.states}
        mix.append(shares_behind(content, entry.question, row, labels))
    ranked = tuple(sorted(causes, key=lambda one: -one.rate))
    return PopulationBehind(chosen, population.name, population.description, ranked, tuple(shares), tuple(mix))


def _intervals(knowledge: Knowledge, name: str) -> dict[str, tuple[float, float]]:
    _, population = knowledge.population(name)
    if population.causes is not None:
        return dict(population.causes.interval)
    assert population.origins is not None  # noqa: S101 - one of the two is stated, checked on loading
    share = dict(zip(knowledge.origins, complete(population.origins.p, knowledge.origins).tolist(), strict=True))
    return {
        cause: (low * share[origin], high * share[origin])
        for origin, within in population.within.items()
        for cause, (low, high) in within.interval.items()
    }


def shares_behind(
    content: Content, title: str, row: Row, names: Mapping[str, str], background: Array | None = None
) -> SharesBehind:
    """A row of shares, completed, under the names that people read, with what it rests on."""
    interval = row.interval if isinstance(row, Shares) else {}
    points = complete(row.p, tuple(names), background).tolist()
    return SharesBehind(
        title,
        tuple(
            OneShare(names[key], point, interval.get(key), believed(row, tuple(names), key))
            for key, point in zip(names, points, strict=True)
        ),
        row.weight,
        row.estimate,
        tuple(figure_cited(content, key) for key in row.figures),
        tuple(document(content, key) for key in row.sources),
        row.note,
    )
