"""Does it fit: how badly the answers go together, how odd the case is under the model, and which answers stand out.

Conflict is Jensen's measure (Jensen and Nielsen 2007, Bayesian Networks and Decision Graphs, 5.5). Surprise is a tail
probability under the model itself, by simulation: of cases of whom the same is asked, how many are at least as odd (Box
1980, Sampling and Bayes' inference in scientific modelling and robustness).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log, sqrt
from typing import Any

import numpy as np

from thighdx import __version__
from thighdx.cells import likelihood
from thighdx.engine import log_sum
from thighdx.knowledge import Knowledge
from thighdx.reasoning.opened import OpenCase, cell_label, cell_words, open_case
from thighdx.reasoning.sampling import Report, Sampler, channel, draw_causes, outcome_of
from thighdx.rows import Array
from thighdx.wording import asked_and_said, percent

DRAWS = 600  # a share of a half to 2 points; more take too long for a click
MOST_NAMED = 3  # answers named in one sentence
ROUNDING = 1e-9  # of logs: a drawn case with the very same answers is as odd, not odder


@dataclass(frozen=True)
class Tail:
    """A tail probability from simulated cases: (k + 1) / (draws + 1), k of them at least as odd; never 0.

    standard_error: of the simulation. Davison and Hinkley 1997, Bootstrap Methods and their Application, 4.2.
    """

    probability: float
    standard_error: float


@dataclass(frozen=True)
class Disagreement:
    """One answer against the rest: bits = log2 P(answer) / P(answer | rest); above 0 the rest speaks against it.

    disagrees: whether it passes the threshold of the priors (never, where they state none).
    """

    finding: str
    question: str
    answer: str
    label: str
    bits: float
    disagrees: bool


@dataclass(frozen=True)
class CauseFit:
    """How usual the answers are for the true cases of one cause: the share that is at least as odd."""

    cause: str
    name: str
    posterior: float
    tail: Tail


@dataclass(frozen=True)
class CaseFit:
    """How well the model explains a case.

    conflict: bits; above 0 the answers go together worse than chance. conflict_tail: of simulated cases, those with as
    much. surprise: those with log P(answers) as low. by_cause: the same for the leading cause and all others that are
    likely enough, each among its own cases. warning: where none of them has a usual case here, a sentence, else None.
    disagreements: every answer, the one most at odds with the rest first. All tails None where nothing is answered.
    """

    conflict: float
    conflict_tail: Tail | None
    surprise: Tail | None
    by_cause: tuple[CauseFit, ...]
    warning: str | None
    disagreements: tuple[Disagreement, ...]
    draws: int
    seed: int
    population: str
    model_version: str
    priors_digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx explain --json`."""
        return asdict(self)


def case_fit(
    case: Mapping[str, object],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    knowledge: Knowledge | None = None,
    population: str | None = None,
) -> CaseFit:
    """How well the model explains the answers of one case.

    draws: cases simulated for the whole and for each cause judged, the same findings asked in the same manner, with
    `seed`. Raises as `thighdx.diagnose`, and `ValueError` for `draws` below 1.
    """
    if draws < 1:
        raise ValueError(f"{draws} draws; accepted: from 1")
    return fitted(open_case(case, knowledge, population), draws, seed)


def fitted(opened: OpenCase, draws: int, seed: int) -> CaseFit:
    """`case_fit` for a case already opened."""
    evidence = opened.evidence
    margins = opened.model.engine.log_margins(evidence)[0]
    conflict = float(margins - opened.outlook.log_evidence) / log(2)
    conflict_tail, surprise, by_cause = _simulated(opened, draws, seed) if opened.answered else (None, None, ())
    limit = opened.knowledge.content.thresholds.fit_tail
    odd = limit is not None and bool(by_cause) and all(one.tail.probability < limit for one in by_cause)
    disagreements = _disagreements(opened)
    return CaseFit(
        conflict,
        conflict_tail,
        surprise,
        by_cause,
        fit_warning(by_cause, disagreements) if odd else None,
        disagreements,
        draws,
        seed,
        opened.model.population,
        __version__,
        opened.knowledge.digest,
    )


