"""Cases to arrays: every column read against the vocabulary, every faulty cell reported, no row lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import isnan
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from thighdx.cells import Cell, likelihood, parse_cell, parse_cells, parse_number
from thighdx.coded import Coded, always, coded, distinct
from thighdx.errors import CaseError, Fault, unknown
from thighdx.evidence import Evidence
from thighdx.knowledge import Knowledge
from thighdx.schema import Finding

CASE_ID = "case_id"
MISSING = ("NAType", "NaTType")  # pandas' own missing marks, which need not be there
OK = "ok"
MOST_SAID = 10  # problems of one row that its status names

Column = Sequence[object]  # one cell a case; text, None, NaN or a number; `Coded` where its different texts are known


@dataclass(frozen=True)
class Answers:
    """One finding's answers: the different cells found, and which of them each case has (`index`, (cases,))."""

    cells: tuple[Cell, ...]
    index: NDArray[np.integer]


@dataclass(frozen=True)
class Problem:
    """A cell that could not be read: its row (from 0 within the cases read), column and what is wrong."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Problems(Sequence[Problem]):
    """What could not be read, in row order.

    rows: (k,), from 0 within the cases read. kinds: (k,), which of `said` it is. said: the different (column, message).
    """

    rows: NDArray[np.intp]
    kinds: NDArray[np.intp]
    said: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Problem:  # type: ignore[override] # nobody needs a slice
        return Problem(int(self.rows[number]), *self.said[self.kinds[number]])

    def __iter__(self) -> Iterator[Problem]:
        pairs = zip(self.rows.tolist(), self.kinds.tolist(), strict=True)
        return (Problem(row, *self.said[kind]) for row, kind in pairs)


@dataclass(frozen=True)
class Cases:
    """Cases as read. `answers` holds the findings that have a column; problems are in row order."""

    count: int
    answers: Mapping[str, Answers]
    evidence: Evidence
    problems: Problems

    def statuses(self) -> Coded:
        """`ok`, or everything wrong with the row."""
        index = np.zeros(self.count, dtype=np.intp)
        seen: dict[tuple[int, ...], int] = {}
        starts = np.flatnonzero(np.diff(self.problems.rows, prepend=-1)).tolist()  # of each row's own
        kinds = self.problems.kinds.tolist()
        for start, stop in pairwise([*starts, len(kinds)]):
            key = tuple(kinds[start:stop])
            index[self.problems.rows[start]] = 1 + seen.setdefault(key, len(seen))
        return Coded((OK, *map(self._in_words, seen)), index)

    def _in_words(self, kinds: tuple[int, ...]) -> str:
        """Everything wrong with a row; of very much, a part."""
        said = [self.problems.said[kind] for kind in kinds[:MOST_SAID]]
        words = [f"column '{column}': {message}" if column else f"row {message}" for column, message in said]
        return "; ".join([*words, f"and {len(kinds) - MOST_SAID} more"] if len(kinds) > MOST_SAID else words)


def number_columns(knowledge: Knowledge) -> dict[str, str]:
    """Number column -> the finding it may stand for (`age` -> `age_group`)."""
    findings = knowledge.content.findings.items()
    return {entry.from_number.column: name for name, entry in findings if entry.from_number is not None}


def answer_columns(knowledge: Knowledge) -> tuple[str, ...]:
    """Every column name that is an answer: the findings and the number columns."""
    return (*knowledge.findings, *number_columns(knowledge))


def read_columns(
    knowledge: Knowledge,
    columns: Mapping[str, Column],
    count: int,
    row_faults: Mapping[int, str] = MappingProxyType({}),
) -> Cases:
    """Cases from columns of `count` cells each; columns that are no answers are left alone.

    `row_faults` are rows that are broken as a whole (row -> what is wrong).
    """
    answers: dict[str, Answers] = {}
    kinds: dict[tuple[str, str], int] = {}  # (column, message) -> its number
    rows = [np.array(list(row_faults), dtype=np.intp)]
    of_rows = [kinds.setdefault(("", message), len(kinds)) for message in row_faults.values()]
    kind_of = [np.array(of_rows, dtype=np.intp)]
    for name, entry in knowledge.content.findings.items():
        number = entry.from_number.column if entry.from_number is not None else name
        if name not in columns and number not in columns:
            continue
        if number != name and number in columns:
            read = _read_number(columns[number], columns.get(name, always("", count)), entry)
        else:
            texts = _texts(columns[name])
            read = Answers(parse_cells(texts.texts, entry.states), texts.codes)
        answers[name] = read
        place = ", ".join(column for column in dict.fromkeys((number, name)) if column in columns)
        faults = [cell.fault for cell in read.cells]
        if any(fault is not None for fault in faults):
            of_cell = [-1 if text is None else kinds.setdefault((place, text), len(kinds)) for text in faults]
            kind = np.array(of_cell, dtype=np.intp)[read.index]
            rows.append(np.flatnonzero(kind >= 0))
            kind_of.append(kind[kind >= 0])
    row, kind = np.concatenate(rows), np.concatenate(kind_of)
    order = np.argsort(row, kind="stable")  # what is wrong with one row stays in the order of the columns
    problems = Problems(row[order], kind[order], tuple(kinds))
    return Cases(count, answers, _evidence(knowledge, answers, count), problems)


def read_case(knowledge: Knowledge, case: Mapping[str, object]) -> Cases:
    """One case from a mapping finding id -> cell. Raises `CaseError` with every unknown finding and bad cell."""
    accepted = answer_columns(knowledge)
    faults = [Fault("", unknown(name, "a finding", accepted)) for name in case if name not in accepted]
    cases = read_columns(knowledge, {name: [cell] for name, cell in case.items() if name in accepted}, 1)
    faults += [Fault(problem.column, problem.message) for problem in cases.problems]
    if faults:
        raise CaseError(faults)
    return cases


def _texts(column: Column) -> Coded:
    return column if isinstance(column, Coded) else coded(map(cell_text, column))


def _read_number(numbers: Column, cells: Column, entry: Finding) -> Answers:
    """A number column and the finding's own beside it; each different pair is parsed once."""
    number, cell = _texts(numbers), _texts(cells)
    width = max(len(cell.texts), 1)
    pairs, index = distinct(number.codes.astype(np.int64) * width + cell.codes)
    read = [_from_number(number.texts[pair // width], cell.texts[pair % width], entry) for pair in pairs.tolist()]
    return Answers(tuple(read), index)


def cell_text(value: object) -> str:
    """A cell's text without outer spaces; None, NaN and other missing marks are empty."""
    if isinstance(value, str):
        return value.strip()
    if value is None or type(value).__name__ in MISSING:
        return ""
    if value.is_nan() if isinstance(value, Decimal) else isinstance(value, float | np.floating) and isnan(value):
        return ""
    # pandas makes floats of whole numbers beside a gap
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _from_number(number_text: str, text: str, entry: Finding) -> Cell:
    """The state that a number stands for; at odds with the cell beside it, a fault."""
    scale = entry.from_number
    assert scale is not None  # noqa: S101 - the caller has a number column
    cell = parse_cell(text, entry.states)
    number = parse_number(number_text, scale.lowest, scale.highest, scale.unit)
    if isinstance(number, str) or cell.fault is not None:
        return Cell(fault="; ".join(filter(None, [number if isinstance(number, str) else None, cell.fault])))
    if number is None:
        return cell
    state = int(np.searchsorted(scale.cut_points, number, side="right"))
    if likelihood(cell, len(entry.states))[state] == 0:
        return Cell(fault=f"{number:g} {scale.unit} is '{entry.states[state]}', at odds with '{text.strip()}'")
    return Cell((state,))


def _evidence(knowledge: Knowledge, answers: Mapping[str, Answers], count: int) -> Evidence:
    """The codes lie in columns, as the compiled engine likes them best."""
    codes = np.zeros((len(knowledge.findings), count), dtype=np.uint8).T
    entries = knowledge.content.findings
    widest = max(len(entry.states) for entry in entries.values())
    cases, findings, likelihoods = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=np.intp)], [np.zeros((0, widest))]
    for position, name in enumerate(knowledge.findings):
        if name not in answers:
            continue
        read, states = answers[name], len(entries[name].states)
        hard = np.array([cell.states[0] + 1 if cell.is_hard else 0 for cell in read.cells] or [0], dtype=np.uint8)
        hard.take(read.index, out=codes[:, position], mode="clip")  # no code is past them, and so nothing is buffered
        soft = np.array([not cell.is_empty and not cell.is_hard for cell in read.cells] or [False])
        if soft.any():
            table = np.zeros((len(read.cells), widest))
            for number in np.flatnonzero(soft).tolist():
                table[number, :states] = likelihood(read.cells[number], states)
            rows = np.flatnonzero(soft[read.index])
            cases.append(rows)
            findings.append(np.full(len(rows), position))
            likelihoods.append(table[read.index[rows]])
    return Evidence(codes, np.concatenate(cases), np.concatenate(findings), np.concatenate(likelihoods))
