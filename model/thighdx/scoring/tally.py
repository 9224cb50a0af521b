"""What happened to the rows of a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from thighdx.scoring.columns import as_numpy
from thighdx.suitability import Unsuited

WATCHED_IDS = 1_000_000  # repeated ids are looked for within this many rows; bounds memory
BASE = np.uint64(0x9E3779B97F4A7C15)  # an odd number with bits all over, so that the last digits do not decide
KEY_BYTES = 64  # of an id that its key is made of


@dataclass
class Tally:
    """What happened to the rows, and how many cells and rows could not be read.

    unsuited: in how many of the scored rows the base rates are not meant for the case, and why.
    """

    rows: int = 0
    not_scored: int = 0
    problems: int = 0
    repeated_ids: int = 0
    first_repeated: str = ""
    unsuited: Counter[Unsuited] = field(default_factory=Counter)
    _ids: list[pa.Array] = field(default_factory=list)

    @property
    def scored(self) -> int:
        """Rows with numbers."""
        return self.rows - self.not_scored

    def add(self, ids: pa.Array, problems: int, not_scored: int, *, watch: bool) -> None:
        """Count rows with these ids; `watch` remembers those of the first million rows."""
        left = WATCHED_IDS - self.rows
        if watch and left > 0:
            self._ids.append(ids[:left])
        self.rows += len(ids)
        self.problems += problems
        self.not_scored += not_scored

    def count_repeated(self) -> None:
        """Look for ids seen before among those remembered."""
        keys = np.sort(np.concatenate([np.zeros(0, np.uint64), *map(_keys, self._ids)]))
        if (keys[1:] > keys[:-1]).all():
            return  # texts that differ in their keys differ, and most often all do
        ids = pa.chunked_array(self._ids, pa.string()).combine_chunks()
        order = as_numpy(ids.dictionary_encode().indices)  # an id seen first has the next number
        new = np.diff(np.maximum.accumulate(order), prepend=-1) > 0
        self.repeated_ids = len(order) - int(new.sum())
        if self.repeated_ids:
            self.first_repeated = ids[int(np.argmin(new))].as_py()


def _keys(ids: pa.Array) -> NDArray[np.uint64]:
    """A number for each text, most often another one for another text: its bytes as digits of a number, modulo 2^64."""
    _, offsets, data = ids.buffers()
    ends = np.frombuffer(offsets or b"", np.int32)[ids.offset :][: len(ids) + 1]
    signs = np.frombuffer(data or b"", np.uint8)
    sizes = np.diff(ends)
    keys = np.zeros(len(ids), np.uint64)
    for place in range(min(int(sizes.max(initial=0)), KEY_BYTES)):
        inside = sizes > place
        at = np.minimum(ends[:-1] + place, len(signs) - 1)
        keys = np.where(inside, keys * BASE + signs[at] + np.uint64(1), keys)
    return keys
