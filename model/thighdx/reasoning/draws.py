"""Tables drawn from what the priors leave open: every row, every level and every base rate.

A row P(state | cause) is Dirichlet with `weight` x row pseudo-cases (Spiegelhalter et al. 1993, Statistical Science
8:219), floored like the row itself, and the conditional tables are solved anew for it. Causes without a row of their
own share one drawn background. A ratio row meets the drawn mix of people at risk: with g ~ Dirichlet(weight x row), the
row that the point ratio makes, the drawn ratio is g / mix, so the row is drawn in proportion to drawn mix x g / mix.
Mechanisms' rows P(level | cause) likewise. Every row has a stream of random numbers of its own, from its name, so that
no draw depends on which findings are answered, in what order, or in which population.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from thighdx.evidence import NOT_KNOWN, Evidence
from thighdx.knowledge import Knowledge
from thighdx.reasoning.shares import BaseRates, base_rate_boxes, dirichlet
from thighdx.rows import Array, complete, floored
from thighdx.schema import Population, RatioRow, Row
from thighdx.tables import FindingTable, Tables, background, build_tables
from thighdx.tilt import tilt

DRAWS = 1000
SEED = 2501
MOST_KEPT = 128  # drawn findings of populations' own mixes of people; some 1.5 MB each
SHARED = ""  # in place of a cause: the row of all causes without their own


@dataclass(frozen=True)
class _Logs:
    """A finding's drawn logarithms, states first: of the causes where it is free, and of those on each mechanism.

    free: (states, causes, draws); given: mechanism -> its causes and (states, levels, causes, draws). With the draws
    last, the rows that are picked are long and lie together in memory.
    """

    free_causes: NDArray[np.intp]
    free: Array
    given: Mapping[int, tuple[NDArray[np.intp], Array]]


Key = tuple[object, ...]  # a finding's id, and behind it the mix of people where a population states one


class _Kept:
    """Findings drawn so far, for several threads: one of each, and the last `MOST_KEPT` of populations' own mixes."""

    def __init__(self) -> None:
        self._found: dict[Key, _Logs] = {}
        self._lock = Lock()

    def __contains__(self, key: Key) -> bool:
        return key in self._found

    def get(self, key: Key) -> _Logs | None:
        """What was drawn, None where it was not or was let go."""
        return self._found.get(key)

    def keep(self, key: Key, logs: _Logs) -> None:
        """Keep it; the oldest of other mixes are let go."""
        with self._lock:
            self._found[key] = logs
            mixed = [one for one in self._found if len(one) > 1]
            for one in mixed[: max(0, len(mixed) - MOST_KEPT)]:
                del self._found[one]


