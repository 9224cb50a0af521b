"""Case tables as parts of rows: CSV (plain, gzip, zstd) and Parquet, by the file's ending."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Protocol, TypeVar, cast

import pyarrow as pa
import pyarrow.parquet as pq

from thighdx.casefiles import STANDARD, ending_of
from thighdx.cases import CASE_ID
from thighdx.cells import printable
from thighdx.errors import TableError
from thighdx.fast.adaptive import COMPILED_FROM
from thighdx.scoring.csvblocks import Bytes, Compiled, Layout, Part, blocks, read_header

T = TypeVar("T")

BATCH_ROWS = 40_960  # rows scored at once; bounds memory whatever the size of the table
MANY = COMPILED_FROM  # lines of CSV from which on its cells are read by compiled code, where there is numba
OTHER_SEPARATORS = (";", "\t", "|")
UNREADABLE = (OSError, EOFError, zlib.error, pa.ArrowException)


class CaseSource(Protocol):
    """A case table that can be read once, from start to end. `repeated` are the column names stated more than once."""

    names: list[str]
    repeated: tuple[str, ...]

    def parts(self, answers: Sequence[str], others: Sequence[str]) -> Iterator[Callable[[], Part]]:
        """The rows of the columns wanted, in order: `answers` have few different texts, `others` any.

        What is given can be called in another thread, and gives the rows.
        """
        ...

    def arrow_type(self, name: str) -> pa.DataType:
        """The column's own type."""
        ...

    def share(self) -> float | None:
        """How much of the table has been read, 0 to 1; None where its size is not known."""
        ...


@contextmanager
def open_cases(path: str) -> Iterator[CaseSource]:
    """Open a case table. Raises `TableError` where it cannot be read or its columns are ambiguous."""
    if path == STANDARD:
        if sys.stdin is None:
            raise TableError("standard input is closed")
        yield CsvCases(sys.stdin.buffer, "standard input", lambda: None)
        return
    ending = ending_of(path, "read")
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed by the `with` below
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {_why(error)}") from error
    with file:
        if ending == ".parquet":
            yield ParquetCases(file, path)
            return
        size = os.fstat(file.fileno()).st_size if file.seekable() else 0
        with _unpacked(file, ending) as stream:
            yield CsvCases(stream, path, lambda: min(file.tell() / size, 1.0) if size else None)


def _unpacked(file: IO[bytes], ending: str) -> IO[bytes]:
    if ending == ".csv.gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    return cast("IO[bytes]", pa.CompressedInputStream(file, "zstd")) if ending == ".csv.zst" else file


def in_batches(parts: Iterable[Part], most: int = BATCH_ROWS) -> Iterator[Part]:
    """The same rows in parts of at most so many."""
    for rows, faults in parts:
        for start in range(0, rows.num_rows, most):
            inside = {row - start: fault for row, fault in faults.items() if start <= row < start + most}
            yield Part(rows.slice(start, most), inside)


