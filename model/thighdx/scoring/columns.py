"""Arrow columns as the texts of their cells, each different value looked at once; and arrays as Arrow columns.

Arrow's own `pa.array` imports pandas, which takes a third of a second that the command line does not have; so they are
made of their buffers here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thighdx.cases import cell_text
from thighdx.coded import Coded, coded
from thighdx.rows import Array


def cell_texts(column: pa.Array | pa.ChunkedArray) -> Coded:
    """The texts of a column's cells, as `thighdx.cases.cell_text` gives them; null is empty."""
    array = _one_array(column)
    try:
        encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists and other nested values, which are no cells
        return coded(map(cell_text, array.to_pylist()))
    # one text for each value, and a last one for null
    texts, index = (*map(cell_text, encoded.dictionary.to_pylist()), ""), encoded.indices
    if index.type != pa.uint8() or index.null_count:
        index = pc.cast(index, pa.int32())
    if index.null_count:
        index = pc.fill_null(index, whole_numbers(np.array([len(texts) - 1]))[0])
    return Coded(texts, as_numpy(index))


def as_numpy(whole: pa.Array) -> NDArray[np.integer]:
    """The numbers of an Arrow array of int32 or uint8 without nulls."""
    return np.frombuffer(whole.buffers()[1] or b"", dtype=str(whole.type))[whole.offset :][: len(whole)]


def text_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The texts of a column as an Arrow array of strings; texts are left as they are, outer spaces included."""
    array = _one_array(column)
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pc.fill_null(array.cast(pa.string()), scalar(""))
    return from_coded(cell_texts(array))


def from_coded(texts: Coded) -> pa.Array:
    """An Arrow array of strings."""
    return pa.DictionaryArray.from_arrays(whole_numbers(texts.codes), strings(texts.texts)).cast(pa.string())


def strings(texts: Sequence[str]) -> pa.Array:
    """An Arrow array of strings."""
    data = [text.encode("utf-8", "backslashreplace") for text in texts]
    ends = np.cumsum([0, *map(len, data)]).astype(np.int32)
    return pa.Array.from_buffers(pa.string(), len(data), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(data))])


def scalar(text: str) -> pa.StringScalar:
    """One text as Arrow's functions take it."""
    return strings([text])[0]


def numbers(values: Array, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """An Arrow array of float64, null where `missing`."""
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(pa.float64(), len(values), [valid, pa.py_buffer(np.ascontiguousarray(values))])


def small_numbers(values: NDArray[np.uint8]) -> pa.Array:
    """An Arrow array of uint8."""
    return pa.Array.from_buffers(pa.uint8(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def whole_numbers(values: NDArray[np.integer], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """An Arrow array of int32, null where `missing`."""
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values, dtype=np.int32))
    return pa.Array.from_buffers(pa.int32(), len(values), [valid, data])


def _one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