@dataclass(frozen=True)
class DrawnPosterior:
    """One case under every draw: probability, (draws, causes); log_levels: log P(level, its answers | cause).

    log_levels has a (levels, causes, draws) for each mechanism: few levels, so sums over them run over whole arrays.
    """

    probability: Array
    log_levels: tuple[Array, ...]

    def level(self, mechanism: int, cause: int) -> Array:
        """P(level | cause, e) of a mechanism under every draw, (draws, levels)."""
        logs = self.log_levels[mechanism][:, cause].T
        weight = np.exp(logs - logs.max(axis=-1, keepdims=True))
        return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Draws:
    """The drawn tables of one population. Findings are drawn and solved when first answered, and kept.

    prior: (draws, causes); levels: P(level | cause) of each mechanism, (draws, causes, levels).
    """

    knowledge: Knowledge
    population: Population
    tables: Tables
    prior: Array
    levels: tuple[Array, ...]
    _logs: _Kept = field(default_factory=_Kept)

    @property
    def count(self) -> int:
        """Number of draws."""
        return len(self.prior)

    def posterior(self, case: Evidence) -> DrawnPosterior:
        """P(cause | e) of a single case under each draw, the sums of the engine (`thighdx.engine`)."""
        with np.errstate(divide="ignore"):
            joint = self._log_prior.copy()
            levels: dict[int, Array] = {}
            for position, likelihood in answered(self.tables, case):
                logs = self._of(position)
                joint[logs.free_causes] += _said(logs.free, likelihood)
                for number, (causes, table) in logs.given.items():
                    if number not in levels:
                        levels[number] = self._log_levels[number].copy()
                    levels[number][:, causes] += _said(table, likelihood)
            for block in levels.values():
                joint += _log_sum(block)
        top = joint.max(axis=0)
        weight = np.exp(joint - np.where(np.isfinite(top), top, 0.0))
        total = weight.sum(axis=0)
        told = tuple(levels.get(number, logs) for number, logs in enumerate(self._log_levels))
        return DrawnPosterior((weight / np.where(total > 0, total, 1.0)).T, told)

    @cached_property
    def _log_prior(self) -> Array:
        with np.errstate(divide="ignore"):
            return np.ascontiguousarray(np.log(self.prior).T)

    @cached_property
    def _log_levels(self) -> tuple[Array, ...]:
        with np.errstate(divide="ignore"):
            return tuple(np.ascontiguousarray(np.log(levels).T) for levels in self.levels)

    def finding(self, position: int) -> FindingTable:
        """The drawn tables of one finding: rows (draws, causes, states), given (draws, causes, levels, states)."""
        finding = self.tables.findings[position]
        rows = self.rows(position)
        return FindingTable(
            finding.id,
            finding.states,
            rows,
            finding.parent,
            {number: self._solved(position, number, rows) for number in finding.given},
        )

    def rows(self, position: int) -> Array:
        """The drawn rows P(state | cause) of one finding, (draws, causes, states)."""
        name = self.tables.findings[position].id
        entry = self.knowledge.content.findings[name]
        floor = self.knowledge.content.thresholds.floor
        point = background(entry, name, self.population)
        weight = self.population.mix.get(name, entry.background).weight
        shared = floored(dirichlet(stream(name, SHARED), weight * floored(point, floor), self.count), floor)
        rows = np.repeat(shared[:, None, :], len(self.tables.causes), axis=1)
        for cause, row in entry.rows.items():
            number = self.tables.causes.index(cause)
            own = dirichlet(stream(name, cause), row.weight * self.tables.findings[position].rows[number], self.count)
            rows[:, number] = floored(_by_ratio(own, row, entry.states, shared, point), floor)
        return rows

    def _solved(self, position: int, number: int, rows: Array) -> Array:
        """P(state | cause, level) on one mechanism. Causes that share both their rows are solved once."""
        finding = self.tables.findings[position]
        content = self.knowledge.content
        mechanism = content.mechanisms[self.tables.mechanisms[number].id]
        given = mechanism.templates[finding.id].given
        template = np.array([complete(given[level], finding.states) for level in mechanism.levels])
        own = content.findings[finding.id].rows
        alike: dict[tuple[str, str], list[int]] = {}
        for cause in np.flatnonzero(finding.parent == number).tolist():
            name = self.tables.causes[cause]
            key = name if name in own else SHARED, name if name in mechanism.rows else SHARED
            alike.setdefault(key, []).append(cause)
        table = np.repeat(rows[:, :, None, :], len(mechanism.levels), axis=2)
        first = [causes[0] for causes in alike.values()]
        levels, margin = self.levels[number][:, first], rows[:, first]
        shape = self.count * len(first)
        solved = tilt(
            np.broadcast_to(template, (shape, *template.shape)),
            levels.reshape(shape, -1),
            margin.reshape(shape, -1),
        ).reshape(self.count, len(first), *template.shape)
        for part, causes in enumerate(alike.values()):
            table[:, causes] = solved[:, part, None]
        return table

    def _of(self, position: int) -> _Logs:
        key = self._key(position)
        found = self._logs.get(key)
        if found is None:
            finding = self.finding(position)
            free = np.flatnonzero(finding.parent == -1)
            given = {}
            for number, table in finding.given.items():
                causes = np.flatnonzero(finding.parent == number)
                given[number] = causes, np.ascontiguousarray(np.log(table[:, causes]).transpose(3, 2, 1, 0))
            logs = np.ascontiguousarray(np.log(finding.rows[:, free]).T)
            found = _Logs(free, logs, given)
            self._logs.keep(key, found)
        return found

    def _key(self, position: int) -> Key:
        """What the drawn tables of a finding depend on: the finding, and the mix of people where one is stated."""
        name = self.tables.findings[position].id
        mix = self.population.mix.get(name)
        return (name,) if mix is None else (name, mix.weight, *sorted(mix.p.items()))

    def is_ready(self, case: Evidence) -> bool:
        """Whether every finding answered has been drawn already, so that `posterior` takes milliseconds."""
        return all(self._key(position) in self._logs for position, _ in answered(self.tables, case))

    def prepare(self) -> None:
        """Draw every finding now: some seconds, after which no answer waits but those let go since. Safe in threads."""
        for position in range(len(self.tables.findings)):
            self._of(position)


