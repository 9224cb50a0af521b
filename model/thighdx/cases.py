"""Cases to arrays: every column read against the vocabulary, every faulty cell reported, no row lost."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from thighdx.cells import EMPTY, Cell, likelihood, parse_cell, parse_number
from thighdx.errors import CaseError, Fault, unknown
from thighdx.evidence import Evidence, evidence
from thighdx.knowledge import Knowledge
from thighdx.schema import Finding

CASE_ID = "case_id"

K = TypeVar("K", bound=Hashable)

Column = Sequence[object]  # one cell a case; text, None, NaN or a number


@dataclass(frozen=True)
class Answers:
    """One finding's answers: the different cells found, and which of them each case has (`index`, (cases,))."""

    cells: tuple[Cell, ...]
    index: NDArray[np.intp]


@dataclass(frozen=True)
class Problem:
    """A cell that could not be read: its row (from 0 within the cases read), column and what is wrong."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Cases:
    """Cases as read. `answers` holds the findings that have a column; problems are in row order."""

    count: int
    answers: Mapping[str, Answers]
    evidence: Evidence
    problems: tuple[Problem, ...]

    def statuses(self) -> list[str]:
        """`ok`, or everything wrong with the row."""
        wrong: dict[int, list[str]] = {}
        for problem in self.problems:
            place = f"column '{problem.column}': " if problem.column else "row "
            wrong.setdefault(problem.row, []).append(place + problem.message)
        return ["; ".join(wrong[row]) if row in wrong else "ok" for row in range(self.count)]


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
    problems = [Problem(row, "", message) for row, message in row_faults.items()]
    for name, entry in knowledge.content.findings.items():
        number = entry.from_number.column if entry.from_number is not None else name
        if name not in columns and number not in columns:
            continue
        if number != name and number in columns:
            given = zip(map(cell_text, columns[number]), map(cell_text, columns.get(name, [None] * count)), strict=True)
            read = _read(given, partial(_from_number, entry=entry))
        else:
            read = _read(map(cell_text, columns[name]), partial(parse_cell, states=entry.states))
        place = ", ".join(column for column in dict.fromkeys((number, name)) if column in columns)
        answers[name] = read
        bad = np.array([cell.fault is not None for cell in read.cells], dtype=bool)
        rows = np.flatnonzero(bad[read.index]) if bad.any() else ()
        problems.extend(Problem(int(row), place, str(read.cells[read.index[row]].fault)) for row in rows)
    problems.sort(key=lambda problem: problem.row)
    return Cases(count, answers, _evidence(knowledge, answers, count), tuple(problems))


def read_case(knowledge: Knowledge, case: Mapping[str, object]) -> Cases:
    """One case from a mapping finding id -> cell. Raises `CaseError` with every unknown finding and bad cell."""
    accepted = answer_columns(knowledge)
    faults = [Fault("", unknown(name, "a finding", accepted)) for name in case if name not in accepted]
    cases = read_columns(knowledge, {name: [cell] for name, cell in case.items() if name in accepted}, 1)
    faults += [Fault(problem.column, problem.message) for problem in cases.problems]
    if faults:
        raise CaseError(faults)
    return cases


def _read(keys: Iterable[K], parse: Callable[[K], Cell]) -> Answers:
    """Each different key is parsed once."""
    seen: dict[K, int] = {}
    index = np.fromiter((seen.setdefault(key, len(seen)) for key in keys), dtype=np.intp)
    return Answers(tuple(parse(key) for key in seen), index)


def cell_text(value: object) -> str:
    """A cell's text without outer spaces; None, NaN and other missing marks are empty."""
    if isinstance(value, str):
        return value.strip()
    if value is None or type(value).__name__ == "NAType":  # pandas' own missing mark, which cannot be compared
        return ""
    if value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return ""
    # pandas makes floats of whole numbers beside a gap
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _from_number(texts: tuple[str, str], entry: Finding) -> Cell:
    """The state that a number (first text) stands for; at odds with a cell beside it (second), a fault."""
    number_text, text = texts
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
    codes = np.zeros((count, len(knowledge.findings)), dtype=np.uint8)
    soft: list[tuple[int, int, Sequence[float]]] = []
    entries = knowledge.content.findings
    for position, name in enumerate(knowledge.findings):
        read = answers.get(name, None)
        if read is None:
            continue
        states = len(entries[name].states)
        hard = np.array([cell.states[0] + 1 if cell.is_hard else 0 for cell in read.cells] or [0], dtype=np.uint8)
        codes[:, position] = hard[read.index]
        for number, cell in enumerate(read.cells):
            if not cell.is_empty and not cell.is_hard:
                values = likelihood(cell, states).tolist()
                soft.extend((int(row), position, values) for row in np.flatnonzero(read.index == number))
    widest = max(len(entry.states) for entry in entries.values())
    return evidence(codes, soft, most_states=widest)


def different(cases: Cases, name: str) -> Iterator[tuple[Cell, NDArray[np.intp]]]:
    """Each different cell of a finding with the rows that have it; an unasked finding is one empty cell."""
    read = cases.answers.get(name, Answers((EMPTY,), np.zeros(cases.count, dtype=np.intp)))
    for number, cell in enumerate(read.cells):
        yield cell, np.flatnonzero(read.index == number)
