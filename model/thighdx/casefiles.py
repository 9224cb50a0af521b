"""Case tables on disk: read in chunks, written whole or not at all. CSV and Parquet, by the file's ending."""

from __future__ import annotations

import csv
import io
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from thighdx.cells import is_number
from thighdx.errors import TableError, one_of

if TYPE_CHECKING:
    import pyarrow as pa

STANDARD = "-"  # standard input or output, as CSV
CHUNK_ROWS = 16_384  # rows read, scored and written at once; bounds memory whatever the size of the table
LARGEST_CELL = 2**20  # characters; a longer field is an unclosed quote more often than data
RUNS_IN_SPREADSHEETS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last four are full-width
OTHER_SEPARATORS = (";", "\t")
ENDINGS = (".csv", ".parquet")


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows: columns of equal length, and what is wrong with whole rows (row within the chunk -> what)."""

    count: int
    columns: Mapping[str, Sequence[Any]]
    row_faults: Mapping[int, str] = field(default_factory=dict)


class CaseSource(Protocol):
    """A case table that can be read once, from start to end."""

    names: list[str]

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in order."""
        ...

    def arrow_type(self, name: str) -> pa.DataType:
        """The column's type in Parquet output."""
        ...


@contextmanager
def open_cases(path: str) -> Iterator[CaseSource]:
    """Open a case table. Raises `TableError` where it cannot be read or its columns are ambiguous."""
    if path == STANDARD:
        yield CsvCases(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline=""), "standard input")
    elif _ending(path, "read") == ".parquet":
        yield ParquetCases(path)
    else:
        try:
            stream = Path(path).open(encoding="utf-8-sig", newline="")  # noqa: SIM115 - closed by the `with` below
        except OSError as error:
            raise TableError(f"{path}: cannot be read: {error.strerror}") from error
        with stream:
            yield CsvCases(stream, path)


class CsvCases:
    """A CSV table: UTF-8 with or without BOM, any line ends, quoted cells, blank lines passed over."""

    def __init__(self, stream: IO[str], place: str) -> None:
        self._place = place
        csv.field_size_limit(LARGEST_CELL)
        self._rows = csv.reader(stream, strict=True)
        header = next((row for row in self._guarded() if row), None)
        if header is None:
            raise TableError(f"{place}: is empty; expected a header line with a column for each finding known")
        if len(header) == 1 and any(sign in header[0] for sign in OTHER_SEPARATORS):
            raise TableError(
                f"{place}: the header is one cell with ; or a tab in it; expected commas between the columns"
            )
        self.names = _unique(header, place)

    def chunks(self) -> Iterator[Chunk]:
        """See `CaseSource`."""
        width = len(self.names)
        rows = (row or [""] for row in self._guarded() if row or width == 1)
        while block := list(islice(rows, CHUNK_ROWS)):
            faults = {
                number: f"has {len(row)} cells, the header {width}"
                for number, row in enumerate(block)
                if len(row) != width
            }
            for number in faults:
                block[number] = (block[number] + [""] * width)[:width]
            columns = dict(zip(self.names, zip(*block, strict=True), strict=True))
            yield Chunk(len(block), columns, faults)

    def arrow_type(self, name: str) -> pa.DataType:  # noqa: ARG002 - every CSV column is text
        """See `CaseSource`."""
        import pyarrow as pa

        return pa.string()

    def _guarded(self) -> Iterator[list[str]]:
        try:
            yield from self._rows
        except UnicodeDecodeError as error:
            line = self._rows.line_num + 1
            raise TableError(
                f"{self._place}: not UTF-8 near line {line} (byte {error.object[error.start]:#04x})"
            ) from error
        except csv.Error as error:
            raise TableError(f"{self._place}: line {self._rows.line_num}: {error}") from error
        except OSError as error:
            raise TableError(f"{self._place}: cannot be read: {error.strerror}") from error