def get_draws(knowledge: Knowledge, population: str, count: int = DRAWS) -> Draws:
    """The draws of a population, made once.

    Populations, and knowledge that differs in its populations alone, share the drawn findings (some 120 MB, all
    answered) but those whose mix of people differs; at most two sets of other numbers are kept.
    """
    return _draws(knowledge, population, count)


@lru_cache(maxsize=2)
def _shared(core: str, causes: tuple[str, ...], findings: tuple[str, ...], count: int) -> _Kept:  # noqa: ARG001 - the key
    """The findings drawn so far from priors that are alike but for their populations."""
    return _Kept()


@lru_cache(maxsize=16)
def _draws(knowledge: Knowledge, population: str, count: int) -> Draws:
    _, entry = knowledge.population(population)
    tables = build_tables(knowledge, population)
    prior = drawn_prior(base_rate_boxes(knowledge, entry), count)
    levels = tuple(_levels(knowledge, tables, number, count) for number in range(len(tables.mechanisms)))
    core = {name: table for name, table in knowledge.document.tables.items() if name != "populations"}
    digest = replace(knowledge.document, tables=core).digest()
    return Draws(knowledge, entry, tables, prior, levels, _shared(digest, knowledge.causes, knowledge.findings, count))


def drawn_prior(rates: BaseRates, count: int) -> Array:
    """Drawn base rates, (count, causes)."""
    return rates.prior([box.draw(stream("base rates", name), count) for name, box in rates.boxes])


def _levels(knowledge: Knowledge, tables: Tables, number: int, count: int) -> Array:
    table = tables.mechanisms[number]
    entry = knowledge.content.mechanisms[table.id]
    point = complete(entry.background.p, entry.levels)
    shared = dirichlet(stream(table.id, SHARED), entry.background.weight * point, count)
    levels = np.repeat(shared[:, None, :], len(tables.causes), axis=1)
    for cause, row in entry.rows.items():
        position = tables.causes.index(cause)
        levels[:, position] = dirichlet(stream(table.id, cause), row.weight * table.prior[position], count)
    return levels


def _by_ratio(own: Array, row: Row | RatioRow, states: tuple[str, ...], shared: Array, point: Array) -> Array:
    """The drawn row of a cause: itself, or for a ratio row the drawn ratio times the drawn mix."""
    if not isinstance(row, RatioRow):
        return own
    weighted = own * shared / np.where(point > 0, point, 1.0)
    if row.ratio_kind != "likelihood_ratio":
        return np.asarray(weighted / weighted.sum(axis=-1, keepdims=True))
    # P(x | c) = LR P(x | other causes) for the states named, scaled where it passes 1; the others share the rest
    named = np.array([state in row.ratio for state in states])
    stated = np.where(named, weighted, 0.0)
    stated = stated / np.maximum(1.0, stated.sum(axis=-1, keepdims=True))
    others = np.where(named, 0.0, own)
    left = 1.0 - stated.sum(axis=-1, keepdims=True)
    whole = stated + left * others / np.maximum(others.sum(axis=-1, keepdims=True), np.finfo(float).tiny)
    return np.asarray(whole / whole.sum(axis=-1, keepdims=True))


def stream(*names: str) -> np.random.Generator:
    """Random numbers that belong to a row, by its name."""
    return np.random.default_rng([SEED, *"/".join(names).encode()])


def answered(tables: Tables, case: Evidence) -> list[tuple[int, int | Array]]:
    """Each answered finding of a single case with its state, or with the likelihood of each of its states."""
    hard: list[tuple[int, int | Array]] = [
        (position, int(case.codes[0, position]) - 1) for position in np.flatnonzero(case.codes[0] != NOT_KNOWN).tolist()
    ]
    return hard + [
        (position, likelihood[: len(tables.findings[position].states)])
        for position, likelihood in zip(case.soft_finding.tolist(), case.soft_likelihood, strict=True)
    ]


def _said(logs: Array, likelihood: int | Array) -> Array:
    """log P(answer), states being the first axis of `logs`."""
    if isinstance(likelihood, int):
        return np.asarray(logs[likelihood])
    return np.asarray(np.log(np.tensordot(likelihood, np.exp(logs), axes=1)))


def _log_sum(logs: Array) -> Array:
    """log of the sum over the first axis; -inf where every term is."""
    top = logs.max(axis=0)
    finite = np.where(np.isfinite(top), top, 0.0)
    return np.asarray(np.log(np.exp(logs - finite).sum(axis=0)) + finite)
