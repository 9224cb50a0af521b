"""Cells of CSV found and their texts numbered by compiled code: what Arrow does, in a fraction of the time.

Most cells of a case table are empty. So LANES bytes are looked at together, a bit for each says whether it ends a cell,
and only cells with something in them are gone to, their columns counted off the bits (Langdale and Lemire 2019, Parsing
gigabytes of JSON per second, The VLDB Journal 28, do so with JSON). All loops stand in this one module, because numba
compiles anew only when the module that holds the called function changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from thighdx.fast.compiling import entry, part
from thighdx.scoring.columns import small_numbers, strings

LANES = 32  # bytes looked at together
MOST, LONGEST = 64, LANES  # texts of a column beside the empty one, and bytes of one; a column with more stays strings
SLOTS = 256
UNWANTED = -1

U = np.uint64
NONE, ONE, ALL = U(0), U(1), ~U(0)
WIDTH, HIGHEST = U(LANES), U(LANES - 1)
Bytes = NDArray[np.uint8]
Offsets = NDArray[np.int32]
COMMA, FEED, RETURN = (np.full(2 * LANES, ord(sign), np.uint8) for sign in ",\n\r")


class Known(NamedTuple):
    """The texts known of each column; number 0 is the empty one and is looked up nowhere.

    texts: (1 + columns x (MOST + 1), LONGEST), flat; the first is no text, so that there is something before each.
    sizes: (columns x (MOST + 1),). counts: (columns,), of texts. slots: (columns x SLOTS,), the number of a text that
    may be looked for there, 0 where there is none.
    """

    texts: Bytes
    sizes: NDArray[np.uint64]
    counts: NDArray[np.uint64]
    slots: Bytes


class Wanted(NamedTuple):
    """What becomes of the cells; all but `kinds` is 0 at first.

    kinds: (columns + 1,), which of the numbered columns it is, or, from there on, of those kept as strings, or
    UNWANTED; the last one is for whatever lies past the last column. codes: (numbered, rows). begins, ends: (kept,
    rows), where in the data a cell lies.
    """

    kinds: NDArray[np.int64]
    known: Known
    codes: Bytes
    begins: Offsets
    ends: Offsets


def scanned(data: bytes, names: Sequence[str], wanted: Sequence[str], coded: Collection[str]) -> pa.Table | None:
    """The wanted columns of whole records in which nothing is quoted, the coded ones as dictionaries of their texts.

    Blank lines are passed over, but in a table of one column, where each is an empty cell. None where a row has too
    few or too many cells, or the data are too short. A coded column of many or long texts is one of strings. The data
    are UTF-8, which is not looked at here, and below 2 GB.
    """
    if len(data) < LANES:
        return None
    few, kept = [name for name in wanted if name in coded], [name for name in wanted if name not in coded]
    found = _columns(data, names, few, kept)
    if found is None:
        return None
    missing = [name for name in few if name not in found]
    if missing:
        found |= _columns(data, names, [], missing) or {}
    return pa.Table.from_arrays([found[name] for name in wanted], names=list(wanted))


def _columns(data: bytes, names: Sequence[str], few: Sequence[str], kept: Sequence[str]) -> dict[str, pa.Array] | None:
    """The columns `few` as dictionaries, those of many or long texts left out, and `kept` as strings."""
    signs, most = np.frombuffer(data, np.uint8), 1 + len(data) // len(names)  # rows; room not touched costs nothing
    place = {name: number for number, name in enumerate((*few, *kept))}
    kinds = np.array([*(place.get(name, UNWANTED) for name in names), UNWANTED])
    known, codes = _nothing_known(len(few)), np.zeros((len(few), most), np.uint8)
    begins, ends = np.zeros((2, len(kept), most), np.int32)
    rows = _scan(signs, Wanted(kinds, known, codes, begins, ends))
    if rows < 0:
        return None
    numbered = set(kinds.tolist())  # without those given up
    columns = {name: _dictionary(codes[at, :rows], known, at) for at, name in enumerate(few) if at in numbered}
    for name, first, last in zip(kept, begins, ends, strict=True):
        columns[name] = _strings(signs, first[:rows], last[:rows])
    return columns


def numbered(column: pa.ChunkedArray) -> pa.DictionaryArray | None:
    """A column of strings as a dictionary of its texts; None where they are many or long.

    Nulls are not looked at: every cell is a text.
    """
    codes, filled = np.zeros(len(column), np.uint8), np.empty(len(column) + 1, dtype=np.int32)
    known, at = _nothing_known(1), 0
    for chunk in column.chunks:
        _, ends, data = chunk.buffers()
        if len(chunk) and ends is not None:
            inside = np.frombuffer(ends, dtype=np.int32)[chunk.offset :][: len(chunk) + 1]
            signs = np.frombuffer(data or b"", dtype=np.uint8)
            signs = np.pad(signs, (0, LANES)) if len(signs) < LANES else signs
            if not _number(_read_only(inside), _read_only(signs), codes[at:], filled, known):
                return None
        at += len(chunk)
    return _dictionary(codes, known, 0)


def _read_only(values: NDArray[Any]) -> NDArray[Any]:
    """The same; what may be written to is for numba a type of its own, to be compiled anew."""
    values.flags.writeable = False
    return values


def _nothing_known(columns: int) -> Known:
    texts = np.zeros((1 + columns * (MOST + 1)) * LONGEST, np.uint8)
    sizes, counts = np.zeros(columns * (MOST + 1), np.uint64), np.zeros(columns, np.uint64)
    return Known(texts, sizes, counts, np.zeros(columns * SLOTS, np.uint8))


def _dictionary(codes: Bytes, known: Known, column: int) -> pa.DictionaryArray:
    first = column * (MOST + 1)
    numbers = range(first, first + 1 + int(known.counts[column]))
    texts = known.texts.reshape(-1, LONGEST)[1:]
    found = [texts[at, : int(known.sizes[at])].tobytes().decode() for at in numbers]
    return pa.DictionaryArray.from_arrays(small_numbers(codes), strings(found), safe=False)


def _strings(signs: Bytes, begins: Offsets, ends: Offsets) -> pa.Array:
    offsets = np.zeros(len(begins) + 1, np.int32)
    np.cumsum(ends - begins, out=offsets[1:])
    texts = np.empty(offsets[-1], np.uint8)
    _copy(signs, begins, offsets, texts)
    return pa.Array.from_buffers(pa.string(), len(begins), [None, pa.py_buffer(offsets), pa.py_buffer(texts)])


# ------------------------------------------------------------------------------------------------------ bits of bytes


def _counted(define: Callable[[Any, Any], Any]) -> Any:
    """A count of the bits of a whole number, in LLVM's terms."""

    def count(_typing: Any, bits: Any) -> Any:
        return bits(bits), lambda _context, builder, _signature, given: define(builder, given[0])

    return intrinsic(count)


