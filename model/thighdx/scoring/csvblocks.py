"""CSV in blocks of whole records, each parsed by compiled code or Arrow where it is plain, else by the csv module.

A block is plain when its quotes are well formed (RFC 4180); then a line end with an even number of quotes before it
ends a record, so blocks can be cut there and parsed apart, and all parsers say the same of them. Compiled code takes
those without any quote once there are many rows. Ragged rows, which it and Arrow refuse, and quotes of any other kind
are read, or refused, by the csv module, record by record.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from thighdx.errors import TableError
from thighdx.scoring.columns import strings

BLOCK = 6 * 2**20  # bytes parsed at once: memory that small is used again, not asked for anew
LARGEST_CELL = 2**20  # characters; a longer quoted cell is an unclosed quote more often than data
PIECE = 2**20  # bytes that Arrow takes at a time
CAREFUL = 2**18  # bytes read by the csv module before the next attempt at a plain block
NEAR = 2**16  # bytes that stay in the processor's cache
LINE = 2**12  # bytes looked at for the end of a line at first
LINE_END = re.compile(rb"\r\n|\n|\r")
BOM = b"\xef\xbb\xbf"


class Part(NamedTuple):
    """Consecutive rows of a table, and what is wrong with whole rows (row within the part, from 0 -> what)."""

    rows: pa.Table
    row_faults: Mapping[int, str] = MappingProxyType({})


class Compiled(NamedTuple):
    """Compiled code for the cells of many rows: see `thighdx.fast.scan`. None is given where it does not know better.

    scanned: the wanted columns of a block without quotes. numbered: a column of strings as a dictionary.
    """

    scanned: Callable[[bytes, Sequence[str], Sequence[str], Collection[str]], pa.Table | None]
    numbered: Callable[[pa.ChunkedArray], pa.DictionaryArray | None]


@dataclass(frozen=True)
class Layout:
    """What the blocks of a CSV table share: where it is, all column names in order, and those that are wanted.

    `coded` are the wanted columns of few different texts, which `compiled` turns into dictionaries; without it Arrow
    makes them.
    """

    place: str
    names: tuple[str, ...]
    wanted: tuple[str, ...]
    coded: frozenset[str]
    compiled: Compiled | None = None


@dataclass(frozen=True)
class PlainBlock:
    """Whole records with well-formed quotes, `first_line` being the line they begin at."""

    data: bytes
    first_line: int
    layout: Layout

    def parse(self) -> Part:
        """The rows. Raises `TableError` where they are not UTF-8."""
        _check_utf8(self.data, self.first_line, self.layout.place)
        rows = _scanned(self.data, self.layout)
        if rows is not None:
            return Part(rows)
        try:
            return Part(_by_arrow(self.data, self.layout))
        except pa.ArrowInvalid:
            pieces = list(self._pieces())
        if len(pieces) > 1:
            return _joined([piece.parse() for piece in pieces], self.layout)
        records = list(Records(Bytes(io.BytesIO(self.data), self.first_line), self.layout.place))
        return _by_hand(records, self.layout)

    def _pieces(self) -> Iterator[PlainBlock]:
        """The same records in blocks of some `CAREFUL` bytes, so that few of them share one with a ragged row."""
        at, line = 0, self.first_line
        while at < len(self.data):
            ahead = self.data[at : at + CAREFUL]
            end = plain_records(ahead, whole=at + len(ahead) == len(self.data)) or len(self.data) - at
            piece = self.data[at : at + end]
            yield PlainBlock(piece, line, self.layout)
            at, line = at + end, line + _lines(piece, end)


@dataclass(frozen=True)
class ParsedBlock:
    """Records that the csv module has read."""

    records: Sequence[list[str]]
    layout: Layout

    def parse(self) -> Part:
        """The rows."""
        return _by_hand(self.records, self.layout)


Block = PlainBlock | ParsedBlock


class Bytes:
    """A stream of bytes looked at ahead of where it has been read to.

    `line` is the line that comes next, from 1; `passed` the number of bytes before it; `ended` whether nothing follows
    what was last looked at.
    """

    def __init__(self, stream: IO[bytes], line: int = 1) -> None:
        self._stream, self._held, self._at, self._drained = stream, b"", 0, False
        self.line, self.passed, self.ended = line, 0, False

    def ahead(self, size: int) -> bytes:
        """The next `size` bytes, fewer only where the stream ends. Raises what the stream raises."""
        missing = size - (len(self._held) - self._at)
        if missing > 0 and not self._drained:
            parts = [self._held[self._at :]]
            while missing > 0 and (read := self._stream.read(missing)):
                parts.append(read)
                missing -= len(read)
            self._drained = missing > 0
            self._held, self._at = b"".join(parts), 0
        self.ended = self._drained and len(self._held) - self._at <= size
        return self._held[self._at : self._at + size]

    def skip(self, size: int, lines: int) -> None:
        """Go on by so many bytes, which hold so many line ends."""
        self._at += size
        self.passed += size
        self.line += lines

    def lines(self) -> Iterator[bytes]:
        """The lines that follow, each with its end, skipped as they are given."""
        size = LINE
        while data := self.ahead(size):
            end = LINE_END.search(data)
            if (end is None or end.end() == len(data)) and not self.ended:
                size *= 2  # the line may go on, or its end be the first half of one
                continue
            line = data if end is None else data[: end.end()]
            self.skip(len(line), 1)
            size = LINE
            yield line


class Records:
    """The records of a stream as the csv module reads them: lists of cells, blank lines being empty lists."""

    def __init__(self, stream: Bytes, place: str) -> None:
        self._stream, self._place = stream, place
        csv.field_size_limit(LARGEST_CELL)
        self._reader = csv.reader(self._decoded(), strict=True)

    def __iter__(self) -> Iterator[list[str]]:
        try:
            yield from self._reader
        except csv.Error as error:
            raise TableError(f"{self._place}: line {self._stream.line - 1}: {error}") from error

    def _decoded(self) -> Iterator[str]:
        for line in self._stream.lines():
            _check_utf8(line, self._stream.line - 1, self._place)
            yield line.decode()


def read_header(stream: Bytes, place: str) -> list[str]:
    """The first record that is not blank; none where the stream ends before. A byte-order mark is passed over."""
    if stream.ahead(len(BOM)) == BOM:
        stream.skip(len(BOM), 0)
    return next((record for record in Records(stream, place) if record), [])


def blocks(stream: Bytes, layout: Layout) -> Iterator[Block]:
    """The table's rows after the header, in blocks."""
    while data := stream.ahead(BLOCK):
        end = plain_records(data, whole=stream.ended)
        if end:
            yield PlainBlock(data[:end], stream.line, layout)
            stream.skip(end, _lines(data, end))
        else:
            start, records = stream.passed, []
            reader = iter(Records(stream, layout.place))
            while stream.passed - start < CAREFUL and (record := next(reader, None)) is not None:
                records.append(record)
            yield ParsedBlock(records, layout)


