"""Cases in, learnt numbers out, in one pass over the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thighdx import __version__
from thighdx.assess import Model, get_model
from thighdx.cases import Cases, Column, Problem, cell_text, read_columns
from thighdx.errors import TableError, unknown
from thighdx.evaluation.labels import LABEL
from thighdx.evaluation.metrics import wilson
from thighdx.knowledge import Knowledge
from thighdx.learning.base_rates import LearntBaseRates, learn_base_rates
from thighdx.rows import Array, floored
from thighdx.scoring.plain import plain_table

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 5  # answers from which on a row is learnt


@dataclass(frozen=True)
class LearntRow:
    """P(state | cause) of one finding and cause: `before` is worth `weight` cases, `counts` were seen, `after` is both.

    told: share of the numbers that the data decide, counts / (counts + weight). moved: total variation from before to
    after. state: the one that moved most, with the share seen and Wilson's 95 % interval of it.
    """

    finding: str
    cause: str
    states: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    counts: tuple[float, ...]
    weight: float
    told: float
    moved: float
    state: str
    seen: float
    low: float
    high: float


@dataclass(frozen=True)
class Learnt:
    """What cases taught. `rows` run from the most to the least moved."""

    place: str
    population: str
    rows_read: int
    faulty: int
    base_rates: LearntBaseRates
    causes: tuple[str, ...]
    rows: tuple[LearntRow, ...]
    model_version: str
    priors_digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx learn --json`."""
        rates = self.base_rates
        return {
            "cases": self.place,
            "population": self.population,
            "rows_read": self.rows_read,
            "faulty": self.faulty,
            "labelled": rates.labelled,
            "unlabelled": rates.unlabelled,
            "prior_weight": rates.weight,
            "steps": len(rates.trace) - 1,
            "log_posterior": list(rates.trace),
            "base_rates": [
                {"cause": cause, "before": before, "after": after, "error": error, "expected_cases": cases}
                for cause, before, after, error, cases in zip(
                    self.causes,
                    rates.before.tolist(),
                    rates.after.tolist(),
                    rates.error.tolist(),
                    rates.expected.tolist(),
                    strict=True,
                )
            ],
            "rows": [vars(row) for row in self.rows],
            "model_version": self.model_version,
            "priors_digest": self.priors_digest,
        }


def learn(
    frame: pd.DataFrame, *, knowledge: Knowledge | None = None, population: str | None = None, fewest: int = FEWEST
) -> Learnt:
    """What a pandas frame of cases teaches about the base rates of a population and, where labelled, about rows.

    A column `diagnosis` holds the true cause, or its origin where no more is known, or is empty; without it every case
    is unlabelled. Rows are counted from cases of known cause, from `fewest` answers on. Raises `TableError` where no
    case can be read and `UnknownNameError` for an unknown population.
    """
    learner = Learner(get_model(knowledge, population))
    columns = {str(name): frame.iloc[:, position].tolist() for position, name in enumerate(frame.columns)}
    learner.add(columns, len(frame))
    return learner.finish("the frame", fewest)


def learn_file(
    model: Model, path: str, *, fewest: int = FEWEST, on_problem: Callable[[int, Problem], None] = lambda _, __: None
) -> Learnt:
    """As `learn`, from a case table on disk (`-`: standard input), read in chunks.

    `on_problem` hears each problem with its row in the table, from 1. Raises `TableError` where it cannot be read.
    """
    learner = Learner(model)
    with plain_table(path, model.knowledge, [LABEL]) as table:
        for part in table.parts:
            before = learner.rows
            for problem in learner.add(*part):
                on_problem(before + problem.row + 1, problem)
    return learner.finish(path, fewest)