class CsvCases:
    """A CSV table: UTF-8 with or without BOM, any line ends, quoted cells, blank lines passed over."""

    def __init__(self, stream: IO[bytes], place: str, share: Callable[[], float | None]) -> None:
        self._place, self._stream, self.share = place, Bytes(stream), share
        header = self._guarded(lambda: read_header(self._stream, place))
        if not header:
            raise TableError(f"{place}: is empty; expected a header line with a column for each finding known")
        other = [name for name in header if any(sign in name for sign in OTHER_SEPARATORS)]
        if other and (len(header) == 1 or CASE_ID not in map(str.strip, header)):
            raise TableError(
                f"{place}: the header has a cell with ; or | or a tab in it, '{printable(other[0])}'; "
                "expected commas between the columns"
            )
        self.names, self.repeated = unique_names(header, place)

    def parts(self, answers: Sequence[str], others: Sequence[str]) -> Iterator[Callable[[], Part]]:
        """See `CaseSource`."""
        layout = Layout(self._place, tuple(self.names), (*answers, *others), frozenset(answers))
        found = blocks(self._stream, layout)
        while (block := self._guarded(lambda: next(found, None))) is not None:
            # a table of many rows is scored by compiled code, so that is imported anyway
            yield (replace(block, layout=_compiled(layout)) if self._stream.line > MANY else block).parse

    def arrow_type(self, name: str) -> pa.DataType:  # noqa: ARG002 - every CSV column is text
        """See `CaseSource`."""
        return pa.string()

    def _guarded(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except UNREADABLE as error:
            raise TableError(f"{self._place}: cannot be read: {_why(error)}") from error


class ParquetCases:
    """A Parquet table: the file at `path`, or a stream that is called by that name."""

    def __init__(self, file: IO[bytes], place: str) -> None:
        try:
            schema = pq.read_schema(file)
        except (OSError, pa.ArrowException) as error:
            raise TableError(f"{place}: cannot be read as Parquet: {error}") from error
        self._file, self._place = file, place
        self.names, self.repeated = unique_names(schema.names, place)
        self._types = dict(zip(self.names, schema.types, strict=True))
        self._stored = dict(zip(self.names, schema.names, strict=True))
        self._read, self._rows = 0, 0

    def parts(self, answers: Sequence[str], others: Sequence[str]) -> Iterator[Callable[[], Part]]:
        """See `CaseSource`."""
        renamed = any(name != stored for name, stored in self._stored.items())
        wanted = self.names if renamed else [*answers, *others]  # columns are asked for by name
        try:
            texts = [self._stored[name] for name in answers if pa.types.is_string(self._types[name])]
            with pq.ParquetFile(self._file, read_dictionary=texts) as file:
                if not wanted:
                    yield from _nameless(file.metadata.num_rows)
                    return
                columns = None if renamed else wanted
                self._rows = file.metadata.num_rows
                for batch in file.iter_batches(BATCH_ROWS, columns=columns):
                    self._read += batch.num_rows
                    rows = pa.Table.from_batches([batch])
                    part = Part(rows.rename_columns(self.names) if renamed else rows)
                    for name in others:
                        part.rows.column(name).validate(full=True)  # texts are copied as they are
                    yield partial(_same, part)
        except (OSError, pa.ArrowException, OverflowError) as error:
            raise TableError(f"{self._place}: cannot be read as Parquet: {error}") from error

    def arrow_type(self, name: str) -> pa.DataType:
        """See `CaseSource`."""
        return self._types[name]

    def share(self) -> float | None:
        """See `CaseSource`."""
        return self._read / self._rows if self._rows else None


def _compiled(layout: Layout) -> Layout:
    """With compiled code for the cells, where there is numba."""
    try:
        from thighdx.fast.scan import numbered, scanned
    except ImportError:
        return layout
    return replace(layout, compiled=Compiled(scanned, numbered))


def _nameless(rows: int) -> Iterator[Callable[[], Part]]:
    """Rows of which nothing is wanted."""
    for start in range(0, rows, BATCH_ROWS):
        part = Part(pa.table({"": pa.nulls(min(BATCH_ROWS, rows - start))}))
        yield partial(_same, part)


def _same(part: Part) -> Part:
    return part


def unique_names(names: Sequence[str], place: str) -> tuple[list[str], tuple[str, ...]]:
    """The column names without outer spaces, and those that are stated more than once.

    Later ones of a name seen before get a number, which makes them no answers. Raises `TableError` where such a name
    is there already.
    """
    seen: dict[str, int] = {}
    result = []
    for position, stated in enumerate(names, start=1):
        name = stated.strip() or f"unnamed_{position}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    repeated = tuple(name for name, times in seen.items() if times > 1)
    if len(set(result)) < len(result):
        raise TableError(f"{place}: column names repeat: {', '.join(map(printable, repeated))}")
    return result, repeated


def refuse_ambiguous(repeated: Sequence[str], answers: Sequence[str], place: str) -> None:
    """Raises `TableError` where a finding has two columns: which of them holds is not ours to say."""
    twice = [name for name in repeated if name in (CASE_ID, *answers)]
    if twice:
        raise TableError(f"{place}: columns stated twice: {', '.join(twice)}; accepted: each finding once")


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
