"""Scored tables written: CSV (plain, gzip, zstd) and Parquet, by the file's ending, whole or not at all."""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thighdx.casefiles import RUNS_IN_SPREADSHEETS, ending_of, neutral, writing
from thighdx.cases import CASE_ID
from thighdx.errors import TableError
from thighdx.scoring.columns import scalar, strings, text_array

GROUP_BYTES = 2**28  # most of a row group, and so of what is held back
PIECE_BYTES = 2**26  # of CSV made at once
GROUP_ROWS = 131_072  # least rows of a row group: readers take a group at a time
SPACES = r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]"  # what `str.lstrip` takes away
MAY_RUN = f"^{SPACES}*({'|'.join(map(re.escape, RUNS_IN_SPREADSHEETS))})"
TO_QUOTE = b',"\r\n'
GZIP_LEVEL = 4  # a quarter of the time of the highest one, which makes results 3 % smaller


class TableWriter(Protocol):
    """Takes rows, batch by batch."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        ...

    def close(self) -> None:
        """Write what is held back."""
        ...


class CsvWriter:
    """CSV output: empty cells for null, numbers to the last digit, copied cells that a spreadsheet would run quoted."""

    def __init__(self, stream: IO[bytes], names: Sequence[str], copied: frozenset[str]) -> None:
        self._stream, self._copied = stream, copied
        header = [neutral(name) if name in copied else name for name in names]
        stream.write(_lines([_quoted(strings([name])) for name in header]))

    def write(self, batch: pa.RecordBatch) -> None:
        """See `TableWriter`."""
        for part in _slices(batch):
            self._write(part)

    def _write(self, batch: pa.RecordBatch) -> None:
        columns = []
        for field, column in zip(batch.schema, batch.columns, strict=True):
            if pa.types.is_floating(field.type):
                columns.append(column.cast(pa.string()))
            else:
                texts = text_array(column)
                columns.append(_quoted(neutral_texts(texts) if field.name in self._copied else texts))
        self._stream.write(_lines(columns))

    def close(self) -> None:
        """Nothing is left to do: the stream's owner closes it."""


class ParquetWriter:
    """Parquet output: texts by dictionary; ids and numbers plain, which are hardly ever the same twice."""

    def __init__(self, place: IO[bytes] | pa.NativeFile, schema: pa.Schema) -> None:
        texts = [field.name for field in schema if not pa.types.is_floating(field.type)]
        few = [name for name in texts if name != CASE_ID]
        packed = {name: "snappy" if name in texts else "none" for name in schema.names}  # snappy finds nothing in them
        self._writer = pq.ParquetWriter(place, schema, use_dictionary=few, compression=packed)
        self._schema, self._held, self._rows, self._bytes = schema, list[pa.RecordBatch](), 0, 0

    def write(self, batch: pa.RecordBatch) -> None:
        """See `TableWriter`."""
        self._held.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """See `TableWriter`."""
        if self._held:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Write nothing more: a full disk would be met once again, in place of what is to be said."""
        self._held, self._writer.is_open = [], False

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._held, self._schema), row_group_size=self._rows)
        self._held, self._rows, self._bytes = [], 0, 0


@contextmanager
def open_writer(path: str, target: Path | None, schema: pa.Schema, copied: frozenset[str]) -> Iterator[TableWriter]:
    """A writer for the file that is to have this path, written at `target` until it is whole (none for `-`).

    `copied` are the columns whose cells come from the caller's table. Raises `TableError` where it cannot be written.
    """
    if target is None:
        if sys.stdout is None:
            raise TableError("standard output is closed")
        yield CsvWriter(sys.stdout.buffer, schema.names, copied)
        sys.stdout.buffer.flush()
        return
    ending = ending_of(path, "written")
    with writing(path):
        if ending == ".parquet":
            with pa.OSFile(str(target), "wb") as stream:
                writer = ParquetWriter(stream, schema)
                try:
                    yield writer
                    writer.close()
                except BaseException:
                    writer.abandon()
                    raise
        else:
            with target.open("wb") as stream, packed(stream, ending) as text:
                yield CsvWriter(text, schema.names, copied)


@contextmanager
def packed(stream: IO[bytes], ending: str) -> Iterator[IO[bytes]]:
    """Where to write the text of a CSV file with this ending; the stream itself for `.csv`.

    The same text gives the same file: no name and no time goes into it.
    """
    if ending == ".csv.gz":
        with gzip.GzipFile("", "wb", GZIP_LEVEL, stream, mtime=0) as text:
            yield cast("IO[bytes]", text)
    elif ending == ".csv.zst":
        with pa.CompressedOutputStream(stream, "zstd") as text:
            yield text
    else:
        yield stream


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Parts of a batch that are not large even where each row has its texts spelled out."""
    size = batch.nbytes
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):  # counted once there, but written for each row
            size += len(column) * max((len(str(value)) for value in column.dictionary.to_pylist()), default=0)
    rows = max(1, batch.num_rows // (1 + size // PIECE_BYTES))
    return (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))


def neutral_texts(texts: pa.Array) -> pa.Array:
    """Copied cells, those that a spreadsheet would run made text."""
    risky = pc.match_substring_regex(texts, MAY_RUN)
    if not pc.any(risky).as_py():
        return texts
    return pc.replace_with_mask(texts, risky, strings([neutral(cell) for cell in texts.filter(risky).to_pylist()]))


def _lines(columns: Sequence[pa.Array]) -> pa.Buffer | bytes:
    """Rows as lines of CSV."""
    *first, last = columns
    nothing = pc.JoinOptions(null_handling="replace", null_replacement="")
    ended = pc.binary_join_element_wise(last, scalar(""), scalar("\n"), options=nothing)
    lines = pc.binary_join_element_wise(*first, ended, scalar(","), options=nothing) if first else ended
    return lines.buffers()[2] or b""


def _quoted(texts: pa.Array) -> pa.Array:
    """Cells with a comma, a quote or a line end in them put into quotes."""
    data = (texts.buffers()[2] or pa.py_buffer(b"")).to_pybytes()
    if not any(sign in data for sign in TO_QUOTE):
        return texts
    marked = pc.match_substring_regex(texts, f"[{TO_QUOTE.decode()}]")
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.if_else(marked, pc.binary_join_element_wise(scalar('"'), doubled, scalar('"'), scalar("")), texts)