def _simulated(opened: OpenCase, draws: int, seed: int) -> tuple[Tail, Tail, tuple[CauseFit, ...]]:
    """Tails of the conflict and of log P(answers), and those within the causes judged."""
    tables, prior = opened.model.tables, opened.model.tables.prior
    asked = [(int(place), opened.cell(name)) for place, name in zip(opened.said.findings, opened.answered, strict=True)]
    reports = [Report(place, channel(cell, len(tables.findings[place].states))) for place, cell in asked]
    sampler = Sampler.laid(tables, opened.tables, reports)
    itself = np.array([[outcome_of(cell) for _, cell in asked]], dtype=np.intp)
    levels, _ = opened.tables.blocks(opened.tables.log_levels)
    rng = np.random.default_rng(seed)

    def odd(outcomes: np.ndarray) -> tuple[Array, Array]:
        told = log_sum(opened.tables.log_prior + sampler.log_likelihood(outcomes, opened.tables.log_levels))
        return told, sampler.log_margin(outcomes, prior) - told

    drawn = odd(sampler.draw(rng, draw_causes(rng, prior, draws), levels))
    here = odd(itself)
    by_cause = []
    for cause in _judged(opened):
        others = sampler.draw(rng, np.full(draws, cause, dtype=np.intp), levels)
        own = sampler.log_own(np.concatenate([itself, others]), cause, opened.tables.log_levels)
        posterior = float(opened.outlook.probability[cause])
        by_cause.append(
            CauseFit(opened.knowledge.causes[cause], opened.name(cause), posterior, _tail(own[1:] <= own[0] + ROUNDING))
        )
    return (
        _tail(drawn[1] >= here[1] - ROUNDING),
        _tail(drawn[0] <= here[0] + ROUNDING),
        tuple(by_cause),
    )


def _judged(opened: OpenCase) -> list[int]:
    """The leading cause, and the others that are likely enough, the likeliest first."""
    probability, least = opened.outlook.probability, opened.knowledge.content.thresholds.fit_candidate
    order = np.argsort(-probability, kind="stable").tolist()
    others = [place for place in order if place != opened.leading and least is not None and probability[place] >= least]
    return [opened.leading, *others]


def _tail(as_odd: np.ndarray) -> Tail:
    draws = len(as_odd)
    share = (int(as_odd.sum()) + 1) / (draws + 1)
    return Tail(share, sqrt(share * (1 - share) / draws))


def _disagreements(opened: OpenCase) -> tuple[Disagreement, ...]:
    if not opened.answered:
        return ()
    content, limit = opened.knowledge.content, opened.knowledge.content.thresholds.disagreement_bits
    alone = np.log([_margin(opened, name) for name in opened.answered])
    given_rest = opened.outlook.log_evidence - log_sum(opened.log_joint_without)
    found = []
    for name, bits in zip(opened.answered, ((alone - given_rest) / log(2)).tolist(), strict=True):
        entry, cell = content.findings[name], opened.cell(name)
        disagrees = limit is not None and bits >= limit
        found.append(
            Disagreement(name, entry.question, cell_words(entry, cell), cell_label(entry, cell), bits, disagrees)
        )
    return tuple(sorted(found, key=lambda one: -one.bits))


def _margin(opened: OpenCase, name: str) -> float:
    """P(answer) before any other."""
    tables = opened.model.tables
    finding = tables.findings[tables.finding_index[name]]
    return float(tables.prior @ finding.rows @ likelihood(opened.cell(name), len(finding.states)))


def fit_warning(by_cause: Sequence[CauseFit], disagreements: Sequence[Disagreement]) -> str:
    """Said where the answers are unusual for every cause that is likely."""
    best = max(by_cause, key=lambda one: one.tail.probability)
    odd = [asked_and_said(one.question, one.label) for one in disagreements if one.disagrees][:MOST_NAMED]
    standing = f" Most at odds with the rest: {'; '.join(odd)}." if odd else ""
    return (
        f"No listed cause explains this case well: of people with {best.name}, which explains it best, "
        f"{percent(best.tail.probability)} have answers as unusual as these. Check them; think of a cause that is "
        f"not listed, or of two at once.{standing}"
    )
