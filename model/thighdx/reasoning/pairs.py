"""Two causes at once: what the model would expect of a case that has both, compared with its best single cause.

The assumptions, all of them ours:

- Two causes occur independently: P(a, b) is `rate` x 2 P(a) P(b) / (1 - sum P(c)^2), over pairs of different causes.
- A mechanism's level is the larger of what each cause brings about and what is there anyway; so is the state of an
  ordered finding (noisy-MAX with a leak: Diez 1993, UAI 9:99; Henrion 1989, UAI 3:161). Rows hold what is there anyway,
  the background, so that it counts once: with F the cumulative row from the first, unremarkable state on,
  F(a and b) = F(a) F(b) / max(F(a), F(b), F(background)), made rising. Two rows that both reach farther than the
  background multiply; where a cause shows less than the background, the row that reaches farther stands.
- Nominal findings, and who the patient is (kind `context`), are an even mixture of the two rows.
- A finding hangs on the mechanism of the cause that shows it more: that gives its first state the smaller probability.
- Conditional tables are solved for these levels and rows like those of a single cause: to the engine a pair is a cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from thighdx.assess import get_model
from thighdx.engine import Engine
from thighdx.knowledge import Knowledge
from thighdx.reasoning.opened import OpenCase, open_case
from thighdx.rows import Array, complete, floored
from thighdx.schema import Finding
from thighdx.tables import FindingTable, MechanismTable, Tables, background, problems, solve
from thighdx.wording import percent

MOST_PAIRS = 5
JOIN = "+"  # between the ids of two causes: no id holds it


@dataclass(frozen=True)
class Pair:
    """Two causes at once. odds: of the pair against the best single cause, posterior.

    probability: of the pair among all pairs and single causes. explains: each marked finding -> the cause of the pair
    that gives the answer the larger probability, None where both leave it unexplained.
    """

    causes: tuple[str, str]
    names: tuple[str, str]
    odds: float
    probability: float
    explains: dict[str, str | None]


@dataclass(frozen=True)
class TwoCausesFound:
    """The best pairs beside the best single cause; the single posterior stays as it is.

    rate: how many have two causes at once, as the priors state it, None where they do not. unexplained: the marked
    findings that the best single cause shows more rarely than the priors' limit. pairs: the most probable first, empty
    where nothing is unexplained. probability: that there are two causes, under the rate. note: what was assumed.
    """

    population: str
    best_single: str
    name: str
    rate: float | None
    unexplained: tuple[str, ...]
    pairs: tuple[Pair, ...]
    probability: float
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists."""
        return asdict(self)


def two_causes(
    case: Mapping[str, object],
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    most: int = MOST_PAIRS,
) -> TwoCausesFound:
    """The `most` probable pairs of causes, where the best single cause leaves marked findings unexplained.

    A finding is marked where the answer speaks for more than its first state and is no context. See the module for what
    is assumed. Raises as `diagnose` does.
    """
    return two_causes_of(open_case(case, knowledge, population), most)


def two_causes_of(opened: OpenCase, most: int = MOST_PAIRS) -> TwoCausesFound:
    """`two_causes` of a case already opened."""
    stated = opened.knowledge.content.two_causes
    causes, content = opened.model.tables.causes, opened.knowledge.content
    best = causes[opened.leading]
    if stated is None or len(causes) < 2:
        note = "the priors state no rate of two causes ([two_causes])" if stated is None else "there is one cause only"
        return TwoCausesFound(opened.model.population, best, content.causes[best].name, None, (), (), 0.0, note)
    said = _marked(opened)
    unexplained = tuple(name for name, row in said.items() if row[opened.leading] < stated.unexplained)
    prior = opened.model.tables.prior
    engine = _pair_engine(opened.knowledge, opened.model.population)
    with np.errstate(divide="ignore"):
        pairs = engine.log_likelihood(opened.evidence)[0] + np.log(stated.rate * engine.tables.prior)
        singles = opened.view.log_likelihood + np.log((1 - stated.rate) * prior)
    top = max(float(pairs.max()), float(singles.max()))
    total = np.exp(pairs - top).sum() + np.exp(singles - top).sum()
    found = []
    for number in np.argsort(-pairs, kind="stable")[:most].tolist() if unexplained else []:
        first, second = engine.tables.causes[number].split(JOIN)
        explains = {name: _explains(row, (first, second), causes, stated.unexplained) for name, row in said.items()}
        odds = float(np.exp(pairs[number] - singles[opened.leading]))
        names = content.causes[first].name, content.causes[second].name
        found.append(Pair((first, second), names, odds, float(np.exp(pairs[number] - top) / total), explains))
    why = (
        stated.estimate
        if stated.estimate is not None
        else "; ".join(content.sources[key].title for key in stated.sources)
    )
    note = f"if {percent(stated.rate)} have two causes at once, independently of one another; {why}"
    if not unexplained:
        note = f"{content.causes[best].name} leaves no marked finding unexplained, so no pair is shown"
    return TwoCausesFound(
        opened.model.population,
        best,
        content.causes[best].name,
        stated.rate,
        unexplained,
        tuple(found),
        float(np.exp(pairs - top).sum() / total),
        note,
    )


