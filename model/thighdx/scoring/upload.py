"""A case table handed over as bytes, in memory alone: looked at first, then scored. Nothing is written to disk."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thighdx.assess import Model
from thighdx.casefiles import neutral
from thighdx.cases import CASE_ID, answer_columns, read_columns
from thighdx.errors import TableError
from thighdx.knowledge import Knowledge
from thighdx.scoring.batch import (
    case_ids,
    kept_names,
    other_columns,
    other_columns_note,
    output_schema,
    refuse_unanswered,
)
from thighdx.scoring.columns import cell_texts
from thighdx.scoring.csvblocks import Part
from thighdx.scoring.files import RowProblem, numbered, row_problems, score_part
from thighdx.scoring.results import CsvWriter, ParquetWriter
from thighdx.scoring.sources import CaseSource, CsvCases, ParquetCases, in_batches, refuse_ambiguous
from thighdx.scoring.tally import Tally
from thighdx.suitability import Unsuited

MOST_BYTES = 20 * 2**20
MOST_ROWS = 20_000
MOST_COLUMNS = 1_000
MOST_UNPACKED = 200 * 2**20  # bytes; a small Parquet file can unpack to anything
ROWS_AT_ONCE = 2_000  # scored between two steps of the progress
MOST_PROBLEMS = 1_000  # kept in words, the rest counted
ENDINGS = (".csv", ".parquet")
ELSEWHERE = "larger tables: thighdx score"


@dataclass(frozen=True)
class Upload:
    """A table as handed over: its name and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Look:
    """What is in a table, before anything is scored.

    findings: columns that are answers. others: columns that are none; note: the same in a sentence with the finding
    each may have meant. problems: the first `MOST_PROBLEMS` of `problem_count` cells or rows that cannot be read, in
    `faulty_rows` rows. repeated: rows whose case_id was there before, the first of them `first_repeated`.
    """

    rows: int
    findings: tuple[str, ...]
    others: tuple[str, ...]
    note: str | None
    problems: tuple[RowProblem, ...]
    problem_count: int
    faulty_rows: int
    repeated: int
    first_repeated: str


@dataclass(frozen=True)
class ScoredUpload:
    """A scored table: `table` as `thighdx score` makes it, and its two files.

    unsuited: in how many of the scored rows the base rates are not meant for the case, and why.
    """

    table: pa.Table
    rows: int
    not_scored: int
    unsuited: Counter[Unsuited]

    def csv(self) -> bytes:
        """As a CSV file."""
        stream = io.BytesIO()
        writer = CsvWriter(stream, self.table.schema.names, self._copied)
        for batch in self.table.to_batches():
            writer.write(batch)
        return stream.getvalue()

    def parquet(self) -> bytes:
        """As a Parquet file."""
        stream = io.BytesIO()
        writer = ParquetWriter(stream, self.table.schema)
        for batch in self.table.to_batches():
            writer.write(batch)
        writer.close()
        return stream.getvalue()

    @property
    def _copied(self) -> frozenset[str]:
        texts = [field.name for field in self.table.schema if not pa.types.is_floating(field.type)]
        return frozenset(texts)


def look_at(knowledge: Knowledge, upload: Upload) -> Look:
    """Read every cell, score nothing.

    Raises `TableError` where the table cannot be read at all, is too large, or has a finding twice, or no finding.
    """
    source = open_upload(upload)
    answers = answer_columns(knowledge)
    refuse_ambiguous(source.repeated, answers, upload.name)
    refuse_unanswered(knowledge, source.names, upload.name)
    others = other_columns(knowledge, source.names)
    found: list[RowProblem] = []
    count, faulty, tally = 0, 0, Tally()
    for part, first in _parts(source, answers, {}, upload.name):
        columns = {name: cell_texts(part.rows.column(name)) for name in part.rows.schema.names if name in answers}
        problems = read_columns(knowledge, columns, part.rows.num_rows, part.row_faults).problems
        ids = case_ids(part.rows, first)
        found += islice(row_problems(problems, ids, first), MOST_PROBLEMS - len(found))
        count += len(problems)
        faulty += len(set(problems.rows.tolist()))
        tally.add(ids, len(problems), 0, watch=CASE_ID in source.names)
    tally.count_repeated()
    return Look(
        tally.rows,
        tuple(name for name in source.names if name in answers),
        tuple(others),
        other_columns_note(knowledge, source.names),
        tuple(found),
        count,
        faulty,
        tally.repeated_ids,
        tally.first_repeated,
    )


