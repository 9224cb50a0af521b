"""Everything said of a case, for many cases at once: what `diagnose`, `score` and the page all show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from thighdx.cases import Cases
from thighdx.engine import Engine
from thighdx.fast.adaptive import AdaptiveEngine
from thighdx.knowledge import Knowledge, load_knowledge
from thighdx.rows import Array
from thighdx.tables import Tables, build_tables
from thighdx.triage import Flags, posterior_triage, red_flags

OK = "ok"
IMPOSSIBLE = "impossible: these answers have probability 0 under every cause"
TIE = 1e-12  # probabilities closer than this are equal; the vocabulary's order then decides


@dataclass(frozen=True)
class Model:
    """Knowledge and a population, made ready to answer. Read-only; share it freely."""

    knowledge: Knowledge
    population: str
    engine: Engine

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
    as a position in the priors' urgencies; `routine` where there is no posterior.
    """

    status: tuple[str, ...]
    probability: Array
    origins: Array
    grades: dict[str, Array]
    conflict: Array
    top: np.ndarray
    flags: Flags
    triage: np.ndarray


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
    status = tuple(
        said if said != OK or possible else IMPOSSIBLE
        for said, possible in zip(cases.statuses(), posterior.possible, strict=True)
    )
    good = np.array([said == OK for said in status], dtype=bool)
    probability = _where(good, posterior.probability)
    margins = model.engine.log_margins(cases.evidence)
    conflict = np.where(good, margins - np.where(good, posterior.log_evidence, 0.0), np.nan) / np.log(2)
    leading = posterior.probability >= posterior.probability.max(axis=1, keepdims=True, initial=0.0) - TIE
    return Assessment(
        status,
        probability,
        probability @ _origin_matrix(model.knowledge),
        _grades(model, cases, good),
        conflict,
        np.where(good, leading.argmax(axis=1), -1),
        red_flags(model.knowledge, cases),
        posterior_triage(model.knowledge, probability),
    )


def _where(good: np.ndarray, values: Array) -> Array:
    return np.where(good[:, None], values, np.nan)


def _origin_matrix(knowledge: Knowledge) -> Array:
    """(causes, origins), 1 where the cause is of the origin."""
    origin = [knowledge.content.causes[cause].origin for cause in knowledge.causes]
    return np.array([[float(name == one) for one in knowledge.origins] for name in origin])


def _grades(model: Model, cases: Cases, good: np.ndarray) -> dict[str, Array]:
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
        shares = _where(good & (total[:, 0] > 0), graded / np.where(total > 0, total, 1.0))
        grades |= dict(zip(entry.grading.levels, shares.T, strict=True))
    return grades
