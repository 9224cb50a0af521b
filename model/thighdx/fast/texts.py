"""Columns of few different texts, each text numbered: what Arrow's dictionaries do, in a fifth of the time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from thighdx.fast.compiling import entry, part
from thighdx.scoring.columns import strings, whole_numbers

MOST, LONGEST = 64, 32  # different texts of a column, and bytes of one; a column with more is left to Arrow
SLOTS, NO_TEXT = 256, 255

U = np.uint64


class _Known(NamedTuple):
    """The texts known of a column, flat. texts: MOST x LONGEST bytes. sizes: (MOST,). slots: a text's likely number."""

    texts: NDArray[np.uint8]
    sizes: NDArray[np.uint64]
    slots: NDArray[np.uint8]


def numbered(column: pa.ChunkedArray) -> pa.DictionaryArray | None:
    """A column of strings as a dictionary of its texts in order of appearance; None where they are many or long.

    Nulls are not looked at: every cell is a text.
    """
    codes, filled = np.empty(len(column), dtype=np.int32), np.empty(len(column) + 1, dtype=np.int32)
    known = _Known(np.zeros(MOST * LONGEST, np.uint8), np.zeros(MOST, np.uint64), np.full(SLOTS, NO_TEXT, np.uint8))
    count = at = 0
    for chunk in column.chunks:
        _, ends, data = chunk.buffers()
        if len(chunk) and ends is not None:
            inside = np.frombuffer(ends, dtype=np.int32)[chunk.offset :][: len(chunk) + 1]
            count = _number(inside, np.frombuffer(data or b"", dtype=np.uint8), codes[at:], filled, known, count)
            if count < 0:
                return None
        at += len(chunk)
    texts = known.texts.reshape(MOST, LONGEST)
    found = [texts[number, : int(known.sizes[number])].tobytes().decode() for number in range(count)]
    return pa.DictionaryArray.from_arrays(whole_numbers(codes), strings(found), safe=False)


@entry
def _number(
    ends: NDArray[np.int32],
    data: NDArray[np.uint8],
    codes: NDArray[np.int32],
    filled: NDArray[np.int32],
    known: _Known,
    count: int,
) -> int:
    """The numbers of the texts between `ends` into `codes`. How many of `known` there are then, from `count`, or -1.

    filled: room for the places of the cells that are not empty. Most cells are, so they are set apart without a branch.
    """
    cells, full = U(len(ends) - 1), U(0)
    for cell in range(cells):
        filled[full] = cell
        full += U(ends[cell + U(1)] > ends[cell])
    if full < cells:
        empty = _find(data, U(0), U(0), known, count)
        if empty == count:
            count = _learn(data, U(0), U(0), known, count)
        if count < 0:
            return -1
        codes[:cells] = empty
    for place in range(full):
        at = U(filled[place])
        first = U(ends[at])
        size = U(ends[at + U(1)]) - first
        found = int(known.slots[_slot(data, first, size)])
        if found == NO_TEXT or not _is(data, first, size, known, U(found)):
            found = _find(data, first, size, known, count)
            if found == count:
                count = _learn(data, first, size, known, count)
            if count < 0:
                return -1
        codes[at] = found
    return count


@part
def _slot(data: NDArray[np.uint8], first: np.uint64, size: np.uint64) -> np.uint64:
    """Where the number of a text that is not empty is looked for first."""
    return (size * U(37) + U(data[first]) * U(5) + U(data[first + size - U(1)])) % U(SLOTS)


@part
def _is(data: NDArray[np.uint8], first: np.uint64, size: np.uint64, known: _Known, number: np.uint64) -> bool:
    """Whether a text is a known one, to the last byte."""
    if known.sizes[number] != size:
        return False
    differs, start = np.uint8(0), number * U(LONGEST)
    for place in range(size):
        differs |= known.texts[start + place] ^ data[first + place]
    return bool(differs == 0)


@part
def _find(data: NDArray[np.uint8], first: np.uint64, size: np.uint64, known: _Known, count: int) -> int:
    """The number of a text, `count` where it is not known."""
    for number in range(count):
        if _is(data, first, size, known, U(number)):
            return number
    return count


@part
def _learn(data: NDArray[np.uint8], first: np.uint64, size: np.uint64, known: _Known, count: int) -> int:
    """Take a text up as number `count`. How many there are then, or -1 where it is too long or one too many."""
    if count == MOST or size > U(LONGEST):
        return -1
    start = U(count) * U(LONGEST)
    for place in range(size):
        known.texts[start + place] = data[first + place]
    known.sizes[U(count)] = size
    if size > U(0):
        known.slots[_slot(data, first, size)] = count
    return count + 1
