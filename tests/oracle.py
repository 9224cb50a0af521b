"""The definition, to judge everything else by: small networks, their joint summed in full, cases drawn from them.

Nothing here calls the engine, and nothing here is fast. A likelihood vector a finding says every kind of answer: all
ones is "not asked", a single one among zeros a hard answer, several ones a one-of answer, anything else a soft one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thighdx.evidence import Evidence, evidence
from thighdx.tables import FindingTable, MechanismTable, Tables

if TYPE_CHECKING:
    from pgmpy.inference import VariableElimination

Array = NDArray[np.float64]
CAUSE = "cause"  # the causes' node in the networks of pgmpy and pyAgrum

Likelihoods = Sequence[Sequence[float]]  # of each state, for each finding


# --------------------------------------------------------------------------------------------------- the definition


class Enumerated(NamedTuple):
    """P(e); P(cause | e); and for each mechanism and cause P(level | cause, e). 0 throughout where e is impossible."""

    evidence: float
    causes: list[float]
    levels: list[list[list[float]]]


def joint(tables: Tables) -> Iterator[tuple[int, tuple[int, ...], tuple[int, ...], float]]:
    """Every (cause, levels of all mechanisms, states of all findings) with its probability."""
    prior = tables.prior.tolist()
    level_tables = [mechanism.prior.tolist() for mechanism in tables.mechanisms]
    rows = [finding.rows.tolist() for finding in tables.findings]
    given = [{key: table.tolist() for key, table in finding.given.items()} for finding in tables.findings]
    parents = [finding.parent.tolist() for finding in tables.findings]
    for cause in range(len(tables.causes)):
        for levels in product(*(range(len(mechanism.levels)) for mechanism in tables.mechanisms)):
            for states in product(*(range(len(finding.states)) for finding in tables.findings)):
                probability = prior[cause]
                for mechanism, level in enumerate(levels):
                    probability *= level_tables[mechanism][cause][level]
                for finding, state in enumerate(states):
                    parent = parents[finding][cause]
                    row = rows[finding][cause] if parent == -1 else given[finding][parent][cause][levels[parent]]
                    probability *= row[state]
                yield cause, levels, states, probability


def enumerated_posterior(tables: Tables, likelihoods: Likelihoods) -> Enumerated:
    """The posterior by its definition: the joint, weighted by the likelihood of each finding's state, summed."""
    total = 0.0
    causes = [0.0 for _ in tables.causes]
    levels = [[[0.0 for _ in mechanism.levels] for _ in tables.causes] for mechanism in tables.mechanisms]
    for cause, at, states, probability in joint(tables):
        weight = probability * prod(likelihoods[finding][state] for finding, state in enumerate(states))
        total += weight
        causes[cause] += weight
        for mechanism, level in enumerate(at):
            levels[mechanism][cause][level] += weight
    by_cause = [[_shares(weights) for weights in mechanism] for mechanism in levels]
    return Enumerated(total, _shares(causes), by_cause)


