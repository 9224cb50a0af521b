"""Grades of labelled cases: what is stated in a table, and how the model's compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import Model
from thighdx.cases import Column, cell_text
from thighdx.evaluation.judged import Judged
from thighdx.evaluation.sums import SMALLEST
from thighdx.rows import Array

GRADE = "grade"  # column: the true grade, of a cause that has grades
NOT_STATED = -1


@dataclass(frozen=True)
class Grades:
    """The grades of the causes that have them, in order, and the likeliest before anything is answered.

    of_cause: cause -> (positions of its grades, position of the commonest).
    """

    names: tuple[str, ...]
    of_cause: Mapping[int, tuple[tuple[int, ...], int]]

    def stated(
        self, columns: Mapping[str, Column], rows: NDArray[np.intp], judged: Judged
    ) -> tuple[NDArray[np.intp], int]:
        """The grade stated for each judged row, -1 where none is or its cause has none, and how many are no grade."""
        found = np.full(len(rows), NOT_STATED, dtype=np.intp)
        if GRADE not in columns:
            return found, 0
        unread = 0
        for place in np.flatnonzero(np.isin(judged.truth, list(self.of_cause))).tolist():
            text = cell_text(columns[GRADE][int(rows[place])])
            own, _ = self.of_cause[int(judged.truth[place])]
            names = [self.names[one] for one in own]
            if text in names:
                found[place] = own[names.index(text)]
            else:
                unread += bool(text)
        return found, unread

    def likeliest(self, stated: NDArray[np.intp], judged: Judged) -> NDArray[np.intp]:
        """The likeliest grade of each case with a stated one, given its true cause; the first of equal ones."""
        found = np.full(len(stated), NOT_STATED, dtype=np.intp)
        for cause, (own, _) in self.of_cause.items():
            mine = np.flatnonzero((stated != NOT_STATED) & (judged.truth == cause))
            shares = np.stack([judged.grades[self.names[one]][mine] for one in own], axis=1)
            found[mine] = np.array(own)[shares.argmax(axis=1)]
        return found

    def values(self, stated: NDArray[np.intp], judged: Judged) -> Array:
        """What is summed, (cases, 6) in the order of `results.Grading`; 0 where no grade is stated."""
        result = np.zeros((len(stated), 6))
        known = np.flatnonzero(stated != NOT_STATED)
        likeliest = self.likeliest(stated, judged)
        for place in known.tolist():
            right = int(stated[place])
            own, commonest = self.of_cause[int(judged.truth[place])]
            chance = float(judged.grades[self.names[right]][place])
            off = abs(own.index(int(likeliest[place])) - own.index(right))
            result[place] = (1, off == 0, off <= 1, chance, np.log(max(chance, SMALLEST)), commonest == right)
        return result


def grades_of(model: Model) -> Grades:
    """The grades that a model tells apart."""
    names: list[str] = []
    of_cause = {}
    for number, (cause, entry) in enumerate(model.knowledge.content.causes.items()):
        if entry.grading is None:
            continue
        own = tuple(range(len(names), len(names) + len(entry.grading.levels)))
        names.extend(entry.grading.levels)
        mechanism = next(one for one in model.tables.mechanisms if one.id == entry.grading.mechanism)
        prior = mechanism.prior[model.tables.causes.index(cause)]
        shares = [prior[mechanism.levels.index(level)] for level in entry.grading.levels.values()]
        of_cause[number] = own, own[int(np.argmax(shares))]
    return Grades(tuple(names), of_cause)
