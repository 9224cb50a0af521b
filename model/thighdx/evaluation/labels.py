"""The true causes of a table: which rows can be judged, and why the others cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.cases import Column, Problem, cell_text
from thighdx.causenames import unknown_cause
from thighdx.coded import Coded, always, coded
from thighdx.errors import MOST_HINTS, TableError, did_you_mean, unknown
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
    label, quality = label_texts(columns, LABEL, count), label_texts(columns, QUALITY, count)
    index = {cause: position for position, cause in enumerate(knowledge.causes)}
    truth = np.array([index.get(text, NO_LABEL) for text in label.texts] or [NO_LABEL], dtype=np.intp)[label.codes]
    wrong = [text for text in label.texts if text and text not in index]
    said = {text: _no_cause(knowledge, text, hint=place < MOST_HINTS) for place, text in enumerate(wrong)}
    problems = problems_of(label, LABEL, said)
    words = {text: text.casefold() for text in quality.texts}
    odd = [text for text, word in words.items() if word and word not in QUALITIES]
    problems += problems_of(
        quality, QUALITY, {text: unknown(text[:80], "a label quality", QUALITIES, hint=False) for text in odd}
    )
    problems.sort(key=lambda problem: problem.row)
    doubtful = quality.rows_with(words[text] == DOUBTFUL for text in quality.texts)
    return Labels(truth, doubtful, tuple(problems))


def label_texts(columns: Mapping[str, Column], name: str, count: int) -> Coded:
    """The texts of a column, each different one once; all empty where there is no such column."""
    if name not in columns:
        return always("", count)
    column = columns[name]
    return column if isinstance(column, Coded) else coded(map(cell_text, column))


def problems_of(texts: Coded, column: str, said: Mapping[str, str]) -> list[Problem]:
    """A problem for each row whose text has something said of it."""
    rows = np.flatnonzero(texts.rows_with(text in said for text in texts.texts))
    return [Problem(row, column, said[texts[row]]) for row in rows.tolist()]


def _no_cause(knowledge: Knowledge, text: str, *, hint: bool) -> str:
    shown = text[:80]
    if text in knowledge.origins:
        return f"'{shown}' is an origin; accepted: a cause of it"
    return unknown_cause(knowledge, shown, hint=hint)
