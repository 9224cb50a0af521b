"""Which causes look like which, what tells two of them apart, and which test tells a few of them apart best."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import Model, get_model
from thighdx.encounter import STUDY
from thighdx.evidence import evidence
from thighdx.fast.adaptive import AdaptiveEngine
from thighdx.knowledge import Knowledge
from thighdx.reasoning.costs import finding_costs
from thighdx.reasoning.information import gains
from thighdx.rows import Array
from thighdx.schema import Kind, Study
from thighdx.simulate import Simulated, Simulator
from thighdx.tables import FindingTable, Tables
from thighdx.wording import state_label

SEED = 0
POINTERS = 3
EXAMINED: tuple[Kind, ...] = ("sign", "test")


@dataclass(frozen=True)
class Distinguishing:
    """A finding that tells a cause from another, by the state that does so most.

    ratio: `p_here` / `p_there`, P(state | cause) against P(state | the other); below 1 the state speaks for the other.
    bits: what the whole finding is expected to tell at even odds between the two (Jensen-Shannon divergence, Lin 1991).
    """

    finding: str
    kind: str
    question: str
    state: str
    label: str
    p_here: float
    p_there: float
    ratio: float
    bits: float


@dataclass(frozen=True)
class LookAlike:
    """Another cause with which a cause is confused. taken_for: mean posterior of the one in cases of the other.

    bedside, studies: what tells the two apart most. pointers: the bedside answers that speak most for the other, by
    their likelihood ratio.
    """

    cause: str
    name: str
    dangerous: bool
    taken_for: float
    bedside: tuple[Distinguishing, ...]
    studies: tuple[Distinguishing, ...]
    pointers: tuple[Distinguishing, ...]


@dataclass(frozen=True)
class TestWorth:
    """What a test or study is expected to do for the question which of `causes`, all alike before, it is.

    bits: expected information gain, of log2(number of causes). right_before, right_after: how often the likeliest of
    them is the true one.
    """

    finding: str
    kind: str
    question: str
    bits: float
    right_before: float
    right_after: float
    minutes: float | None
    price_usd: tuple[float, float] | None
    study: str | None
    limits: str | None


def alike(model: Model) -> Model:
    """The model with every cause alike before the answers; ages, sexes and the like stay those of its population."""
    count = len(model.tables.causes)
    tables = replace(model.tables, prior=np.full(count, 1 / count))
    return Model(model.knowledge, model.population, AdaptiveEngine(tables))


@lru_cache(maxsize=8)
def typical_cases(knowledge: Knowledge, population: str, *, complete: bool = False) -> Simulated:
    """A chunk of simulated cases, every cause alike often, with as much known as in a visit, or every finding."""
    return Simulator(alike(get_model(knowledge, population)), complete=complete).draw(SEED, 0)


@lru_cache(maxsize=8)
def taken_for(knowledge: Knowledge, population: str) -> Array:
    """Mean posterior of each cause in typical cases of another, (causes, causes); every cause alike before.

    E[P(d | e)] over cases e of cause c equals E[P(c | e)] over cases of d where both are alike before, since each is
    sum_e P(e | c) P(e | d) / sum_k P(e | k). So the simulated matrix is made symmetric, which lessens its noise; rows
    then sum to 1 but for that noise.
    """
    model = alike(get_model(knowledge, population))
    drawn = typical_cases(knowledge, population)
    posterior = model.engine.posterior(evidence(np.ascontiguousarray(drawn.codes.T))).probability
    count = len(model.tables.causes)
    sums = np.array([posterior[drawn.cause == cause].mean(axis=0) for cause in range(count)])
    return np.asarray((sums + sums.T) / 2)


def look_alikes(
    knowledge: Knowledge, population: str, cause: str, among: Collection[str], *, most: int, findings: int
) -> tuple[LookAlike, ...]:
    """The `most` of the causes `among` which a cause is confused with most, the nearest first, itself left out."""
    content, tables = knowledge.content, get_model(knowledge, population).tables
    here = tables.causes.index(cause)
    shares = taken_for(knowledge, population)[here]
    others = [place for place, name in enumerate(tables.causes) if place != here and name in among]
    nearest = sorted(others, key=lambda place: -shares[place])[:most]
    found = []
    for place in nearest:
        name = tables.causes[place]
        telling = distinguishing(knowledge, tables, here, place)
        bedside = [one for one in telling if one.kind != STUDY][:findings]
        studies = [one for one in telling if one.kind == STUDY][:1]
        entry, share = content.causes[name], float(shares[place])
        for_it = pointers(knowledge, tables, here, place)
        found.append(LookAlike(name, entry.name, entry.dangerous, share, tuple(bedside), tuple(studies), for_it))
    return tuple(found)


def distinguishing(knowledge: Knowledge, tables: Tables, here: int, there: int) -> list[Distinguishing]:
    """Every finding that differs between two causes, the most telling first."""
    found = []
    for finding in tables.findings:
        p, q = finding.rows[here], finding.rows[there]
        if not np.allclose(p, q, atol=1e-12):
            place = int(np.argmax((p - q) * np.log(p / q)))  # the state's part of Jeffreys' divergence
            found.append(_telling(knowledge, finding, place, p, q))
    return sorted(found, key=lambda one: -one.bits)


def pointers(knowledge: Knowledge, tables: Tables, here: int, there: int) -> tuple[Distinguishing, ...]:
    """The three bedside answers with the largest likelihood ratios for `there` against `here`, one a finding."""
    found = []
    for finding in tables.findings:
        p, q = finding.rows[here], finding.rows[there]
        place = int(np.argmin(p / q))
        if knowledge.content.findings[finding.id].kind != STUDY and p[place] < q[place]:
            found.append(_telling(knowledge, finding, place, p, q))
    return tuple(sorted(found, key=lambda one: one.ratio)[:POINTERS])


def _telling(knowledge: Knowledge, finding: FindingTable, place: int, p: Array, q: Array) -> Distinguishing:
    """The state at a place, with the rows of the two causes."""
    entry, state = knowledge.content.findings[finding.id], finding.states[place]
    return Distinguishing(
        finding.id,
        entry.kind,
        entry.question,
        state,
        state_label(entry, state),
        float(p[place]),
        float(q[place]),
        float(p[place] / q[place]),
        divergence(p, q),
    )


def divergence(p: Array, q: Array) -> float:
    """Jensen-Shannon divergence of two rows, in bits: what the finding tells at even odds between the two."""
    both = np.stack([p, q], axis=1) / 2
    return float(gains(both, np.array([0]))[0])


def best_tests(
    knowledge: Knowledge, population: str, causes: Sequence[str], kinds: Sequence[str], most: int
) -> tuple[TestWorth, ...]:
    """The findings of some kinds that tell best which of the causes it is, each as likely before."""
    content, tables = knowledge.content, get_model(knowledge, population).tables
    places = [tables.causes.index(cause) for cause in causes]
    costs = finding_costs(knowledge)
    found = []
    for finding in tables.findings:
        entry = content.findings[finding.id]
        if entry.kind not in kinds:
            continue
        bits, right = worth(finding, places)
        study = _study(content.studies.values(), finding.id)
        found.append(
            TestWorth(
                finding.id,
                entry.kind,
                entry.question,
                bits,
                1 / len(places),
                right,
                costs[finding.id].minutes,
                costs[finding.id].price_usd,
                None if study is None else study.name,
                None if study is None else study.limits,
            )
        )
    return tuple(sorted(found, key=lambda one: -one.bits)[:most])


def worth(finding: FindingTable, causes: Sequence[int]) -> tuple[float, float]:
    """Expected gain in bits, and how often the likeliest cause is then the true one, of causes alike before."""
    joint = finding.rows[list(causes)].T / len(causes)
    return float(gains(joint, np.array([0]))[0]), float(joint.max(axis=1).sum())


def _study(studies: Iterable[Study], finding: str) -> Study | None:
    return next((one for one in studies if finding in one.findings), None)


def own_cases(drawn: Simulated, cause: int) -> NDArray[np.uint8]:
    """The answers of the drawn cases of one cause, (findings, cases)."""
    return np.asarray(drawn.codes[:, drawn.cause == cause])