@dataclass
class Learner:
    """Takes cases chunk by chunk. Memory grows by 8 bytes a cause for each case of unknown cause."""

    model: Model
    rows: int = 0
    faulty: int = 0
    _likelihood: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        causes = self.model.tables.causes
        self._counts = np.zeros(len(causes))
        self._states = [np.zeros((len(causes), len(finding.states))) for finding in self.model.tables.findings]
        content = self.model.knowledge.content.causes
        self._may_be = {cause: np.eye(len(causes), dtype=bool)[place] for place, cause in enumerate(causes)}
        for origin in self.model.knowledge.origins:
            self._may_be[origin] = np.array([content[cause].origin == origin for cause in causes])
        self._may_be[""] = np.ones(len(causes), dtype=bool)

    def add(
        self, columns: Mapping[str, Column], count: int, row_faults: Mapping[int, str] = MappingProxyType({})
    ) -> list[Problem]:
        """Take `count` cases given as columns. Returns what could not be read; rows with a problem teach nothing."""
        cases = read_columns(self.model.knowledge, columns, count, row_faults)
        labels = [cell_text(cell) for cell in columns.get(LABEL, [""] * count)]
        problems = list(cases.problems)
        accepted = [name for name in self._may_be if name]
        for row, text in enumerate(labels):
            if text not in self._may_be:
                problems.append(Problem(row, LABEL, unknown(text[:80], "a cause or an origin", accepted)))
        faulty = {problem.row for problem in problems}
        may_be = np.array([self._may_be.get(text, self._may_be[""]) for text in labels]).reshape(
            count, len(self._counts)
        )
        good = np.array([row not in faulty for row in range(count)], dtype=bool)
        sure = may_be.sum(axis=1) == 1
        self._count(cases, may_be, np.flatnonzero(good & sure))
        self._weigh(cases, may_be, np.flatnonzero(good & ~sure))
        self.rows += count
        self.faulty += len(faulty)
        return sorted(problems, key=lambda problem: problem.row)

    def finish(self, place: str, fewest: int) -> Learnt:
        """What all cases taught. Raises `TableError` where none could be read."""
        if self.rows == self.faulty:
            raise TableError(f"{place}: no case to learn from ({self.rows} rows, {self.faulty} of them faulty)")
        tables, knowledge = self.model.tables, self.model.knowledge
        none = np.zeros((0, len(tables.causes)))
        likelihood = np.concatenate([none, *self._likelihood])
        rates = learn_base_rates(tables.prior, prior_weight(knowledge, self.model.population), self._counts, likelihood)
        rows = [
            row
            for number in range(len(tables.findings))
            for cause in range(len(tables.causes))
            if (row := self._row(number, cause, fewest)) is not None
        ]
        rows.sort(key=lambda row: -row.moved)
        return Learnt(
            place,
            self.model.population,
            self.rows,
            self.faulty,
            rates,
            tables.causes,
            tuple(rows),
            __version__,
            knowledge.digest,
        )

    def _count(self, cases: Cases, may_be: NDArray[np.bool_], rows: NDArray[np.intp]) -> None:
        """States seen under known causes. Soft and one-of answers say no state for sure and are not counted."""
        cause = may_be[rows].argmax(axis=1)
        np.add.at(self._counts, cause, 1.0)
        for number, states in enumerate(self._states):
            codes = cases.evidence.codes[rows, number].astype(np.intp)
            known = codes > 0
            np.add.at(states, (cause[known], codes[known] - 1), 1.0)

    def _weigh(self, cases: Cases, may_be: NDArray[np.bool_], rows: NDArray[np.intp]) -> None:
        if not rows.size:
            return
        # the posterior by the prior is the likelihood up to a factor, and compiled code has it where there is any
        found = self.model.engine.posterior(cases.evidence.take(rows)).probability
        weight = np.where(may_be[rows], found / self.model.tables.prior, 0.0)
        top = weight.max(axis=1, keepdims=True)
        possible = top[:, 0] > 0
        self.faulty += int((~possible).sum())
        self._likelihood.append(weight[possible] / top[possible])

    def _row(self, number: int, cause: int, fewest: int) -> LearntRow | None:
        """The row of a finding under a cause, if enough answers were seen."""
        counts = self._states[number][cause]
        seen = float(counts.sum())
        if seen < fewest:
            return None
        knowledge, finding = self.model.knowledge, self.model.tables.findings[number]
        name = self.model.tables.causes[cause]
        entry = knowledge.content.findings[finding.id]
        weight = entry.rows[name].weight if name in entry.rows else entry.background.weight
        before = finding.rows[cause]
        after = floored((weight * before + counts) / (weight + seen), knowledge.content.thresholds.floor)
        most = int(np.abs(after - before).argmax())
        share = float(counts[most] / seen)
        return LearntRow(
            finding.id,
            name,
            finding.states,
            tuple(before.tolist()),
            tuple(after.tolist()),
            tuple(counts.tolist()),
            weight,
            seen / (seen + weight),
            float(np.abs(after - before).sum() / 2),
            finding.states[most],
            share,
            *wilson(share, seen),
        )


def prior_weight(knowledge: Knowledge, population: str) -> float:
    """Number of cases that the base rates of a population are worth."""
    _, entry = knowledge.population(population)
    row = entry.causes if entry.causes is not None else entry.origins
    assert row is not None  # noqa: S101 - one of the two is stated, checked on loading
    return row.weight
