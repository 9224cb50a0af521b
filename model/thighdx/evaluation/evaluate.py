"""Labelled cases in, an `Evaluation` out, in one pass and bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from thighdx import __version__
from thighdx.assess import IMPOSSIBLE, Model, get_model
from thighdx.cases import CASE_ID, Cases, Column, Problem, cell_text, read_columns
from thighdx.errors import TableError
from thighdx.evaluation.grades import GRADE, NOT_STATED, grades_of
from thighdx.evaluation.judged import Judged, judge, only_kinds, stages
from thighdx.evaluation.labels import LABEL, NO_LABEL, QUALITY, check_columns, read_labels
from thighdx.evaluation.questions import count_questions
from thighdx.evaluation.results import Evaluation, LeftOut, MissedCase, NotFirst
from thighdx.evaluation.summary import Evidenced, Summary, confusion_of, notes_on
from thighdx.evaluation.sums import (
    Cells,
    Summed,
    add_cause_decisions,
    add_curves,
    base_values,
    bin_of,
    decision_values,
)
from thighdx.evidence import Evidence
from thighdx.hypothetical import Hypothetical
from thighdx.knowledge import Knowledge
from thighdx.scoring.plain import plain_table

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 1000  # bootstrap samples
CHANCE_DRAWS = 400  # runs of a calibrated model beside which the calibration error is judged
NEAR = 0.1  # total variation from the posterior of all answers that counts as near
MOST_ASKED = 300  # cases whose questions are counted, drawn at random beyond
MOST_MISSED = 100  # missed cases that are named, and cases not ranked first


def evaluate(
    frame: pd.DataFrame,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    without_doubtful: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
) -> Evaluation:
    """The evaluation of a pandas frame of cases with their true causes in a column `diagnosis`.

    `without_doubtful` leaves out rows whose `label_quality` is doubtful. Rows that cannot be read, or have no label,
    are left out and counted. Raises `TableError` where there is no such column or no case is left, and
    `UnknownNameError` for an unknown population.
    """
    model = get_model(knowledge, population)
    names = [str(name) for name in frame.columns]
    check_columns(names, "the frame", without_doubtful=without_doubtful)
    evaluator = Evaluator(model, without_doubtful=without_doubtful, seed=seed)
    columns = {name: frame.iloc[:, position].tolist() for position, name in enumerate(names)}
    evaluator.add(columns, len(frame))
    return evaluator.finish("the frame", draws)


def evaluate_file(
    model: Model,
    path: str,
    *,
    without_doubtful: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
    on_problem: Callable[[int, Problem], None] = lambda _, __: None,
) -> Evaluation:
    """The evaluation of a case table on disk (`-`: standard input).

    `on_problem` hears each problem with its row in the table, from 1. Raises `TableError` where the table cannot be
    read, has no column of true causes, or no case is left.
    """
    evaluator = Evaluator(model, without_doubtful=without_doubtful, seed=seed)
    with plain_table(path, model.knowledge, [LABEL, QUALITY, GRADE]) as table:
        check_columns(table.names, path, without_doubtful=without_doubtful)
        for part in table.parts:
            before = evaluator.rows
            for problem in evaluator.add(*part):
                on_problem(before + problem.row + 1, problem)
    return evaluator.finish(path, draws)


class Evaluator:
    """Takes labelled cases chunk by chunk; `finish` says what they show."""

    def __init__(self, model: Model, *, without_doubtful: bool, seed: int) -> None:
        self.model = model
        self.rows = 0
        self.left_out = LeftOut()
        causes = model.knowledge.content.causes
        self._dangerous = np.array([entry.dangerous for entry in causes.values()], dtype=bool)
        self._without_doubtful = without_doubtful
        self._seed = seed
        self._stages = stages(model.knowledge)
        self._whole = Summed(seed)
        self._by_stage = {name: Summed(seed) for name in self._stages}
        self._confusion = np.zeros((len(causes), len(causes)), dtype=np.int64)
        self._grades = grades_of(model)
        self._grade_confusion = np.zeros((len(self._grades.names),) * 2, dtype=np.int64)
        self._unread_grades = 0
        self._missed: list[MissedCase] = []
        self._not_first: list[NotFirst] = []
        self._asked: list[Evidence] = []
        self._rng = np.random.default_rng([seed, 2])
        self._chance = np.zeros((CHANCE_DRAWS, 10))

    def add(
        self,
        columns: Mapping[str, Column],
        count: int,
        row_faults: Mapping[int, str] = MappingProxyType({}),
    ) -> list[Problem]:
        """Take `count` cases given as columns. Returns what could not be read, in row order."""
        cases = read_columns(self.model.knowledge, columns, count, row_faults)
        labels = read_labels(self.model.knowledge, columns, count)
        whole_row = {problem.row for problem in cases.problems if not problem.column}
        problems = [*cases.problems, *(one for one in labels.problems if one.row not in whole_row)]
        faulty = np.zeros(count, dtype=bool)
        faulty[[problem.row for problem in problems]] = True
        unlabelled = ~faulty & (labels.truth == NO_LABEL)
        doubtful = ~faulty & ~unlabelled & labels.doubtful & self._without_doubtful
        rows = np.flatnonzero(~(faulty | unlabelled | doubtful))
        judged = judge(self.model, cases, labels.truth, rows)
        impossible = ~np.isfinite(judged.probability).all(axis=1)
        if impossible.any():
            problems += [Problem(int(row), "", IMPOSSIBLE) for row in rows[impossible]]
            rows = rows[~impossible]
            judged = judge(self.model, cases, labels.truth, rows)
        self.left_out = LeftOut(
            self.left_out.faulty + int(faulty.sum()) + int(impossible.sum()),
            self.left_out.unlabelled + int(unlabelled.sum()),
            self.left_out.doubtful + int(doubtful.sum()),
        )
        units = self._sum(cases, labels.truth, rows, judged)
        self._sum_grades(columns, rows, units, judged)
        self._note_missed(columns, rows, judged)
        self._sample(cases.evidence, rows)
        self.rows += count
        return sorted(problems, key=lambda problem: problem.row)

    def finish(self, place: str, draws: int) -> Evaluation:
        """The evaluation of all cases taken. Raises `TableError` where there is none."""
        if not self._whole.count:
            raise TableError(f"{place}: no case is left to evaluate ({self.rows} rows: {_reasons(self.left_out)})")
        knowledge = self.model.knowledge
        seen = Evidenced(self._whole, self._by_stage, self._chance, draws)
        summary = Summary(knowledge, seen)
        grading = summary.grading(confusion_of(self._grades.names, self._grade_confusion), self._unread_grades)
        questions = count_questions(knowledge, self.model.engine, Hypothetical(self.model.tables), self._asked, NEAR)
        return Evaluation(
            rows=self.rows,
            left_out=self.left_out,
            population=self.model.population,
            scores=summary.scores(),
            brier=summary.brier(),
            calibration=summary.calibration(),
            calibration_of_every_cause=summary.calibration_of_every_cause(),
            causes=summary.causes(),
            origins=summary.origins(),
            confusion=confusion_of(knowledge.causes, self._confusion),
            confusion_of_origins=summary.confusion_of_origins(self._confusion),
            triage=summary.triage(),
            missed_cases=tuple(self._missed),
            not_first=tuple(self._not_first),
            decisions=summary.decisions(),
            decisions_by_cause=summary.decisions_by_cause(),
            grading=grading,
            stages=summary.stages(self._stages),
            questions=questions,
            notes=notes_on(knowledge, self._confusion, grading, self._dangerous),
            draws=draws,
            seed=self._seed,
            model_version=__version__,
            priors_digest=self.model.digest,
        )

    def _sum(self, cases: Cases, truth: NDArray[np.intp], rows: NDArray[np.intp], judged: Judged) -> NDArray[np.intp]:
        """Take the figures of every stage. Returns the group of each case."""
        prior = self.model.tables.prior
        *earlier, last = self._stages
        for name in earlier:
            seen = only_kinds(self.model.knowledge, cases, self._stages[name])
            at = judge(self.model, seen, truth, rows)
            summed = self._by_stage[name]
            summed.add(summed.units(len(rows)), base_values(at, prior, self._dangerous))
        base = base_values(judged, prior, self._dangerous)
        self._by_stage[last].add(self._by_stage[last].units(len(rows)), base)
        units = self._whole.units(len(rows))
        self._whole.add(units, base | decision_values(judged, self._dangerous))
        width = base["scores"].shape[1]
        place = judged.truth[:, None] * width + np.arange(width)
        shape = (len(prior), width)
        self._whole.add_at("by_cause", shape, np.repeat(units, width), Cells(place.ravel(), base["scores"].ravel()))
        add_curves(self._whole, units, judged)
        add_cause_decisions(self._whole, units, judged, self._dangerous)
        np.add.at(self._confusion, (judged.truth, judged.top), 1)
        leading = judged.probability.max(axis=1)
        for draw in range(CHANCE_DRAWS):
            came = self._rng.random(len(leading)) < leading
            self._chance[draw] += np.bincount(bin_of(leading), weights=came, minlength=self._chance.shape[1])
        return units

    def _sum_grades(
        self, columns: Mapping[str, Column], rows: NDArray[np.intp], units: NDArray[np.intp], judged: Judged
    ) -> None:
        stated, unread = self._grades.stated(columns, rows, judged)
        self._unread_grades += unread
        self._whole.add(units, {"grades": self._grades.values(stated, judged)})
        known = stated != NOT_STATED
        np.add.at(self._grade_confusion, (stated[known], self._grades.likeliest(stated, judged)[known]), 1)

    def _note_missed(self, columns: Mapping[str, Column], rows: NDArray[np.intp], judged: Judged) -> None:
        causes = self.model.tables.causes

        def case_id(place: int) -> str:
            row = int(rows[place])
            return cell_text(columns[CASE_ID][row]) if CASE_ID in columns else str(self.rows + row + 1)

        missed = self._dangerous[judged.truth] & ~judged.flagged & (judged.rank > 3)
        for place in np.flatnonzero(missed)[: MOST_MISSED - len(self._missed)].tolist():
            cause, rank = causes[judged.truth[place]], int(judged.rank[place])
            self._missed.append(MissedCase(case_id(place), cause, rank, float(judged.of_truth[place])))
        for place in np.flatnonzero(judged.rank > 1)[: MOST_MISSED - len(self._not_first)].tolist():
            cause, led_by = causes[judged.truth[place]], causes[judged.top[place]]
            rank, probability = int(judged.rank[place]), float(judged.of_truth[place])
            self._not_first.append(NotFirst(case_id(place), cause, led_by, rank, probability))

    def _sample(self, evidence: Evidence, rows: NDArray[np.intp]) -> None:
        """A uniform sample of the cases, of at most `MOST_ASKED` (reservoir sampling, Vitter 1985)."""
        seen = self._whole.count - len(rows)
        for number, row in enumerate(rows.tolist(), start=seen):
            place = number if number < MOST_ASKED else int(self._rng.integers(number + 1))
            if place >= MOST_ASKED:
                continue
            case = evidence.take(np.array([row], dtype=np.intp))
            if place < len(self._asked):
                self._asked[place] = case
            else:
                self._asked.append(case)


def _reasons(left_out: LeftOut) -> str:
    return f"{left_out.faulty} faulty, {left_out.unlabelled} without a label, {left_out.doubtful} doubtful"
