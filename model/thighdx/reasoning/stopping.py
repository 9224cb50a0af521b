"""When to stop: how likely the leading cause, and the triage, stay what they are whatever the remaining answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thighdx import __version__
from thighdx.assess import TIE, Model
from thighdx.cases import Answers, Cases
from thighdx.cells import Cell
from thighdx.engine import log_sum
from thighdx.knowledge import Knowledge
from thighdx.reasoning.goals import CAUSE, goal_of
from thighdx.reasoning.information import gains
from thighdx.reasoning.opened import OpenCase, laid_out, open_case
from thighdx.reasoning.sampling import Report, Sampler, draw_causes
from thighdx.triage import red_flags

MOST_ENUMERATED = 4096  # ways to answer what remains, up to which all of them are summed
DRAWS = 600  # a share of a half to 2 points; more take too long for a click


@dataclass(frozen=True)
class Stays:
    """Probability that a decision stays as it is. standard_error: None where exact.

    Of k draws in n the error is that of (k + 1) / (n + 2), so that it is never 0 (Agresti and Coull 1998).
    """

    decision: str
    name: str
    probability: float
    standard_error: float | None


@dataclass(frozen=True)
class SameDecision:
    """Same-decision probability of the leading cause and of the triage by red flags.

    considered: the open findings whose answers are unknown, all or the most informative. exact: summed over every way
    to answer them; otherwise simulated with so many draws. leaders: cause -> probability that it leads once they are
    answered, the likeliest first. Choi, Xue and Darwiche 2012, Same-decision probability.
    """

    cause: Stays
    triage: Stays
    leaders: dict[str, float]
    considered: tuple[str, ...]
    open_findings: int
    exact: bool
    draws: int | None
    seed: int | None
    population: str
    model_version: str
    priors_digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx next --json`."""
        return asdict(self)


def same_decision(
    case: Mapping[str, object],
    *,
    top: int | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    knowledge: Knowledge | None = None,
    population: str | None = None,
) -> SameDecision:
    """How likely the leading cause and the triage stay the same whatever the remaining answers.

    top: only the so many most informative open findings (expected gain on the cause) are taken as going to be answered.
    Exact while there are at most 4096 ways to answer them; beyond that `draws` cases are drawn from the model given the
    answers, with `seed`. Raises as `thighdx.diagnose`, and `ValueError` for a `top` below 0 or `draws` below 1.
    """
    if (top is not None and top < 0) or draws < 1:
        raise ValueError(f"top {top}, draws {draws}; accepted: top from 0, draws from 1")
    return decided(open_case(case, knowledge, population), top, draws, seed)


def decided(opened: OpenCase, top: int | None, draws: int, seed: int) -> SameDecision:
    """`same_decision` for a case already opened."""
    open_ = _open_findings(opened)
    chosen = open_ if top is None else open_[:top]
    findings = opened.model.tables.findings
    sizes = [len(findings[place].states) for place in chosen]
    exact = prod(sizes) <= MOST_ENUMERATED
    sampler = _plain(opened.model).of(chosen)
    log_levels = opened.tables.log_levels + opened.said.given.sum(axis=0)
    if exact:
        outcomes = np.array(list(np.ndindex(*sizes)), dtype=np.intp).reshape(prod(sizes), len(sizes))
    else:
        rng = np.random.default_rng(seed)
        levels, _ = opened.tables.blocks(log_levels)
        outcomes = sampler.draw(rng, draw_causes(rng, opened.outlook.probability, draws), levels)
    free = opened.tables.log_prior + opened.said.free.sum(axis=0)
    joint = free + sampler.log_likelihood(outcomes, log_levels)
    weight = np.exp(log_sum(joint) - opened.outlook.log_evidence) if exact else np.full(draws, 1 / draws)
    leads = (joint >= joint.max(axis=1, keepdims=True) + np.log1p(-TIE)).argmax(axis=1)
    shares = np.bincount(leads, weights=weight, minlength=len(opened.knowledge.causes))
    causes, leading = opened.knowledge.causes, opened.leading
    urgency, same = _triage(opened, chosen, outcomes)
    size = None if exact else draws
    return SameDecision(
        _stays(causes[leading], opened.name(leading), float(shares[leading]), size),
        _stays(urgency, opened.knowledge.content.urgencies[urgency], float(weight[same].sum()), size),
        {causes[place]: float(shares[place]) for place in np.argsort(-shares, kind="stable") if shares[place] > 0},
        tuple(opened.knowledge.findings[place] for place in chosen),
        len(open_),
        exact,
        size,
        None if exact else seed,
        opened.model.population,
        __version__,
        opened.knowledge.digest,
    )


@lru_cache(maxsize=32)
def _plain(model: Model) -> Sampler:
    """Every finding, each state reported as it is; made once for each model."""
    reports = [Report(place, np.eye(len(finding.states))) for place, finding in enumerate(model.tables.findings)]
    return Sampler.laid(model.tables, laid_out(model), reports)


def _open_findings(opened: OpenCase) -> list[int]:
    """Positions of the open findings, the most informative first."""
    outlook, goal = opened.outlook, goal_of(opened.knowledge, CAUSE)
    gain = gains(outlook.predictive[:, None] * outlook.probability_if @ goal.matrix, opened.tables.first)
    answered = set(opened.said.findings.tolist())
    return [place for place in np.argsort(-gain, kind="stable").tolist() if place not in answered]


def _stays(decision: str, name: str, share: float, draws: int | None) -> Stays:
    share = min(1.0, share)
    if draws is None:
        return Stays(decision, name, share, None)
    middle = (share * draws + 1) / (draws + 2)
    return Stays(decision, name, share, sqrt(middle * (1 - middle) / draws))


def _triage(opened: OpenCase, places: list[int], outcomes: NDArray[np.intp]) -> tuple[str, NDArray[np.bool_]]:
    """The urgency now, and of which ways to answer it stays the same, (ways,)."""
    knowledge, ways = opened.knowledge, len(outcomes)
    answers = {
        name: Answers(read.cells, np.zeros(ways, dtype=np.intp) + read.index[0])
        for name, read in opened.cases.answers.items()
    }
    for column, place in enumerate(places):
        finding = opened.model.tables.findings[place]
        answers[finding.id] = Answers(
            tuple(Cell((state,)) for state in range(len(finding.states))), outcomes[:, column]
        )
    now = red_flags(knowledge, opened.cases).urgency[0]
    then = red_flags(knowledge, Cases(ways, answers, opened.evidence, opened.cases.problems)).urgency
    return now, then.rows_with(urgency == now for urgency in then.texts)