def plain_records(data: bytes, *, whole: bool) -> int:
    """How many bytes, from the start of `data`, are records with well-formed quotes; 0 where that cannot be said.

    `whole`: nothing follows the data, so that its last record may lack a line end.
    """
    quotes = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord('"')) if b'"' in data else np.zeros(0, np.intp)
    end = len(data) if whole and len(quotes) % 2 == 0 else _last_record_end(data, quotes)
    quotes = quotes[: np.searchsorted(quotes, end)]
    return end if _well_formed(data, quotes, end) else 0


def _last_record_end(data: bytes, quotes: NDArray[np.intp]) -> int:
    """Just behind the last line end that is not within quotes."""
    last = len(data) - 1  # a carriage return here may be the first half of a line end
    if not quotes.size:
        return max(data.rfind(b"\n"), data.rfind(b"\r", 0, last)) + 1
    signs = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero((signs == ord("\n")) | (signs == ord("\r")))
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    if outside.size and outside[-1] == last and data.endswith(b"\r"):
        outside = outside[:-1]
    return int(outside[-1]) + 1 if outside.size else 0


def _lines(data: bytes, end: int) -> int:
    """How many lines end before `end`, where all end alike."""
    return _count(data, b"\n", end) or _count(data, b"\r", end)


def _count(data: bytes, sign: bytes, end: int) -> int:
    """How many there are before `end`, in a quarter of the time of `bytes.count`."""
    signs = np.frombuffer(data, dtype=np.uint8, count=end)
    return sum(int(np.count_nonzero(signs[at : at + NEAR] == ord(sign))) for at in range(0, end, NEAR))


