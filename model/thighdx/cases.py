"""Cases to arrays: every column read against the vocabulary, every faulty cell reported, no row lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thighdx.cells import EMPTY, Cell, likelihood, parse_cell, parse_number
from thighdx.errors import CaseError, Fault, unknown
from thighdx.evidence import Evidence
from thighdx.knowledge import Knowledge
from thighdx.schema import Finding

CASE_ID = "case_id"
FEW = 8  # different cells that are quicker looked for one by one than looked up

Index = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Texts:
    """A column of texts: the different ones (some may repeat), and which of them each case has (`index`, (cases,))."""

    different: tuple[str, ...]
    index: Index


Column = Sequence[object] | Texts  # of a sequence one cell a case: text, None, NaN or a number


@dataclass(frozen=True)
class Answers:
    """One finding's answers: the different cells found, and which of them each case has (`index`, (cases,))."""

    cells: tuple[Cell, ...]
    index: Index

    def look_up(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(cases,): of `values`, one for each different cell, the one of the case's cell."""
        shown = np.flatnonzero(values)
        if len(shown) > FEW:
            return values[self.index]
        result = np.zeros(self.index.shape, dtype=np.uint8)
        for number in shown:
            result[self.index == number] = values[number]
        return result


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell that could not be read: its row (from 0 within the cases read), column and what is wrong."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Cases:
    """Cases as read. `answers` holds the findings that have a column, `places` the names of those columns.

    `row_faults` are rows that are broken as a whole (row -> what is wrong).
    """

    count: int
    answers: Mapping[str, Answers]
    places: Mapping[str, str]
    row_faults: Mapping[int, str]
    evidence: Evidence

    @cached_property
    def wrong(self) -> dict[str, NDArray[np.intp]]:
        """Finding -> the rows whose cell could not be read, where there are any."""
        found = {}
        for name, read in self.answers.items():
            bad = np.array([cell.fault is not None for cell in read.cells], dtype=np.uint8)
            if bad.any():
                found[name] = np.flatnonzero(read.look_up(bad))
        return found

    @property
    def problem_count(self) -> int:
        """How many problems there are."""
        return len(self.row_faults) + sum(map(len, self.wrong.values()))

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in row order."""
        found = [Problem(row, "", message) for row, message in self.row_faults.items()]
        for name, rows in self.wrong.items():
            read, place = self.answers[name], self.places[name]
            numbers = zip(rows.tolist(), read.index[rows].tolist(), strict=True)
            found.extend(Problem(row, place, str(read.cells[number].fault)) for row, number in numbers)
        return tuple(sorted(found, key=lambda problem: problem.row))

    def statuses(self) -> list[str]:
        """`ok`, or everything wrong with the row."""
        wrong: dict[int, list[str]] = {}
        for problem in self.problems:
            place = f"column '{problem.column}': " if problem.column else "row "
            wrong.setdefault(problem.row, []).append(place + problem.message)
        result = ["ok"] * self.count
        for row, said in wrong.items():
            result[row] = "; ".join(said)
        return result


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
    places: dict[str, str] = {}
    for name, entry in knowledge.content.findings.items():
        number = entry.from_number.column if entry.from_number is not None else None
        if number is not None and number in columns:
            answers[name] = _with_number(_texts(columns[number]), _texts(columns.get(name, [None] * count)), entry)
            places[name] = f"{number}, {name}" if name in columns else number
        elif name in columns:
            read = _texts(columns[name])
            answers[name] = Answers(tuple(parse_cell(text, entry.states) for text in read.different), read.index)
            places[name] = name
    return Cases(count, answers, places, row_faults, _evidence(knowledge, answers, count))


def read_case(knowledge: Knowledge, case: Mapping[str, object]) -> Cases:
    """One case from a mapping finding id -> cell. Raises `CaseError` with every unknown finding and bad cell."""
    accepted = answer_columns(knowledge)
    faults = [Fault("", unknown(name, "a finding", accepted)) for name in case if name not in accepted]
    cases = read_columns(knowledge, {name: [cell] for name, cell in case.items() if name in accepted}, 1)
    faults += [Fault(problem.column, problem.message) for problem in cases.problems]
    if faults:
        raise CaseError(faults)
    return cases


def _texts(column: Column) -> Texts:
    """Each different text once."""
    if isinstance(column, Texts):
        return column
    seen: dict[str, int] = {}
    index = np.fromiter((seen.setdefault(cell_text(cell), len(seen)) for cell in column), dtype=np.intp)
    return Texts(tuple(seen), index)


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


def _with_number(numbers: Texts, beside: Texts, entry: Finding) -> Answers:
    """A finding for which a number column stands, with the finding's own column beside it."""
    pairs = numbers.index.astype(np.int64) * len(beside.different) + beside.index
    found, index = np.unique(pairs, return_inverse=True)
    texts = (divmod(pair, len(beside.different)) for pair in found.tolist())
    return Answers(
        tuple(_from_number(numbers.different[one], beside.different[other], entry) for one, other in texts), index
    )


def _from_number(number_text: str, text: str, entry: Finding) -> Cell:
    """The state that a number (first text) stands for; at odds with a cell beside it (second), a fault."""
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
    entries = knowledge.content.findings
    widest = max(len(entry.states) for entry in entries.values())
    codes = np.zeros((len(entries), count), dtype=np.uint8)
    soft: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]] = [
        (np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros((0, widest)))
    ]
    for position, (name, entry) in enumerate(entries.items()):
        if name not in answers:
            continue
        read = answers[name]
        hard = np.array([cell.states[0] + 1 if cell.is_hard else 0 for cell in read.cells], dtype=np.uint8)
        if (hard == np.arange(len(hard))).all():
            codes[position] = read.index
        else:
            codes[position] = read.look_up(hard)
        is_soft = np.array([not (cell.is_empty or cell.is_hard) for cell in read.cells], dtype=np.uint8)
        if is_soft.any():
            rows = np.flatnonzero(read.look_up(is_soft))
            values = np.zeros((len(read.cells), widest))
            for number in np.flatnonzero(is_soft):
                values[number, : len(entry.states)] = likelihood(read.cells[number], len(entry.states))
            soft.append((rows, np.full(rows.shape, position, dtype=np.intp), values[read.index[rows]]))
    return Evidence(codes.T, *(np.concatenate(part) for part in zip(*soft, strict=True)))
