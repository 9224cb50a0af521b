"""Knowledge and a population to arrays: the prior, the mechanisms and the conditional tables.

Everything that computes (the engine, the pgmpy network, the tests' enumerated joint) starts from `Tables`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from thighdx.knowledge import Knowledge
from thighdx.rows import Array, cause_row, complete, floored
from thighdx.schema import NONE, Finding, Population, RatioRow, Row
from thighdx.tilt import tilt

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class MechanismTable:
    """A hidden node: `prior` is P(level | cause), (causes, levels)."""

    id: str
    levels: tuple[str, ...]
    prior: Array


@dataclass(frozen=True)
class FindingTable:
    """A finding's tables.

    rows: P(state | cause), (causes, states). parent: (causes,), the index in `Tables.mechanisms` of the one mechanism
    the finding hangs on under each cause, or -1. given: for each mechanism it names, P(state | cause, level),
    (causes, levels, states); under causes that do not use the mechanism it repeats their row at every level.
    """

    id: str
    states: tuple[str, ...]
    rows: Array
    parent: NDArray[np.intp]
    given: Mapping[int, Array]


@dataclass(frozen=True)
class Tables:
    """The whole network as arrays; `prior` is P(cause), (causes,)."""

    causes: tuple[str, ...]
    prior: Array
    mechanisms: tuple[MechanismTable, ...]
    findings: tuple[FindingTable, ...]

    @cached_property
    def finding_index(self) -> dict[str, int]:
        """Position of each finding id."""
        return {finding.id: position for position, finding in enumerate(self.findings)}

    @cached_property
    def most_states(self) -> int:
        """The largest number of states of any finding."""
        return max((len(finding.states) for finding in self.findings), default=0)


@dataclass(frozen=True)
class Problem:
    """One (finding, mechanism) pair whose conditional tables are to be solved, for the causes that use it."""

    finding: int
    mechanism: int
    causes: NDArray[np.intp]
    template: Array


def build_tables(knowledge: Knowledge, population: str | None = None) -> Tables:
    """The tables of one population. Raises `UnknownNameError` for an unknown population."""
    _, chosen = knowledge.population(population)
    content = knowledge.content
    mechanisms = tuple(
        MechanismTable(
            name,
            entry.levels,
            _frozen(_rows(entry.rows, entry.levels, complete(entry.background.p, entry.levels), knowledge.causes)),
        )
        for name, entry in content.mechanisms.items()
    )
    index = {mechanism.id: position for position, mechanism in enumerate(mechanisms)}
    rows = [
        floored(
            _rows(entry.rows, entry.states, background(entry, name, chosen), knowledge.causes), content.thresholds.floor
        )
        for name, entry in content.findings.items()
    ]
    parents = [_parents(entry, knowledge.causes, index) for entry in content.findings.values()]
    given = solve(problems(knowledge, parents, index), mechanisms, rows)
    findings = tuple(
        FindingTable(name, entry.states, _frozen(rows[position]), _frozen(parents[position]), given[position])
        for position, (name, entry) in enumerate(content.findings.items())
    )
    return Tables(knowledge.causes, _frozen(base_rates(knowledge, chosen)), mechanisms, findings)


def base_rates(knowledge: Knowledge, population: Population) -> Array:
    """P(cause), (causes,), sum 1: shares of origins times shares within each, or shares of causes outright."""
    causes = knowledge.causes
    if population.causes is not None:
        return complete(population.causes.p, causes)
    assert population.origins is not None  # noqa: S101 - one of the two is stated, checked on loading
    prior = np.zeros(len(causes))
    shares = complete(population.origins.p, knowledge.origins)
    for origin, share in zip(knowledge.origins, shares, strict=True):
        members = [cause for cause in causes if knowledge.content.causes[cause].origin == origin]
        within = complete(population.within[origin].p, members)
        prior[[causes.index(cause) for cause in members]] = share * within
    return np.asarray(prior / prior.sum())


def background(finding: Finding, name: str, population: Population) -> Array:
    """The background row: the population's mix of people at risk where it states one, else the finding's own."""
    row = population.mix.get(name, finding.background)
    return complete(row.p, finding.states)


def _rows(
    rows: Mapping[str, Row | RatioRow], states: tuple[str, ...], background_row: Array, causes: Iterable[str]
) -> Array:
    return np.array([cause_row(rows.get(cause), states, background_row) for cause in causes])


def _parents(finding: Finding, causes: Iterable[str], index: Mapping[str, int]) -> NDArray[np.intp]:
    named = [finding.mechanism_by_cause.get(cause, finding.mechanism) for cause in causes]
    return np.array([-1 if name == NONE else index[name] for name in named], dtype=np.intp)


def problems(knowledge: Knowledge, parents: list[NDArray[np.intp]], index: Mapping[str, int]) -> Iterable[Problem]:
    """What is to be solved, for the mechanism (or -1) that each finding hangs on under each cause, (causes,)."""
    for position, (name, finding) in enumerate(knowledge.content.findings.items()):
        for mechanism in finding.mechanisms:
            entry = knowledge.content.mechanisms[mechanism]
            given = entry.templates[name].given
            template = np.array([complete(given[level], finding.states) for level in entry.levels])
            causes = np.flatnonzero(parents[position] == index[mechanism])
            yield Problem(position, index[mechanism], causes, template)


def solve(
    asked: Iterable[Problem], mechanisms: tuple[MechanismTable, ...], rows: list[Array]
) -> list[dict[int, Array]]:
    """P(state | cause, level) of every finding and mechanism."""
    problems_ = list(asked)
    levels = [mechanisms[one.mechanism].prior[one.causes] for one in problems_]
    margins = [rows[one.finding][one.causes] for one in problems_]
    given: list[dict[int, Array]] = [{} for _ in rows]
    for one, part in zip(problems_, tilt_all([one.template for one in problems_], levels, margins), strict=True):
        table = np.repeat(rows[one.finding][:, None, :], one.template.shape[0], axis=1)
        table[one.causes] = part
        given[one.finding][one.mechanism] = _frozen(table)
    return given


def tilt_all(templates: Sequence[Array], levels: Sequence[Array], margins: Sequence[Array]) -> list[Array]:
    """`tilt` of each template (levels, states) to its `levels` (n, levels) and `margins` (n, states).

    Those of one shape are solved together.
    """
    by_shape: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, template in enumerate(templates):
        by_shape[template.shape].append(number)
    result: list[Array] = [np.zeros(0)] * len(templates)
    for alike in by_shape.values():
        sizes = [len(levels[number]) for number in alike]
        solved = tilt(
            np.concatenate(
                [
                    np.broadcast_to(templates[number], (size, *templates[number].shape))
                    for number, size in zip(alike, sizes, strict=True)
                ]
            ),
            np.concatenate([levels[number] for number in alike]),
            np.concatenate([margins[number] for number in alike]),
        )
        for number, part in zip(alike, np.split(solved, np.cumsum(sizes)[:-1]), strict=True):
            result[number] = part
    return result


def _frozen(array: NDArray[T]) -> NDArray[T]:
    array.flags.writeable = False
    return array
