"""Everything said of a case, for many cases at once: what `diagnose`, `score` and the page all show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from thighdx.cases import OK, Cases
from thighdx.coded import Coded
from thighdx.engine import Engine
from thighdx.fast.adaptive import AdaptiveEngine
from thighdx.knowledge import Knowledge, load_knowledge
from thighdx.rows import Array
from thighdx.tables import Tables, build_tables
from thighdx.triage import Flags, posterior_triage, red_flags

IMPOSSIBLE = "impossible: these answers have probability 0 under every cause"
TIE = 1e-12  # probabilities closer than this are equal; the vocabulary's order then decides


@dataclass(frozen=True)
class Model:
    """Knowledge and a population, made ready to answer. Read-only; share it freely.

    population: its id, or the name of the network that answers in its place. rates_of: the population whose base rates
    a network has, None where it has its own. by_network: the SHA-256 of the network that answers, None where none does.
    """

    knowledge: Knowledge
    population: str
    engine: Engine
    rates_of: str | None = None
    by_network: str | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of what gives the numbers: of the merged knowledge, or of it together with the network's tables.

        See `thighdx.exchange.network_digest`.
        """
        return self.by_network or self.knowledge.digest

    @property
    def tables(self) -> Tables:
        """The tables of the engine."""
        return self.engine.tables


@dataclass(frozen=True)
class Assessment:
    """What the model says of `cases` cases; numbers of rows whose `status` is not `ok` are NaN.

    probability: (cases, causes). origins: (cases, origins). grades: grade -> (cases,), given its cause, summing to 1.
    conflict: (cases,), Jensen's measure log2(prod P(e_i) / P(e)) in bits; above 0 the answers go together worse than
    chance (Jensen and Nielsen 2007, Bayesian Networks and Decision Graphs, 5.5). top: (cases,), position of the
    leading cause, -1 where there is none. triage: (cases,), the urgency that the posterior asks for whatever the flags,
    as a position in the priors' urgencies; -1 where it gives no verdict. The columns of `probability` and
    `origins` lie side by side in memory.
    """

    status: Coded
    probability: Array
    origins: Array
    grades: dict[str, Array]
    conflict: Array
    top: NDArray[np.intp]
    flags: Flags
    triage: NDArray[np.intp]


def get_model(knowledge: Knowledge | None = None, population: str | None = None) -> Model:
    """The model of a population (default: the priors' own), made once for each knowledge and population."""
    chosen = _shipped() if knowledge is None else knowledge
    return _model(chosen, chosen.population(population)[0])


@lru_cache(maxsize=1)
def _shipped() -> Knowledge:
    return load_knowledge()


@lru_cache(maxsize=32)
def _model(knowledge: Knowledge, population: str) -> Model:
    return Model(knowledge, population, AdaptiveEngine(build_tables(knowledge, population)))


def assess(model: Model, cases: Cases) -> Assessment:
    """Posterior, origins, grades, conflict and red flags of every case."""
    posterior = model.engine.posterior(cases.evidence)
    margins = model.engine.log_margins(cases.evidence)
    status = _status(cases, posterior.possible)
    good = status.rows_with(text == OK for text in status.texts)
    by_cause = np.ascontiguousarray(posterior.probability.T)
    top = leading(by_cause.T)
    conflict = (margins - np.where(posterior.possible, posterior.log_evidence, 0.0)) / np.log(2)
    if not good.all():
        by_cause[:, ~good], conflict[~good], top[~good] = np.nan, np.nan, -1
    origin = [model.knowledge.content.causes[cause].origin for cause in model.tables.causes]
    members = [[number for number, of in enumerate(origin) if of == one] for one in model.knowledge.origins]
    return Assessment(
        status,
        by_cause.T,
        np.array([by_cause[causes].sum(axis=0) for causes in members]).T,
        _grades(model, cases, good),
        conflict,
        top,
        red_flags(model.knowledge, cases),
        posterior_triage(model.knowledge, model.rates_of or model.population, by_cause.T),
    )


def _status(cases: Cases, possible: NDArray[np.bool_]) -> Coded:
    """What is wrong with each row, if anything; a readable row may still be impossible."""
    read = cases.statuses()
    if possible.all():
        return read
    impossible = ~possible & read.rows_with(text == OK for text in read.texts)
    return Coded((*read.texts, IMPOSSIBLE), np.where(impossible, len(read.texts), read.codes))


def leading(probability: Array) -> NDArray[np.intp]:
    """The first cause within `TIE` of the highest probability, of probabilities (..., causes)."""
    least = probability.max(axis=-1) - TIE
    if probability.flags.c_contiguous:
        return np.asarray((probability >= least[..., None]).argmax(axis=-1))
    # columns that lie together in memory, as a table's do, are quicker one by one
    top = np.zeros(least.shape, dtype=np.intp)
    for cause in reversed(range(probability.shape[-1])):
        top = np.where(probability[..., cause] >= least, cause, top)
    return top


def _grades(model: Model, cases: Cases, good: NDArray[np.bool_]) -> dict[str, Array]:
    """P(grade | cause, evidence) of every graded cause: the share of its level among the graded levels."""
    grades: dict[str, Array] = {}
    for cause, entry in model.knowledge.content.causes.items():
        if entry.grading is None:
            continue
        levels = model.engine.level_posterior(cases.evidence, entry.grading.mechanism, cause)
        names = model.knowledge.content.mechanisms[entry.grading.mechanism].levels
        columns = [names.index(level) for level in entry.grading.levels.values()]
        graded = levels[:, columns]
        total = graded.sum(axis=1, keepdims=True)
        shares = np.where(good[:, None] & (total > 0), graded / np.where(total > 0, total, 1.0), np.nan)
        grades |= dict(zip(entry.grading.levels, shares.T, strict=True))
    return grades