class ParquetCases:
    """A Parquet table."""

    def __init__(self, path: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise TableError(f"{path}: cannot be read as Parquet: {error}") from error
        self._place = path
        self._schema = self._file.schema_arrow
        self._types = dict(zip(_unique(self._schema.names, path), self._schema.types, strict=True))
        self.names = list(self._types)

    def chunks(self) -> Iterator[Chunk]:
        """See `CaseSource`."""
        import pyarrow as pa

        try:
            for batch in self._file.iter_batches(batch_size=CHUNK_ROWS):
                values = [column.to_pylist() for column in batch.columns]
                yield Chunk(batch.num_rows, dict(zip(self.names, values, strict=True)))
        except (OSError, pa.ArrowException, OverflowError) as error:
            raise TableError(f"{self._place}: cannot be read as Parquet: {error}") from error

    def arrow_type(self, name: str) -> pa.DataType:
        """See `CaseSource`."""
        return self._types[name]


class TableWriter(Protocol):
    """Takes columns, chunk by chunk."""

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows."""
        ...

    def close(self) -> None:
        """Finish what a reader of the table needs."""
        ...


class CsvWriter:
    """CSV output: empty cells for None, numbers to the last digit, copied cells that a spreadsheet would run quoted."""

    def __init__(self, stream: IO[str], names: Sequence[str], copied: frozenset[str]) -> None:
        self._writer = csv.writer(stream, lineterminator="\n")
        self._copied = [name in copied for name in names]
        self._writer.writerow([neutral(name) if copy else name for name, copy in zip(names, self._copied, strict=True)])

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """See `TableWriter`."""
        cells = [
            [neutral(cell) for cell in values] if copied else values
            for values, copied in zip(columns.values(), self._copied, strict=True)
        ]
        self._writer.writerows(zip(*cells, strict=True))

    def close(self) -> None:
        """Nothing is left to do: the stream's owner closes it."""


class ParquetWriter:
    """Parquet output with a fixed schema."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema)

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """See `TableWriter`."""
        import pyarrow as pa

        arrays = [pa.array(values, kind) for values, kind in zip(columns.values(), self._schema.types, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """See `TableWriter`."""
        self._writer.close()


@contextmanager
def open_result(path: str, types: Mapping[str, pa.DataType | type], copied: frozenset[str]) -> Iterator[TableWriter]:
    """A writer for a table with these columns (str, float or an Arrow type); the file appears whole or not at all.

    `copied` are the columns whose cells come from the caller's table. Raises `TableError` where it cannot be written.
    """
    if path == STANDARD:
        yield CsvWriter(sys.stdout, list(types), copied)
        return
    ending = _ending(path, "written")
    with whole_file(Path(path)) as partial:
        if ending == ".parquet":
            writer: TableWriter = ParquetWriter(partial, _arrow_schema(types))
            try:
                yield writer
            finally:
                writer.close()
        else:
            with partial.open("w", encoding="utf-8", newline="") as stream:
                yield CsvWriter(stream, list(types), copied)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to; it takes the name asked for only when the block ends well, and is removed otherwise."""
    try:
        # a name nobody can foresee, readable by nobody else
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        os.close(handle)
        partial = Path(name)
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise TableError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def neutral(cell: object) -> object:
    """A copied cell that a spreadsheet would run as a formula, made text by an apostrophe; plain numbers stay."""
    if isinstance(cell, str) and cell.lstrip().startswith(RUNS_IN_SPREADSHEETS) and not is_number(cell.lstrip("+-")):
        return "'" + cell
    return cell


def check_ending(path: str, doing: str, accepted: Sequence[str] = ENDINGS) -> None:
    """Raises `TableError` for a file with another ending than those accepted (`-` has none)."""
    if path != STANDARD:
        _ending(path, doing, accepted)


def check_distinct(**paths: str | None) -> None:
    """Raises `TableError` where two of the paths, named by what they are for, are one file."""
    seen: dict[Path, str] = {}
    for use, path in paths.items():
        if path is None or path == STANDARD:
            continue
        place = Path(path).resolve()
        if place in seen:
            raise TableError(f"{path}: is named as {seen[place]} and as {use}; accepted: different files")
        seen[place] = use


def _ending(path: str, doing: str, accepted: Sequence[str] = ENDINGS) -> str:
    ending = Path(path).suffix.lower()
    if ending not in accepted:
        found = f"ending '{ending}'" if ending else "a name without an ending"
        raise TableError(f"{path}: {found} cannot be {doing}; use {one_of(accepted)}, or - for CSV")
    return ending


def _arrow_schema(types: Mapping[str, Any]) -> pa.Schema:
    import pyarrow as pa

    plain = {str: pa.string(), float: pa.float64()}
    return pa.schema([(name, plain.get(kind, kind)) for name, kind in types.items()])


def _unique(names: Sequence[str], place: str) -> list[str]:
    """The column names; later ones of a name seen before get a number, which makes them no answers."""
    seen: dict[str, int] = {}
    result = []
    for position, stated in enumerate(names, start=1):
        name = stated.strip() or f"unnamed_{position}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    if len(set(result)) < len(result):
        raise TableError(
            f"{place}: column names repeat: {', '.join(name for name, times in seen.items() if times > 1)}"
        )
    return result
