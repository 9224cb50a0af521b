"""A case table on disk to a scored table on disk."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thighdx.assess import OK, Model
from thighdx.casefiles import (
    STANDARD,
    CaseSource,
    Chunk,
    check_distinct,
    check_ending,
    neutral,
    open_cases,
    open_result,
    whole_file,
)
from thighdx.cases import CASE_ID, answer_columns
from thighdx.errors import TableError
from thighdx.score import kept_names, other_columns, output_columns, score_columns

WATCHED_IDS = 1_000_000  # repeated ids are looked for within this many rows; bounds memory


@dataclass
class Tally:
    """What happened to the rows."""

    rows: int = 0
    not_scored: int = 0
    repeated_ids: int = 0
    first_repeated: str = ""
    _seen: set[str] = field(default_factory=set)

    def watch(self, ids: list[str]) -> None:
        """Look for ids seen before, within the first million rows."""
        for one in ids[: max(0, WATCHED_IDS - self.rows)]:
            if one in self._seen:
                self.first_repeated = self.first_repeated if self.repeated_ids else one
                self.repeated_ids += 1
            self._seen.add(one)


@dataclass(frozen=True)
class RowProblem:
    """A problem with its row in the table (from 1, the header not counted) and the row's id."""

    row: int
    case_id: str
    column: str
    message: str

    def __str__(self) -> str:
        column = f", column '{self.column}'" if self.column else ""
        return f"row {self.row}{column}: {self.message}"


def _ignore(_: object) -> None:
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
    on_rows: Callable[[int], None] = _ignore,
) -> Tally:
    """Score the table `cases` into `out` (`-`: standard input, standard output), every row kept, in order.

    `keep` copies the columns that are no answers. `problems` is a CSV file for every cell that could not be read.
    The callbacks hear the column names once, each problem, and the rows done. Raises `TableError` where a file cannot
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
        _refuse_ambiguous(source, answer_columns(model.knowledge), cases)
        on_columns(source.names)
        kept = kept_names(model, other_columns(model.knowledge, source.names)) if keep else {}
        types: dict[str, Any] = output_columns(model) | {new: source.arrow_type(old) for old, new in kept.items()}
        writer = stack.enter_context(open_result(out, types, frozenset({CASE_ID, *kept.values()})))
        note = stack.enter_context(_problem_file(problems))
        for chunk in source.chunks():
            scored, found = _score_chunk(model, chunk, tally)
            writer.write(scored | {new: chunk.columns[old] for old, new in kept.items()})
            for problem in found:
                note(problem)
                on_problem(problem)
            on_rows(chunk.count)
    return tally


def _score_chunk(model: Model, chunk: Chunk, tally: Tally) -> tuple[dict[str, list[Any]], list[RowProblem]]:
    first = tally.rows + 1
    scored, cases = score_columns(model, chunk.columns, chunk.count, first, chunk.row_faults)
    if CASE_ID in chunk.columns:
        tally.watch(scored[CASE_ID])
    found = [RowProblem(first + one.row, scored[CASE_ID][one.row], one.column, one.message) for one in cases.problems]
    tally.rows += chunk.count
    tally.not_scored += sum(said != OK for said in scored["status"])
    return scored, found


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
