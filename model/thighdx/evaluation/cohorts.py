"""Parts of cases of known cause: groups of patients, simulated cohorts, and danger that nothing points to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import Model, get_model
from thighdx.cases import Cases, Column, read_columns
from thighdx.evaluation import metrics
from thighdx.evaluation.judged import Judged, judge, only_kinds, stages
from thighdx.evaluation.labels import LABEL, read_labels
from thighdx.evaluation.misses import FAULTS, OPEN, Miss
from thighdx.evaluation.results import Estimate, NotFirst
from thighdx.evaluation.sums import BINS, SMALLEST, bin_of
from thighdx.evidence import NOT_KNOWN
from thighdx.knowledge import Knowledge
from thighdx.rows import Array
from thighdx.simulate import simulate
from thighdx.wording import state_label

SIMULATED, SEED = 5000, 0  # cases of each simulated cohort
DANGERS = 40_000  # of the one in which each cause is alike often
Z = 1.959963984540054


@dataclass(frozen=True)
class Labelled:
    """Cases judged against their true causes. rows: (judged,), the places in `cases` of those that are."""

    model: Model
    cases: Cases
    truth: NDArray[np.intp]
    rows: NDArray[np.intp]
    judged: Judged


@dataclass(frozen=True)
class CohortStage:
    """A simulated cohort with the findings of later kinds hidden."""

    id: str
    answers: float
    leads: Estimate
    first_three: Estimate


@dataclass(frozen=True)
class Cohort:
    """`cases` cases simulated from a population, with as much known as in an ordinary visit, judged by the same."""

    population: str
    name: str
    cases: int
    dangerous: int
    leads: Estimate
    first_three: Estimate
    log_score: Estimate
    calibration_error: float
    unflagged: Estimate
    missed: Estimate
    over_triage: Estimate
    stages: tuple[CohortStage, ...]


@dataclass(frozen=True)
class Subgroup:
    """The cases with one answer to a question on who the patient is, or (state None) with none."""

    finding: str
    question: str
    state: str | None
    label: str
    cases: int
    leads: Estimate
    first_three: Estimate


@dataclass(frozen=True)
class Danger:
    """A dangerous cause in simulated visits. unflagged: no red flag fires; missed: nor is it among the first three."""

    cause: str
    name: str
    cases: int
    unflagged: Estimate
    missed: Estimate


@dataclass(frozen=True)
class StudiedMiss:
    """A case whose cause is not ranked first, by names, and what is held to be at fault."""

    case_id: str
    cause: str
    led_by: str
    place: int
    probability: float
    fault: str
    reason: str


def labelled(model: Model, columns: Mapping[str, Column], count: int, *, without_doubtful: bool) -> Labelled:
    """The readable cases of a table with a known cause, judged. `columns` as for `thighdx.cases.read_columns`."""
    cases, labels = read_columns(model.knowledge, columns, count), read_labels(model.knowledge, columns, count)
    left = (labels.truth < 0) | (labels.doubtful if without_doubtful else False)
    left[[problem.row for problem in (*cases.problems, *labels.problems)]] = True
    rows = np.flatnonzero(~left)
    return Labelled(model, cases, labels.truth, rows, judge(model, cases, labels.truth, rows))


def subgroups(seen: Labelled, findings: Iterable[str]) -> tuple[Subgroup, ...]:
    """The cases by each state of some findings, states without a case and the cases without an answer included."""
    knowledge, found = seen.model.knowledge, []
    for name in findings:
        entry = knowledge.content.findings[name]
        codes = seen.cases.evidence.codes[seen.rows, knowledge.findings.index(name)]
        for code, state in (*enumerate(entry.states, start=NOT_KNOWN + 1), (NOT_KNOWN, None)):
            rank = seen.judged.rank[codes == code]
            label = "Not told" if state is None else state_label(entry, state)
            found.append(Subgroup(name, entry.question, state, label, len(rank), _share(rank == 1), _share(rank <= 3)))
    return tuple(found)


def cohorts(knowledge: Knowledge) -> tuple[Cohort, ...]:
    """A simulated cohort of every population that is not a convention."""
    populations = knowledge.content.populations
    return tuple(cohort(knowledge, name) for name, entry in populations.items() if not entry.is_convention)


def cohort(knowledge: Knowledge, population: str, cases: int = SIMULATED, seed: int = SEED) -> Cohort:
    """A simulated cohort of one population."""
    seen = _simulated(get_model(knowledge, population), cases, seed)
    judged, danger = seen.judged, _dangerous(knowledge)[seen.judged.truth]
    logs = np.log(np.maximum(judged.of_truth, SMALLEST))
    half = Z * float(logs.std(ddof=1)) / float(np.sqrt(len(logs)))
    return Cohort(
        population,
        knowledge.content.populations[population].name,
        len(judged.truth),
        int(danger.sum()),
        _share(judged.rank == 1),
        _share(judged.rank <= 3),
        Estimate(float(logs.mean()), float(logs.mean()) - half, float(logs.mean()) + half),
        _calibration_error(judged),
        _share(~judged.flagged[danger]),
        _share((~judged.flagged & (judged.rank > 3))[danger]),
        _share(judged.flagged[~danger]),
        tuple(_stages(seen)),
    )


def dangers(knowledge: Knowledge, population: str, cases: int = DANGERS, seed: int = SEED) -> tuple[Danger, ...]:
    """Every dangerous cause, in cases simulated from a population."""
    judged = _simulated(get_model(knowledge, population), cases, seed).judged
    found = []
    for place, cause in enumerate(knowledge.causes):
        if knowledge.content.causes[cause].dangerous:
            mine = judged.truth == place
            silent = ~judged.flagged[mine]
            missed = _share(silent & (judged.rank[mine] > 3))
            found.append(Danger(cause, knowledge.content.causes[cause].name, int(mine.sum()), _share(silent), missed))
    return tuple(sorted(found, key=lambda one: -(one.unflagged.value or 0.0)))


def studied(knowledge: Knowledge, found: Iterable[NotFirst], misses: Mapping[str, Miss]) -> tuple[StudiedMiss, ...]:
    """The cases that are not ranked first with what is held to be at fault; without an entry it is `open`."""
    names = {cause: entry.name for cause, entry in knowledge.content.causes.items()}
    unknown = Miss(fault=OPEN, reason=FAULTS[OPEN])
    return tuple(
        StudiedMiss(
            one.case_id,
            names[one.cause],
            names[one.led_by],
            one.place,
            one.probability,
            misses.get(one.case_id, unknown).fault,
            misses.get(one.case_id, unknown).reason,
        )
        for one in found
    )


def _simulated(model: Model, cases: int, seed: int) -> Labelled:
    frame = simulate(cases, knowledge=model.knowledge, population=model.population, seed=seed)
    columns = {str(name): frame[name].tolist() for name in (LABEL, *model.knowledge.findings)}
    return labelled(model, columns, cases, without_doubtful=False)


def _stages(seen: Labelled) -> Iterable[CohortStage]:
    for name, kinds in stages(seen.model.knowledge).items():
        judged = judge(seen.model, only_kinds(seen.model.knowledge, seen.cases, kinds), seen.truth, seen.rows)
        yield CohortStage(name, float(judged.answers.mean()), _share(judged.rank == 1), _share(judged.rank <= 3))


def _calibration_error(judged: Judged) -> float:
    leading = judged.probability.max(axis=1)
    sums = [
        np.bincount(bin_of(leading), weights=weights, minlength=BINS)[None].astype(np.float64)
        for weights in (np.ones(len(leading)), leading, (judged.rank == 1).astype(np.float64))
    ]
    return float(metrics.calibration_error(*sums)[0])


def _dangerous(knowledge: Knowledge) -> NDArray[np.bool_]:
    return np.array([entry.dangerous for entry in knowledge.content.causes.values()], dtype=bool)


def _share(came_true: NDArray[np.bool_] | Array) -> Estimate:
    """A share with Wilson's interval; None where there is no case."""
    if not len(came_true):
        return Estimate(None)
    share = float(np.mean(came_true))
    return Estimate(share, *metrics.wilson(share, len(came_true)))