def _well_formed(data: bytes, quotes: NDArray[np.intp], end: int) -> bool:
    """Whether quotes begin and end cells, or are doubled within them, and no quoted cell is longer than allowed."""
    if not quotes.size:
        return True
    text = np.frombuffer(data, dtype=np.uint8)
    opening, closing = quotes[::2], quotes[1::2]
    doubled = opening[1:] == closing[:-1] + 1
    edges = np.frombuffer(b",\r\n", dtype=np.uint8)
    begins = np.isin(text[opening - 1], edges) | (opening == 0)
    ends = np.isin(text[np.minimum(closing + 1, end - 1)], edges) | (closing + 1 == end)
    begins[1:] |= doubled
    ends[:-1] |= doubled
    return bool(begins.all() and ends.all() and (closing - opening).max() <= LARGEST_CELL)


def _scanned(data: bytes, layout: Layout) -> pa.Table | None:
    """The wanted columns of a block of which compiled code makes sense."""
    if layout.compiled is None or b'"' in data:
        return None
    return layout.compiled.scanned(data, layout.names, layout.wanted or layout.names[:1], layout.coded)


def _by_arrow(data: bytes, layout: Layout) -> pa.Table:
    """The wanted columns of a plain block. Raises `pa.ArrowInvalid` for a row with too few or too many cells."""
    few = pa.string() if layout.compiled else pa.dictionary(pa.int32(), pa.string())
    wanted = layout.wanted or layout.names[:1]  # Arrow takes no column for all of them
    kinds = {name: few if name in layout.coded else pa.string() for name in wanted}
    # within one piece Arrow keeps a line end of two signs in a quoted cell whole
    piece = len(data) + 1 if b'"' in data else PIECE
    rows = arrow_csv.read_csv(
        pa.BufferReader(data),
        arrow_csv.ReadOptions(column_names=layout.names, use_threads=False, block_size=piece),
        arrow_csv.ParseOptions(newlines_in_values=b'"' in data, ignore_empty_lines=len(layout.names) > 1),
        arrow_csv.ConvertOptions(
            include_columns=wanted, column_types=kinds, strings_can_be_null=False, check_utf8=False
        ),
    )
    if layout.compiled is None:
        return rows
    found = [layout.compiled.numbered(rows.column(name)) if name in layout.coded else None for name in wanted]
    columns = [rows.column(place) if one is None else one for place, one in enumerate(found)]
    return pa.Table.from_arrays(columns, names=list(wanted))


def _by_hand(records: Sequence[list[str]], layout: Layout) -> Part:
    """Rows of cells as a table; a row with too few or too many of them is a fault and keeps those it has."""
    width = len(layout.names)
    rows = [record or [""] for record in records if record or width == 1]
    faults = {
        number: f"has {len(row)} cells, the header {width}" for number, row in enumerate(rows) if len(row) != width
    }
    for number in faults:
        rows[number] = (rows[number] + [""] * width)[:width]
    if not layout.wanted:
        return Part(pa.table({"": pa.nulls(len(rows))}), faults)
    places = [layout.names.index(name) for name in layout.wanted]
    columns = [strings([row[place] for row in rows]) for place in places]
    return Part(pa.Table.from_arrays(columns, names=list(layout.wanted)), faults)


def _joined(parts: Sequence[Part], layout: Layout) -> Part:
    """Consecutive parts as one, all of strings."""
    faults: dict[int, str] = {}
    passed = 0
    for part in parts:
        faults |= {passed + row: fault for row, fault in part.row_faults.items()}
        passed += part.rows.num_rows
    if not layout.wanted:
        return Part(pa.table({"": pa.nulls(passed)}), faults)
    texts = pa.schema([(name, pa.string()) for name in layout.wanted])
    return Part(pa.concat_tables([part.rows.cast(texts) for part in parts]), faults)


def _check_utf8(data: bytes, first_line: int, place: str) -> None:
    if data.isascii():
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = first_line + data.count(b"\n", 0, error.start)
        raise TableError(f"{place}: not UTF-8 near line {line} (byte {data[error.start]:#04x})") from error
