"""A case table on disk to a scored table on disk: parts are read, parsed and scored at once, and written in order."""

from __future__ import annotations

import csv
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa

from thighdx.assess import Model
from thighdx.casefiles import STANDARD, check_distinct, check_ending, neutral, whole_file, writing
from thighdx.cases import CASE_ID, Problems, answer_columns
from thighdx.errors import TableError
from thighdx.scoring.batch import kept_names, other_columns, output_schema, refuse_unanswered, score_batch
from thighdx.scoring.csvblocks import Part
from thighdx.scoring.results import open_writer
from thighdx.scoring.sources import CaseSource, in_batches, open_cases, refuse_ambiguous
from thighdx.scoring.tally import Tally
from thighdx.suitability import Unsuited

T = TypeVar("T")

MOST_WORKERS = 8  # each holds some 100 MB; writing in order keeps no more of them busy
SPARE = 2  # parts under way beyond one for each worker, so that none waits while rows are written


class RowProblem(NamedTuple):
    """A problem with its row in the table (from 1, the header not counted) and the row's id."""

    row: int
    case_id: str
    column: str
    message: str

    def __str__(self) -> str:
        column = f", column '{self.column}'" if self.column else ""
        return f"row {self.row}{column}: {self.message}"


class Done(NamedTuple):
    """A batch ready to be written."""

    batch: pa.RecordBatch
    problems: Problems
    not_scored: int
    unsuited: Counter[Unsuited]


def _ignore(*_: object) -> None:
    """Listen to nothing."""


def score_file(
    model: Model,
    cases: str,
    out: str,
    *,
    keep: bool = False,
    problems: str | None = None,
    hear: int = 20,
    on_columns: Callable[[list[str]], None] = _ignore,
    on_problem: Callable[[RowProblem], None] = _ignore,
    on_rows: Callable[[int, float | None], None] = _ignore,
) -> Tally:
    """Score the table `cases` into `out` (`-`: standard input, standard output), every row kept, in order.

    `keep` copies the columns that are no answers. `problems` is a CSV file for every cell that could not be read.
    The callbacks hear the column names once, the first `hear` problems, and the rows done with the share of the table
    that is read (None where that cannot be known). Raises `TableError` where a file cannot
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
        refuse_ambiguous(source.repeated, answers, cases)
        refuse_unanswered(model.knowledge, source.names, cases)
        on_columns(source.names)
        kept = kept_names(model, other_columns(model.knowledge, source.names)) if keep else {}
        copied = [pa.field(new, source.arrow_type(old)) for old, new in kept.items()]
        work = _Work(model, cases, kept, pa.schema([*output_schema(model), *copied]))
        # both take their names after both are closed
        target, noted = (stack.enter_context(_whole(path)) for path in (out, problems))
        writer = stack.enter_context(open_writer(out, target, work.schema, frozenset({CASE_ID, *kept.values()})))
        note = stack.enter_context(_problem_file(problems, noted))
        for batch, found, not_scored, unsuited in work.done(source):
            writer.write(batch)
            hears = max(0, hear - tally.problems)
            for number, problem in enumerate(row_problems(found, batch.column(CASE_ID), tally.rows + 1)):
                if number >= hears and problems is None:
                    break
                note(problem)
                if number < hears:
                    on_problem(problem)
            tally.add(batch.column(CASE_ID), len(found), not_scored, watch=CASE_ID in source.names)
            tally.unsuited += unsuited
            on_rows(batch.num_rows, source.share())
    tally.count_repeated()
    return tally


class _Work(NamedTuple):
    """What is to be done with a table's rows, on all cores, a few parts under way at a time."""

    model: Model
    place: str
    kept: dict[str, str]
    schema: pa.Schema

    def done(self, source: CaseSource) -> Iterator[Done]:
        """The scored batches, in order."""
        workers = min(MOST_WORKERS, os.cpu_count() or 1)
        answers = answer_columns(self.model.knowledge)
        parts = source.parts(
            [name for name in source.names if name in answers],
            [name for name in source.names if name in self.kept or name == CASE_ID],
        )
        with _pool(workers) as pool:
            read = in_batches(_in_order(pool, workers + SPARE, parts))
            yield from _in_order(pool, workers + SPARE, (partial(score_part, *self, *one) for one in numbered(read)))


def score_part(model: Model, place: str, kept: Mapping[str, str], schema: pa.Schema, part: Part, first: int) -> Done:
    """A part scored, with the columns kept behind the result's own. Raises `TableError` where Arrow cannot read it."""
    try:
        scored, cases, not_scored, unsuited = score_batch(model, part.rows, first, part.row_faults)
        columns = [*scored.columns, *(part.rows.column(name).combine_chunks() for name in kept)]
        batch = pa.RecordBatch.from_arrays(columns, schema=schema)
    except (pa.ArrowException, ValueError, OverflowError) as error:
        rows = f"rows {first} to {first + part.rows.num_rows - 1}"
        raise TableError(f"{place}: {rows} cannot be read: {error}") from error
    return Done(batch, cases.problems, not_scored, unsuited)


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


def numbered(parts: Iterable[Part]) -> Iterator[tuple[Part, int]]:
    """Each part with the number of its first row, from 1."""
    first = 1
    for part in parts:
        yield part, first
        first += part.rows.num_rows


def row_problems(problems: Problems, ids: pa.Array, first: int) -> Iterator[RowProblem]:
    """Problems with the number of their row, `first` being that of the first one, and its id."""
    for one in problems:
        yield RowProblem(first + one.row, ids[one.row].as_py(), one.column, one.message)


@contextmanager
def _whole(path: str | None) -> Iterator[Path | None]:
    """Where to write the file that is to have this path; None where there is none."""
    if path is None or path == STANDARD:
        yield None
    else:
        with whole_file(Path(path)) as partial:
            yield partial


@contextmanager
def _problem_file(path: str | None, target: Path | None) -> Iterator[Callable[[RowProblem], None]]:
    """Takes problems for the file that is to have this path, written at `target` until it is whole."""
    if path is None or target is None:
        yield _ignore
        return
    with writing(path), target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["row", "case_id", "column", "message"])

        def note(one: RowProblem) -> None:
            with writing(path):
                writer.writerow([one.row, neutral(one.case_id), neutral(one.column), neutral(one.message)])

        yield note
