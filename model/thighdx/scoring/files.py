"""A case table on disk to a scored table on disk: parts are read, parsed and scored at once, and written in order."""

from __future__ import annotations

import csv
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from thighdx.assess import Model
from thighdx.casefiles import STANDARD, check_distinct, check_ending, neutral, whole_file
from thighdx.cases import CASE_ID, Problems, answer_columns
from thighdx.errors import TableError
from thighdx.scoring.batch import kept_names, other_columns, output_schema, score_batch
from thighdx.scoring.columns import as_numpy
from thighdx.scoring.csvblocks import Part
from thighdx.scoring.results import open_result
from thighdx.scoring.sources import CaseSource, in_batches, open_cases

T = TypeVar("T")

WATCHED_IDS = 1_000_000  # repeated ids are looked for within this many rows; bounds memory
MOST_WORKERS = 8  # each holds some 100 MB; writing in order keeps no more of them busy


@dataclass
class Tally:
    """What happened to the rows."""

    rows: int = 0
    not_scored: int = 0
    repeated_ids: int = 0
    first_repeated: str = ""
    _ids: list[pa.Array] = field(default_factory=list)

    def watch(self, ids: pa.Array) -> None:
        """Remember ids of the first million rows."""
        left = WATCHED_IDS - sum(map(len, self._ids))
        if left > 0:
            self._ids.append(ids[:left])

    def count_repeated(self) -> None:
        """Look for ids seen before among those remembered."""
        ids = pa.chunked_array(self._ids, pa.string()).combine_chunks()
        order = as_numpy(ids.dictionary_encode().indices)  # an id seen first has the next number
        new = np.diff(np.maximum.accumulate(order), prepend=-1) > 0
        self.repeated_ids = len(order) - int(new.sum())
        if self.repeated_ids:
            self.first_repeated = ids[int(np.argmin(new))].as_py()


class RowProblem(NamedTuple):
    """A problem with its row in the table (from 1, the header not counted) and the row's id."""

    row: int
    case_id: str
    column: str
    message: str

    def __str__(self) -> str:
        column = f", column '{self.column}'" if self.column else ""
        return f"row {self.row}{column}: {self.message}"


class _Done(NamedTuple):
    """A batch ready to be written."""

    batch: pa.RecordBatch
    problems: Problems
    not_scored: int


def _ignore(*_: object) -> None:
    """Listen to nothing."""


def score_file(
    model: Model,
    cases: str,
    out: str,
    *,
    keep: bool = False,
    problems: str | None = None,
    on_columns: Callable[[list[str]], None] = _ignore,
    on_problem: Callable[[RowProblem], None] = _ignore,
    on_rows: Callable[[int, float | None], None] = _ignore,
) -> Tally:
    """Score the table `cases` into `out` (`-`: standard input, standard output), every row kept, in order.

    `keep` copies the columns that are no answers. `problems` is a CSV file for every cell that could not be read.
    The callbacks hear the column names once, each problem, and the rows done with the share of the table that is read
    (None where that cannot be known). Raises `TableError` where a file cannot
    be read or written; then nothing is left under the names asked for.
    """
    check_ending(out, "written")
    check_distinct(cases=cases, out=out, problems=problems)
    if problems == STANDARD:
        raise TableError("the problems go to a file of their own; - is for the table")
    if problems is not None:
        check_ending(problems, "written", (".csv",))
    tally = Tally()
    with ExitStack() as stack:
        source = stack.enter_context(open_cases(cases))
        answers = answer_columns(model.knowledge)
        _refuse_ambiguous(source, answers, cases)
        on_columns(source.names)
        kept = kept_names(model, other_columns(model.knowledge, source.names)) if keep else {}
        copied = [pa.field(new, source.arrow_type(old)) for old, new in kept.items()]
        schema = pa.schema([*output_schema(model), *copied])
        writer = stack.enter_context(open_result(out, schema, frozenset({CASE_ID, *kept.values()})))
        note = stack.enter_context(_problem_file(problems))
        workers = min(MOST_WORKERS, os.cpu_count() or 1)
        pool = stack.enter_context(_pool(workers))
        parts = source.parts(
            [name for name in source.names if name in answers],
            [name for name in source.names if name in kept or name == CASE_ID],
        )
        work = (
            partial(_score, model, kept, schema, *one) for one in _numbered(in_batches(_in_order(pool, workers, parts)))
        )
        for batch, found, not_scored in _in_order(pool, workers, work):
            writer.write(batch)
            for problem in _row_problems(found, batch, tally.rows + 1):
                note(problem)
                on_problem(problem)
            if CASE_ID in source.names:
                tally.watch(batch.column(CASE_ID))
            tally.rows += batch.num_rows
            tally.not_scored += not_scored
            on_rows(batch.num_rows, source.share())
    tally.count_repeated()
    return tally


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads for Arrow, numpy and compiled code, which need no interpreter; at the end what waits is dropped."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: ThreadPoolExecutor, ahead: int, work: Iterable[Callable[[], T]]) -> Iterator[T]:
    """The results of calls, in order, up to `ahead` of them made before the first is asked for."""
    waiting: deque[Future[T]] = deque()
    for one in work:
        waiting.append(pool.submit(one))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _numbered(parts: Iterable[Part]) -> Iterator[tuple[Part, int]]:
    """Each part with the number of its first row, from 1."""
    first = 1
    for part in parts:
        yield part, first
        first += part.rows.num_rows


def _score(model: Model, kept: dict[str, str], schema: pa.Schema, part: Part, first: int) -> _Done:
    scored, cases, not_scored = score_batch(model, part.rows, first, part.row_faults)
    copied = [part.rows.column(name).combine_chunks() for name in kept]
    columns = [*scored.columns, *copied]
    batch = pa.RecordBatch.from_arrays(columns, schema=schema) if kept else scored
    return _Done(batch, cases.problems, not_scored)


def _row_problems(problems: Problems, batch: pa.RecordBatch, first: int) -> Iterator[RowProblem]:
    ids = batch.column(CASE_ID)
    for one in problems:
        yield RowProblem(first + one.row, ids[one.row].as_py(), one.column, one.message)


def _refuse_ambiguous(source: CaseSource, answers: tuple[str, ...], place: str) -> None:
    """A second column of one finding was renamed by its number; which of the two holds is not ours to say."""
    twice = [name for name in (CASE_ID, *answers) if f"{name}.2" in source.names]
    if twice:
        raise TableError(f"{place}: columns stated twice: {', '.join(twice)}; accepted: each finding once")


@contextmanager
def _problem_file(path: str | None) -> Iterator[Callable[[RowProblem], None]]:
    if path is None:
        yield _ignore
        return
    with whole_file(Path(path)) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["row", "case_id", "column", "message"])
        yield lambda one: writer.writerow([one.row, neutral(one.case_id), neutral(one.column), neutral(one.message)])
