"""Cases in, learnt numbers out, in one pass over the table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from thighdx import __version__
from thighdx.assess import Model, get_model
from thighdx.cases import Cases, Column, Problem, read_columns
from thighdx.errors import MOST_HINTS, TableError, one_of, unknown
from thighdx.evaluation.labels import LABEL, label_texts, problems_of
from thighdx.evaluation.metrics import wilson
from thighdx.knowledge import Knowledge
from thighdx.learnable import ALL, BASE_RATES, LABELLED, LEVELS, ROWS, ROWS_FROM, WHAT
from thighdx.learning.answers import CellBook, Counts, Known, Open, RowAnswers, learn_rows, narrow
from thighdx.learning.base_rates import LearntBaseRates, base_rates_as_they_are, learn_base_rates
from thighdx.learning.blocks import Stock
from thighdx.learning.joint import FittedRows, Stated, learn_jointly, with_enough
from thighdx.learning.levels import cases_with_two, learn_levels
from thighdx.learning.network import Network
from thighdx.learning.results import Learnt, LearntLevels, LearntRow
from thighdx.learning.sureness import sureness_of, warnings_of
from thighdx.rows import Array
from thighdx.scoring.plain import plain_table
from thighdx.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 5  # answers, or cases, from which on a row is learnt
DEFAULT = (BASE_RATES, ROWS)  # of what is learnt


def learn(
    frame: pd.DataFrame,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    fewest: int = FEWEST,
    what: Collection[str] = DEFAULT,
    rows_from: str = LABELLED,
) -> Learnt:
    """What a pandas frame of cases teaches about the base rates of a population, about rows, and about levels.

    A column `diagnosis` holds the true cause, or its origin where no more is known, or is empty; without it every case
    is unlabelled. `what` is any of `base_rates`, `rows` and `levels`. Rows are learnt from cases of known cause, or
    from `all`, each case by its posterior; those with fewer than `fewest` answers stay, and so do levels with fewer
    cases that have two answers on the mechanism. Raises `TableError` where no case can be read, `ValueError` for
    another word in `what` or `rows_from`, and `UnknownNameError` for an unknown population.
    """
    learner = Learner(get_model(knowledge, population), tuple(what), rows_from)
    columns = {str(name): frame.iloc[:, position].tolist() for position, name in enumerate(frame.columns)}
    learner.add(columns, len(frame))
    return learner.finish("the frame", fewest)


def learn_file(
    model: Model,
    path: str,
    *,
    fewest: int = FEWEST,
    what: Collection[str] = DEFAULT,
    rows_from: str = LABELLED,
    on_problem: Callable[[int, Problem], None] = lambda _, __: None,
) -> Learnt:
    """As `learn`, from a case table on disk (`-`: standard input), read in chunks.

    `on_problem` hears each problem with its row in the table, from 1. Raises `TableError` where it cannot be read.
    """
    learner = Learner(model, tuple(what), rows_from)
    with plain_table(path, model.knowledge, [LABEL]) as table:
        for part in table.parts:
            before = learner.rows
            for problem in learner.add(*part):
                on_problem(before + problem.row + 1, problem)
    return learner.finish(path, fewest)


@dataclass
class Learner:
    """Takes cases chunk by chunk.

    Memory grows by 8 bytes a cause for each case of unknown cause. Levels, and rows from all cases, are gone over many
    times: they keep a byte a finding of each case too, and what the blocks make of them.
    """

    model: Model
    what: tuple[str, ...] = DEFAULT
    rows_from: str = LABELLED
    rows: int = 0
    faulty: int = 0
    _likelihood: list[Array] = field(default_factory=list)
    _known: list[Known] = field(default_factory=list)
    _open: list[Open] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, words, accepted in (("what", self.what, WHAT), ("rows_from", (self.rows_from,), ROWS_FROM)):
            odd = [word for word in words if word not in accepted]
            if odd or not words:
                raise ValueError(f"{name}: {', '.join(odd) or 'nothing'}; accepted: {one_of(accepted)}")
        causes = self.model.tables.causes
        self._book = CellBook(self.model.tables)
        self._counts = np.zeros(len(causes))
        self._seen = Counts(self.model.tables)
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
        labels = label_texts(columns, LABEL, count)
        accepted = [name for name in self._may_be if name]
        wrong = [text for text in labels.texts if text not in self._may_be]
        said = {
            text: unknown(text[:80], "a cause or an origin", accepted, hint=place < MOST_HINTS)
            for place, text in enumerate(wrong)
        }
        problems = [*cases.problems, *problems_of(labels, LABEL, said)]
        good = np.ones(count, dtype=bool)
        good[[problem.row for problem in problems]] = False
        masks = np.array([self._may_be.get(text, self._may_be[""]) for text in labels.texts] or [self._may_be[""]])
        may_be = masks[labels.codes] if count else np.zeros((0, len(self._counts)), dtype=bool)
        sure = may_be.sum(axis=1) == 1
        self._take_known(cases, may_be, np.flatnonzero(good & sure))
        self._take_open(cases, may_be, np.flatnonzero(good & ~sure))
        self.rows += count
        self.faulty += count - int(good.sum())
        return sorted(problems, key=lambda problem: problem.row)

    def finish(self, place: str, fewest: int) -> Learnt:
        """What all cases taught. Raises `TableError` where none could be read."""
        if self.rows == self.faulty:
            raise TableError(f"{place}: no case to learn from ({self.rows} rows, {self.faulty} of them faulty)")
        fewest = max(fewest, 1)
        tables, knowledge = self.model.tables, self.model.knowledge
        likelihood = np.concatenate([np.zeros((0, len(tables.causes))), *self._likelihood])
        self._likelihood.clear()
        weight = prior_weight(knowledge, self.model.population)
        rates = self._rates(weight, likelihood)
        rows_trace: tuple[float, ...] = ()
        stock = self._stock() if self._keeps else None
        if ROWS in self.what and self.rows_from == ALL and stock is not None and stock.cases:
            fitted = self._jointly(stock, weight, fewest)
            rows, rows_trace, tables = self._rows_of(fitted), fitted.trace, fitted.tables
            if BASE_RATES in self.what:
                likelihood = stock.likelihoods(tables)
                rates = learn_base_rates(self.model.tables.prior, weight, self._counts, likelihood)
        elif ROWS in self.what:
            rows, tables = self._labelled_rows(fewest)
        else:
            rows = []
        levels: list[LearntLevels] = []
        levels_trace: tuple[float, ...] = ()
        if LEVELS in self.what and stock is not None:
            held = Network.of(knowledge, tables).tables(tables, prior=rates.after)
            levels, levels_trace = self._levels(stock, held, fewest)
        sure = sureness_of(rates, self._counts, likelihood) if BASE_RATES in self.what else None
        return Learnt(
            place,
            self.model.population,
            tuple(one for one in WHAT if one in self.what),
            self.rows_from,
            self.rows,
            self.faulty,
            rates,
            sure,
            tables.causes,
            tuple(sorted(rows, key=lambda row: -row.moved)),
            tuple(sorted(levels, key=lambda one: -one.moved)),
            rows_trace,
            levels_trace,
            () if sure is None else warnings_of(tables.causes, rates, sure),
            __version__,
            knowledge.digest,
        )

    @property
    def _keeps(self) -> bool:
        """Whether the answers of every case are needed again."""
        return LEVELS in self.what or (ROWS in self.what and self.rows_from == ALL)

    def _take_known(self, cases: Cases, may_be: NDArray[np.bool_], rows: NDArray[np.intp]) -> None:
        cause = may_be[rows].argmax(axis=1)
        np.add.at(self._counts, cause, 1.0)
        cells = self._book.read(cases.evidence.take(rows))
        self._seen.add(cause, cells)
        if LEVELS in self.what:
            self._known.append(Known(narrow(cells), cause))

    def _take_open(self, cases: Cases, may_be: NDArray[np.bool_], rows: NDArray[np.intp]) -> None:
        if not rows.size:
            return
        # the posterior by the prior is the likelihood up to a factor, and compiled code has it where there is any
        evidence = cases.evidence.take(rows)
        found = self.model.engine.posterior(evidence).probability
        weight = np.where(may_be[rows], found / self.model.tables.prior, 0.0)
        top = weight.max(axis=1, keepdims=True)
        possible = top[:, 0] > 0
        self.faulty += int((~possible).sum())
        self._likelihood.append(weight[possible] / top[possible])
        if self._keeps:
            self._open.append(Open(narrow(self._book.read(evidence)[possible]), may_be[rows][possible]))

    def _rates(self, weight: float, likelihood: Array) -> LearntBaseRates:
        find = learn_base_rates if BASE_RATES in self.what else base_rates_as_they_are
        return find(self.model.tables.prior, weight, self._counts, likelihood)

    def _stock(self) -> Stock:
        """All answers kept, laid out; the chunks are let go."""
        tables = self.model.tables
        none = np.zeros((0, len(tables.findings)), dtype=np.uint8)
        known = Known(
            np.concatenate([none, *(one.cells for one in self._known)]),
            np.concatenate([np.zeros(0, dtype=np.intp), *(one.cause for one in self._known)]),
        )
        may_be = np.concatenate([np.zeros((0, len(tables.causes)), dtype=bool), *(one.may_be for one in self._open)])
        open_ = Open(np.concatenate([none, *(one.cells for one in self._open)]), may_be)
        self._known.clear()
        self._open.clear()
        return Stock(tables, self._book, known, open_)

    def _labelled_rows(self, fewest: int) -> tuple[list[LearntRow], Tables]:
        """Rows from cases of known cause, and the network with them."""
        knowledge, tables = self.model.knowledge, self.model.tables
        floor = knowledge.content.thresholds.floor
        rows, after = [], []
        for number, finding in enumerate(tables.findings):
            likelihood = self._book.likelihood(number)
            seen = self._seen.of(number, len(likelihood))
            enough = seen.sum(axis=1) >= fewest
            weight = self._row_weights(number)
            new = finding.rows
            if enough.any():
                found = learn_rows(finding.rows, weight, seen, likelihood, floor)
                new = np.where(enough[:, None], found.rows, finding.rows)
                rows += [self._row(number, cause, found) for cause in np.flatnonzero(enough).tolist()]
            after.append(new)
        if LEVELS not in self.what or not rows:
            return rows, tables
        return rows, Network.of(knowledge, tables).tables(tables, rows=after)

    def _jointly(self, stock: Stock, weight: float, fewest: int) -> FittedRows:
        """Rows and base rates from all cases. Rows with too few expected answers at the start are held."""
        knowledge, tables = self.model.knowledge, self.model.tables
        pseudo = [self._row_weights(n)[:, None] * one.rows for n, one in enumerate(tables.findings)]
        seen = [self._seen.of(n, len(stock.likelihood[n])) for n in range(len(tables.findings))]
        held = [np.zeros(len(tables.causes), dtype=bool)] * len(tables.findings)
        rates = weight * tables.prior + self._counts
        stated = Stated(rates, pseudo, seen, held, learn_rates=BASE_RATES in self.what)
        stated = with_enough(stated, stock, tables, fewest)
        network, floor = Network.of(knowledge, tables), knowledge.content.thresholds.floor
        return learn_jointly(network, stock, tables, stated, floor)

    def _rows_of(self, fitted: FittedRows) -> list[LearntRow]:
        return [
            self._row(number, cause, RowAnswers(expected, sure, fitted.tables.findings[number].rows, ()))
            for number, (expected, sure, free) in enumerate(zip(fitted.expected, fitted.sure, fitted.free, strict=True))
            for cause in np.flatnonzero(free).tolist()
        ]

    def _levels(self, stock: Stock, tables: Tables, fewest: int) -> tuple[list[LearntLevels], tuple[float, ...]]:
        """Levels, with base rates and rows as they are in `tables`."""
        content = self.model.knowledge.content
        weights = [
            np.array([entry.rows[c].weight if c in entry.rows else entry.background.weight for c in tables.causes])
            for entry in (content.mechanisms[one.id] for one in tables.mechanisms)
        ]
        cases = cases_with_two(stock, tables)
        free = [one >= fewest for one in cases]
        if not any(one.any() for one in free):
            return [], ()
        fitted = learn_levels(Network.of(self.model.knowledge, tables), stock, tables, weights, free)
        found = []
        for number, mechanism in enumerate(tables.mechanisms):
            for cause in np.flatnonzero(free[number]).tolist():
                before, after = mechanism.prior[cause], fitted.levels[number][cause]
                found.append(
                    LearntLevels(
                        mechanism.id,
                        tables.causes[cause],
                        mechanism.levels,
                        tuple(before.tolist()),
                        tuple(after.tolist()),
                        tuple(fitted.error[number][cause].tolist()),
                        float(cases[number][cause]),
                        float(weights[number][cause]),
                        float(fitted.told[number][cause]),
                        float(np.abs(after - before).sum() / 2),
                    )
                )
        return found, fitted.trace

    def _row_weights(self, number: int) -> Array:
        """Number of cases that each row of a finding is worth, (causes,)."""
        entry = self.model.knowledge.content.findings[self.model.tables.findings[number].id]
        names = self.model.tables.causes
        return np.array([entry.rows[c].weight if c in entry.rows else entry.background.weight for c in names])

    def _row(self, number: int, cause: int, found: RowAnswers) -> LearntRow:
        """The learnt row of a finding under a cause."""
        finding = self.model.tables.findings[number]
        weight = float(self._row_weights(number)[cause])
        before, after, counts = finding.rows[cause], found.rows[cause], found.expected[cause]
        seen, sure = float(counts.sum()), float(found.sure[cause])
        most = int(np.abs(after - before).argmax())
        share = min(1.0, float(counts[most] / seen))
        return LearntRow(
            finding.id,
            self.model.tables.causes[cause],
            finding.states,
            _plain(before),
            _plain(after),
            _plain(counts),
            weight,
            sure / (sure + weight),
            float(np.abs(after - before).sum() / 2),
            finding.states[most],
            share,
            *wilson(share, max(sure, np.finfo(float).tiny)),
        )


def _plain(values: Array) -> tuple[float, ...]:
    return tuple(values.tolist())


def prior_weight(knowledge: Knowledge, population: str) -> float:
    """Number of cases that the base rates of a population are worth."""
    _, entry = knowledge.population(population)
    row = entry.causes if entry.causes is not None else entry.origins
    assert row is not None  # noqa: S101 - one of the two is stated, checked on loading
    return row.weight