def _marked(opened: OpenCase) -> dict[str, Array]:
    """Each finding that speaks for more than its first state with P(answer | cause), (causes,); no context."""
    result = {}
    for position, likelihood in opened.view.said.items():
        table = opened.model.tables.findings[position]
        entry = opened.knowledge.content.findings[table.id]
        if entry.kind != "context" and likelihood[0] < likelihood.max():
            result[table.id] = table.rows @ likelihood / likelihood.max()
    return result


def _explains(row: Array, pair: tuple[str, str], causes: tuple[str, ...], limit: float) -> str | None:
    """The cause of a pair that gives an answer the larger probability, unless both leave it unexplained."""
    best = max(pair, key=lambda cause: row[causes.index(cause)])
    return best if row[causes.index(best)] >= limit else None


@lru_cache(maxsize=4)
def _pair_engine(knowledge: Knowledge, population: str) -> Engine:
    return Engine(pair_tables(knowledge, population))


def pair_tables(knowledge: Knowledge, population: str | None = None) -> Tables:
    """The network of a population with every pair of different causes in place of the causes; its prior sums to 1.

    The ids of the pairs are those of the two causes with `+` between them, in the vocabulary's order.
    """
    name, chosen = knowledge.population(population)
    content, tables = knowledge.content, get_model(knowledge, name).tables
    first, second = (np.array(side) for side in zip(*combinations(range(len(tables.causes)), 2), strict=True))
    mechanisms = []
    for mechanism in tables.mechanisms:
        shared = complete(content.mechanisms[mechanism.id].background.p, mechanism.levels)
        levels = larger_of(mechanism.prior[first], mechanism.prior[second], shared)
        mechanisms.append(MechanismTable(mechanism.id, mechanism.levels, levels))
    rows, parents = [], []
    for table in tables.findings:
        entry = content.findings[table.id]
        one, other = table.rows[first], table.rows[second]
        shared = floored(background(entry, table.id, chosen), content.thresholds.floor)
        joined = larger_of(one, other, shared) if _is_ordered(entry) else (one + other) / 2
        rows.append(floored(joined, content.thresholds.floor))
        parents.append(np.where(one[:, 0] <= other[:, 0], table.parent[first], table.parent[second]))
    index = {mechanism.id: number for number, mechanism in enumerate(tables.mechanisms)}
    given = solve(problems(knowledge, parents, index), tuple(mechanisms), rows)
    return Tables(
        tuple(f"{tables.causes[one]}{JOIN}{tables.causes[other]}" for one, other in zip(first, second, strict=True)),
        _pair_prior(tables.prior[first] * tables.prior[second]),
        tuple(mechanisms),
        tuple(
            FindingTable(table.id, table.states, rows[number], parents[number], given[number])
            for number, table in enumerate(tables.findings)
        ),
    )


def _pair_prior(product: Array) -> Array:
    return np.asarray(product / product.sum())


def _is_ordered(entry: Finding) -> bool:
    """Whether its states run from least to most under a cause; two states always do."""
    return entry.kind != "context" and (entry.ordered or len(entry.states) == 2)


def larger_of(one: Array, other: Array, shared: Array) -> Array:
    """The row of the larger of two ordered states that share a background, noisy-MAX with a leak.

    one, other: (..., states), rows that hold the background; shared: (states,), the background.
    """
    cumulative = [np.cumsum(row, axis=-1)[..., :-1] for row in (one, other, shared)]
    leak = np.maximum.reduce([np.broadcast_to(part, cumulative[0].shape) for part in cumulative])
    with np.errstate(invalid="ignore"):
        both = np.where(leak > 0, cumulative[0] * cumulative[1] / np.where(leak > 0, leak, 1.0), 0.0)
    both = np.minimum(np.maximum.accumulate(both, axis=-1), 1.0)
    ends = np.zeros((*both.shape[:-1], 1))
    return np.asarray(np.diff(np.concatenate([ends, both, ends + 1.0], axis=-1), axis=-1))