def score_upload(
    model: Model, upload: Upload, *, keep: bool = False, on_rows: Callable[[int], None] = lambda _: None
) -> ScoredUpload:
    """Score a table; `keep` copies the columns that are no answers. `on_rows` hears the rows done so far.

    Raises `TableError` as `look_at`.
    """
    source = open_upload(upload)
    answers = answer_columns(model.knowledge)
    refuse_ambiguous(source.repeated, answers, upload.name)
    refuse_unanswered(model.knowledge, source.names, upload.name)
    others = other_columns(model.knowledge, source.names) if keep else []
    kept = kept_names(model, [name for name in others if not pa.types.is_nested(source.arrow_type(name))])
    copied = [pa.field(new, source.arrow_type(old)) for old, new in kept.items()]
    schema = pa.schema([*output_schema(model), *copied])
    batches, rows, not_scored, unsuited = [], 0, 0, Counter[Unsuited]()
    for part, first in _parts(source, answers, kept, upload.name):
        done = score_part(model, upload.name, kept, schema, part, first)
        batches.append(done.batch)
        rows += done.batch.num_rows
        not_scored += done.not_scored
        unsuited += done.unsuited
        on_rows(rows)
    return ScoredUpload(pa.Table.from_batches(batches, schema), rows, not_scored, unsuited)


def problems_csv(look: Look) -> bytes:
    """The problems of a table as a CSV file, as `thighdx score --problems` writes them."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["row", "case_id", "column", "message"])
    writer.writerows(
        [one.row, neutral(one.case_id), neutral(one.column), neutral(one.message)] for one in look.problems
    )
    return stream.getvalue().encode()


def open_upload(upload: Upload) -> CaseSource:
    """The table behind an upload. Raises `TableError` where it is too large or cannot be read."""
    ending = next((ending for ending in ENDINGS if upload.name.lower().endswith(ending)), None)
    if ending is None:
        raise TableError(f"{upload.name}: cannot be read; accepted: {' or '.join(ENDINGS)}")
    if len(upload.data) > MOST_BYTES:
        raise TableError(f"{upload.name}: more than {MOST_BYTES // 2**20} MB; {ELSEWHERE}")
    stream = io.BytesIO(upload.data)
    if ending == ".parquet":
        _refuse_a_bomb(upload)
    source: CaseSource = (
        ParquetCases(stream, upload.name) if ending == ".parquet" else CsvCases(stream, upload.name, lambda: None)
    )
    if len(source.names) > MOST_COLUMNS:
        raise TableError(
            f"{upload.name}: {len(source.names):,} columns; accepted: {MOST_COLUMNS:,} at most; {ELSEWHERE}"
        )
    return source


def _parts(
    source: CaseSource, answers: tuple[str, ...], kept: Mapping[str, str], name: str
) -> Iterator[tuple[Part, int]]:
    """The rows of the columns wanted, some at a time, with the number of the first; refused past `MOST_ROWS`."""
    called = source.parts(
        [column for column in source.names if column in answers],
        [column for column in source.names if column in kept or column == CASE_ID],
    )
    for part, first in numbered(in_batches((one() for one in called), ROWS_AT_ONCE)):
        if first + part.rows.num_rows - 1 > MOST_ROWS:
            raise TableError(f"{name}: more than {MOST_ROWS:,} rows; {ELSEWHERE}")
        yield part, first


def _refuse_a_bomb(upload: Upload) -> None:
    """A small Parquet file can unpack to anything: its rows, and its texts by dictionary, are counted first."""
    too_much = f"{upload.name}: unpacks to more than {MOST_UNPACKED // 2**20} MB; {ELSEWHERE}"
    try:
        stream = io.BytesIO(upload.data)
        texts = [field.name for field in pq.read_schema(stream) if _is_text(field.type)]
        with pq.ParquetFile(stream, read_dictionary=texts) as file:
            if file.metadata.num_rows > MOST_ROWS:
                raise TableError(f"{upload.name}: {file.metadata.num_rows:,} rows; {ELSEWHERE}")
            groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
            if sum(group.total_byte_size for group in groups) > MOST_UNPACKED:
                raise TableError(too_much)
            if sum(_bytes_of(file.read([name]).column(0)) for name in texts) > MOST_UNPACKED:
                raise TableError(too_much)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise TableError(f"{upload.name}: cannot be read as Parquet: {error}") from error


def _bytes_of(column: pa.ChunkedArray) -> int:
    """How many bytes the texts of a dictionary-encoded column are once each cell has its own."""
    total = 0
    for chunk in column.chunks:
        lengths = pc.binary_length(chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk)
        cells = lengths.take(chunk.indices) if pa.types.is_dictionary(chunk.type) else lengths
        total += pc.sum(cells).as_py() or 0
    return total


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return any(check(kind) for check in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary))