def _shares(weights: list[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights] if total > 0 else [0.0 for _ in weights]


# ---------------------------------------------------------------------------------------------------- random networks


def random_tables(
    rng: np.random.Generator,
    *,
    causes: tuple[int, int] = (2, 4),
    mechanisms: tuple[int, int] = (0, 3),
    findings: tuple[int, int] = (2, 6),
    zeros: bool = False,
    largest_joint: int = 8000,
) -> Tables:
    """A random network in which each finding hangs, under each cause, on no or one of up to three mechanisms.

    `zeros` puts zeros into prior, levels and rows, so that evidence can be impossible. The joint has at most
    `largest_joint` entries, so that it can be summed in full.
    """
    while True:
        levels = rng.integers(2, 4, size=_between(rng, mechanisms)).tolist()
        states = rng.integers(2, 5, size=_between(rng, findings)).tolist()
        count = _between(rng, causes)
        if count * prod(levels) * prod(states) <= largest_joint:
            break
    prior = _random_rows(rng, (count,), zeros=zeros)
    hidden = tuple(
        MechanismTable(f"m{number}", _names("level", size), _random_rows(rng, (count, size), zeros=zeros))
        for number, size in enumerate(levels)
    )
    seen = tuple(_random_finding(rng, f"f{number}", size, hidden, count, zeros) for number, size in enumerate(states))
    return Tables(_names("c", count), prior, hidden, seen)


def _random_finding(
    rng: np.random.Generator, name: str, size: int, mechanisms: Sequence[MechanismTable], causes: int, zeros: bool
) -> FindingTable:
    named = rng.permutation(len(mechanisms))[: rng.integers(0, 4)]
    parent = rng.choice([-1, *named], size=causes).astype(np.intp)
    rows = _random_rows(rng, (causes, size), zeros=zeros)
    given: dict[int, Array] = {}
    for number in named.tolist():
        mechanism = mechanisms[number]
        table = _random_rows(rng, (causes, len(mechanism.levels), size), zeros=zeros)
        for cause in range(causes):
            if parent[cause] == number:
                rows[cause] = mechanism.prior[cause] @ table[cause]
        given[number] = table
    for number, table in given.items():
        unused = parent != number
        table[unused] = rows[unused][:, None, :]
    return FindingTable(name, _names("s", size), rows, parent, given)


def _random_rows(rng: np.random.Generator, shape: tuple[int, ...], *, zeros: bool) -> Array:
    """Random distributions over the last axis; with `zeros` about a third of the entries are zero."""
    weights = rng.gamma(rng.choice([0.5, 1.0, 3.0]), size=shape) + 0.01
    if zeros:
        spared = np.expand_dims(weights.argmax(axis=-1), -1) == np.arange(shape[-1])
        weights[(rng.random(shape) < 1 / 3) & ~spared] = 0.0
    rows: Array = weights / weights.sum(axis=-1, keepdims=True)
    return rows


def _between(rng: np.random.Generator, bounds: tuple[int, int]) -> int:
    return int(rng.integers(bounds[0], bounds[1] + 1))


def _names(stem: str, count: int) -> tuple[str, ...]:
    return tuple(f"{stem}{number}" for number in range(count))


# --------------------------------------------------------------------------------------------------- random evidence


def random_likelihoods(rng: np.random.Generator, tables: Tables, answers: int | None = None) -> list[list[float]]:
    """Random answers of every kind; to `answers` findings chosen at random, or to about two in three."""
    count = len(tables.findings)
    asked = rng.random(count) < 2 / 3
    if answers is not None:
        asked = np.isin(np.arange(count), rng.choice(count, size=answers, replace=False))
    return [
        _random_answer(rng, len(finding.states)) if ask else [1.0] * len(finding.states)
        for finding, ask in zip(tables.findings, asked, strict=True)
    ]


def random_cases(
    rng: np.random.Generator, tables: Tables, count: int, *, answers: int | None = None
) -> list[list[list[float]]]:
    """`count` cases with so many random answers each, by default 1 to 40."""
    return [random_likelihoods(rng, tables, answers or _between(rng, (1, 40))) for _ in range(count)]


def _random_answer(rng: np.random.Generator, size: int) -> list[float]:
    state = int(rng.integers(size))
    kind = rng.random()
    if kind < 0.6:  # hard
        return [float(position == state) for position in range(size)]
    if kind < 0.8:  # one of, the state left out being another
        left_out = (state + 1) % size
        return [float(position == state or (position != left_out and rng.random() < 0.5)) for position in range(size)]
    stated = float(rng.random())
    return [stated if position == state else (1 - stated) / (size - 1) for position in range(size)]


def to_evidence(tables: Tables, cases: Sequence[Likelihoods]) -> Evidence:
    """The engine's form of each case's likelihood vectors."""
    codes = np.zeros((len(cases), len(tables.findings)), dtype=np.uint8)
    soft: list[tuple[int, int, Sequence[float]]] = []
    for row, likelihoods in enumerate(cases):
        for finding, vector in enumerate(likelihoods):
            if sorted(vector) == [0.0] * (len(vector) - 1) + [1.0]:
                codes[row, finding] = list(vector).index(1.0) + 1
            elif any(value != 1.0 for value in vector):
                soft.append((row, finding, vector))
    return evidence(codes, soft, most_states=tables.most_states)


def hard(tables: Tables, answers: Mapping[str, str]) -> list[list[float]]:
    """The likelihood vectors of hard answers, finding id -> state id."""
    return [[float(answers.get(finding.id, state) == state) for state in finding.states] for finding in tables.findings]


class Drawn(NamedTuple):
    """Cases drawn from a model: cause (cases,), level (cases, mechanisms), state (cases, findings) as positions."""

    cause: NDArray[np.intp]
    level: NDArray[np.intp]
    state: NDArray[np.intp]


def draw_cases(tables: Tables, rng: np.random.Generator, count: int) -> Drawn:
    """Cause first, then the mechanisms' levels, then the findings, each from its table."""
    cause = _draw(rng, np.broadcast_to(tables.prior, (count, len(tables.causes))))
    level = np.zeros((count, len(tables.mechanisms)), dtype=np.intp)
    for number, mechanism in enumerate(tables.mechanisms):
        level[:, number] = _draw(rng, mechanism.prior[cause])
    state = np.zeros((count, len(tables.findings)), dtype=np.intp)
    for number, finding in enumerate(tables.findings):
        rows = finding.rows[cause]
        for mechanism_number, table in finding.given.items():
            on = finding.parent[cause] == mechanism_number
            rows[on] = table[cause[on], level[on, mechanism_number]]
        state[:, number] = _draw(rng, rows)
    return Drawn(cause, level, state)


def _draw(rng: np.random.Generator, rows: Array) -> NDArray[np.intp]:
    """One position a row, with the row's probabilities."""
    passed = np.cumsum(rows[:, :-1], axis=1) < rng.random(len(rows))[:, None]
    position: NDArray[np.intp] = passed.sum(axis=1)
    return position


# ------------------------------------------------------------------------------------------ the two other programs


def pgmpy_posterior(elimination: VariableElimination, tables: Tables, likelihoods: Likelihoods) -> Array:
    """P(cause | e) by pgmpy: hard answers as evidence, all others as virtual evidence."""
    from pgmpy.factors.discrete import TabularCPD

    answers: dict[str, str] = {}
    virtual = []
    for finding, vector in zip(tables.findings, likelihoods, strict=True):
        if sum(vector) == max(vector) == 1:
            answers[finding.id] = finding.states[list(vector).index(1)]
        elif min(vector) < 1:
            column = np.array(vector)[:, None] / sum(vector)
            names = {finding.id: list(finding.states)}
            virtual.append(TabularCPD(finding.id, len(vector), column, state_names=names))
    found = elimination.query([CAUSE], evidence=answers, virtual_evidence=virtual or None, show_progress=False)
    return np.array([found.get_value(**{CAUSE: cause}) for cause in tables.causes])


def agrum_network(tables: Tables) -> Any:
    """The network as pyAgrum knows it, built from the tables alone."""
    import pyagrum

    network = pyagrum.BayesNet()
    network.add(pyagrum.LabelizedVariable(CAUSE, "", list(tables.causes)))
    network.cpt(CAUSE).fillWith(tables.prior.tolist())
    for mechanism in tables.mechanisms:
        network.add(pyagrum.LabelizedVariable(mechanism.id, "", list(mechanism.levels)))
        network.addArc(CAUSE, mechanism.id)
        for cause, row in zip(tables.causes, mechanism.prior.tolist(), strict=True):
            network.cpt(mechanism.id)[{CAUSE: cause}] = row
    for finding in tables.findings:
        network.add(pyagrum.LabelizedVariable(finding.id, "", list(finding.states)))
        for parent in (CAUSE, *(tables.mechanisms[number].id for number in finding.given)):
            network.addArc(parent, finding.id)
        for number, cause in enumerate(tables.causes):
            for at, row in _rows_by_level(tables, finding, number):
                network.cpt(finding.id)[{CAUSE: cause} | at] = row
    return network


def _rows_by_level(tables: Tables, finding: FindingTable, cause: int) -> Iterator[tuple[dict[str, str], list[float]]]:
    """P(state | cause, levels) for each combination of levels of the mechanisms that the finding names."""
    named = {number: tables.mechanisms[number] for number in finding.given}
    for levels in product(*(range(len(mechanism.levels)) for mechanism in named.values())):
        at = dict(zip(named, levels, strict=True))
        parent = int(finding.parent[cause])
        row = finding.rows[cause] if parent == -1 else finding.given[parent][cause, at[parent]]
        yield {named[number].id: named[number].levels[level] for number, level in at.items()}, row.tolist()


def agrum_posterior(network: Any, tables: Tables, likelihoods: Likelihoods) -> Array:
    """P(cause | e) by pyAgrum's lazy propagation."""
    import pyagrum

    inference = pyagrum.LazyPropagation(network)
    asked = zip(tables.findings, likelihoods, strict=True)
    inference.setEvidence({finding.id: list(vector) for finding, vector in asked if min(vector) < 1})
    inference.addTarget(CAUSE)
    inference.makeInference()
    return np.array(inference.posterior(CAUSE).tolist())
