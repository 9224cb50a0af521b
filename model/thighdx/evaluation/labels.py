"""The true causes of a table: which rows can be judged, and why the others cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.cases import Column, Problem, cell_text
from thighdx.errors import TableError, did_you_mean, unknown
from thighdx.knowledge import Knowledge

LABEL = "diagnosis"  # column: the true cause
QUALITY = "label_quality"  # column: how sure it is
DOUBTFUL = "doubtful"
QUALITIES = ("confirmed", "clinical", DOUBTFUL)
NO_LABEL = -1


@dataclass(frozen=True)
class Labels:
    """truth: (cases,), position of the true cause, -1 where there is none to judge by. doubtful: (cases,)."""

    truth: NDArray[np.intp]
    doubtful: NDArray[np.bool_]
    problems: tuple[Problem, ...]


def check_columns(names: Sequence[str], place: str, *, without_doubtful: bool) -> None:
    """Raises `TableError` where the column of the true cause, or that of its quality if needed, is missing."""
    for column, what in ((LABEL, "the true cause of each case"), (QUALITY, f"'{DOUBTFUL}' where the label is")):
        if column not in names and (column == LABEL or without_doubtful):
            near = did_you_mean(column, names, likeness=0.7)
            raise TableError(f"{place}: has no column '{column}'; expected {what} there{near}")


def read_labels(knowledge: Knowledge, columns: Mapping[str, Column], count: int) -> Labels:
    """The labels of `count` cases. A word that is no cause, or no quality, is a problem of its row."""
    index = {cause: position for position, cause in enumerate(knowledge.causes)}
    problems = []
    truth = np.full(count, NO_LABEL, dtype=np.intp)
    for row, text in enumerate(map(cell_text, columns[LABEL])):
        if text in index:
            truth[row] = index[text]
        elif text:
            problems.append(Problem(row, LABEL, _no_cause(knowledge, text)))
    quality = [cell_text(cell).casefold() for cell in columns.get(QUALITY, [""] * count)]
    for row, word in enumerate(quality):
        if word and word not in QUALITIES:
            problems.append(Problem(row, QUALITY, unknown(word, "a label quality", QUALITIES)))
    problems.sort(key=lambda problem: problem.row)
    return Labels(truth, np.array([word == DOUBTFUL for word in quality], dtype=bool), tuple(problems))


def _no_cause(knowledge: Knowledge, text: str) -> str:
    shown = text[:80]
    if text in knowledge.origins:
        return f"'{shown}' is an origin; accepted: a cause of it"
    return unknown(shown, "a cause", knowledge.causes)