_count = _counted(lambda builder, bits: builder.ctpop(bits))
_zeros_below = _counted(lambda builder, bits: builder.cttz(bits, ir.Constant(ir.IntType(1), 0)))
_zeros_above = _counted(lambda builder, bits: builder.ctlz(bits, ir.Constant(ir.IntType(1), 0)))


def _define_alike(_typing: Any, left: Any, at: Any, right: Any, start: Any) -> Any:
    """A bit for each of LANES bytes, set where it is the same from `at` on in `left` as from `start` on in `right`."""

    def generate(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        def lanes(array_type: Any, array: Any, index: Any) -> Any:
            place = builder.gep(context.make_array(array_type)(context, builder, value=array).data, [index])
            line = ir.VectorType(ir.IntType(8), LANES)
            return builder.load(builder.bitcast(place, line.as_pointer()), align=1)

        same = builder.icmp_unsigned("==", lanes(left, *given[:2]), lanes(right, *given[2:]))
        return builder.zext(builder.bitcast(same, ir.IntType(LANES)), ir.IntType(64))

    return types.uint64(left, at, right, start), generate


_alike: Any = intrinsic(_define_alike)


@part
def _same(data: Bytes, first: np.uint64, other: Bytes, start: np.uint64) -> np.uint64:
    """`_alike` that reads nothing past the end of the data; bits there are not set."""
    back = max(first + WIDTH, U(len(data))) - U(len(data))
    bits: np.uint64 = _alike(data, first - back, other, start - back) >> back
    return bits


# ----------------------------------------------------------------------------------------------------------- the loops


@entry
def _scan(data: Bytes, wanted: Wanted) -> int:
    """Fill the wanted columns; a numbered one of many or long texts is UNWANTED from then on. How many rows there are.

    -1 where one has too few or too many cells. The data are LANES bytes at least.
    """
    kinds, past, known = wanted.kinds, U(len(wanted.kinds) - 1), wanted.known
    codes, begins, ends = wanted.codes.reshape(-1), wanted.begins.reshape(-1), wanted.ends.reshape(-1)
    numbered, room, size = U(wanted.codes.shape[0]), U(wanted.codes.shape[1]), U(len(data))
    unfinished = U(data[size - ONE] != FEED[0]) & U(data[size - ONE] != RETURN[0])  # the last line
    rows, row = 0, NONE
    at = cells = begin = NONE  # cells of the row that have ended; where the next one begins
    after_end, after_return = ONE, NONE
    while at <= size:
        feeds, returns = _same(data, at, FEED, WIDTH), _same(data, at, RETURN, WIDTH)
        second = feeds & (returns << ONE | after_return)  # of a line end of two signs
        lines = feeds & ~second | returns
        if at + WIDTH > size:
            lines |= unfinished << (size - at)
        stops = lines | _same(data, at, COMMA, WIDTH)
        outside = stops | second
        filled = stops & ~(outside << ONE | after_end)
        left = filled | lines
        while left != NONE:
            sign = left & (~left + ONE)
            below = sign - ONE
            left ^= sign
            column = cells + _count(stops & below)
            kind = kinds[min(column, past)]
            if filled & sign and kind >= 0:
                kind = U(kind)
                before = outside & below
                first = begin if before == NONE else at + U(64) - _zeros_above(before)
                stop = at + _zeros_below(sign)
                if kind < numbered:
                    number = _known(data, first, stop - first, known, kind)
                    if number == NONE:
                        number = _learn(data, first, stop - first, known, kind)
                    codes[kind * room + row] = number
                    if number == NONE:
                        kinds[column] = UNWANTED
                else:
                    place = (kind - numbered) * room + row
                    begins[place], ends[place] = first, stop
            if lines & sign:
                if column != NONE or filled & sign or past == ONE:  # no blank line
                    if column + ONE != past:
                        return -1
                    rows += 1
                    row += ONE
                cells = NONE - _count(stops & (below | sign))
        cells += _count(stops)
        begin = begin if outside == NONE else at + U(64) - _zeros_above(outside)
        after_end, after_return = outside >> HIGHEST, returns >> HIGHEST
        at += WIDTH
    return rows


@entry
def _number(ends: Offsets, data: Bytes, codes: Bytes, filled: Offsets, known: Known) -> bool:
    """The numbers of the texts between `ends` into `codes`, which are 0. Whether they are few and short.

    filled: room for the places of the cells that are not empty. Most cells are, so they are set apart without a branch.
    """
    cells, full = U(len(ends) - 1), NONE
    for cell in range(cells):
        filled[full] = cell
        full += U(ends[cell + ONE] > ends[cell])
    for place in range(full):
        at = U(filled[place])
        first = U(ends[at])
        size = U(ends[at + ONE]) - first
        number = _known(data, first, size, known, NONE)
        if number == NONE:
            number = _learn(data, first, size, known, NONE)
        if number == NONE:
            return False
        codes[at] = number
    return True


@entry
def _copy(data: Bytes, begins: Offsets, offsets: Offsets, texts: Bytes) -> None:
    """The cells that begin in the data at `begins` into `texts`, one behind the other."""
    for row in range(U(len(begins))):
        first, to = U(begins[row]), U(offsets[row])
        for place in range(U(offsets[row + ONE]) - to):
            texts[to + place] = data[first + place]


@part
def _known(data: Bytes, first: np.uint64, size: np.uint64, known: Known, column: np.uint64) -> np.uint64:
    """The number of a text that is not empty, 0 where it is not in the slot where it is looked for first."""
    number: np.uint64 = _in_slot(_slot(data, first, size), data, first, size, known, column)
    return number


@part
def _slot(data: Bytes, first: np.uint64, size: np.uint64) -> np.uint64:
    return (size * U(37) + U(data[first]) * U(5) + U(data[first + size - ONE])) % U(SLOTS)


@part
def _in_slot(
    slot: np.uint64, data: Bytes, first: np.uint64, size: np.uint64, known: Known, column: np.uint64
) -> np.uint64:
    """The number in a slot if it is the text's, to the last byte, else 0; without a branch."""
    number = U(known.slots[column * U(SLOTS) + slot])
    text = column * U(MOST + 1) + number
    same = _same(data, first, known.texts, (text + ONE) * U(LONGEST)) | ALL << min(size, WIDTH)
    return number * U(same == ALL) * U(bool(known.sizes[text] == size))


@part
def _learn(data: Bytes, first: np.uint64, size: np.uint64, known: Known, column: np.uint64) -> np.uint64:
    """The number of a text that is not empty, from now on if it is new; 0 where it is too long or one too many."""
    slot = _slot(data, first, size)
    while known.slots[column * U(SLOTS) + slot] != 0:
        number: np.uint64 = _in_slot(slot, data, first, size, known, column)
        if number != NONE:
            return number
        slot = (slot + ONE) % U(SLOTS)
    if known.counts[column] == U(MOST) or size > U(LONGEST):
        return NONE
    number = known.counts[column] + ONE
    text = column * U(MOST + 1) + number
    known.counts[column], known.slots[column * U(SLOTS) + slot], known.sizes[text] = number, number, size
    for sign in range(size):
        known.texts[(text + ONE) * U(LONGEST) + sign] = data[first + sign]
    return number
