"""What happened to the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from thighdx.scoring.columns import as_numpy

WATCHED_IDS = 1_000_000  # repeated ids are looked for within this many rows; bounds memory


@dataclass
class Tally:
    """What happened to the rows, and how many cells and rows could not be read."""

    rows: int = 0
    not_scored: int = 0
    problems: int = 0
    repeated_ids: int = 0
    first_repeated: str = ""
    _ids: list[pa.Array] = field(default_factory=list)

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
        ids = pa.chunked_array(self._ids, pa.string()).combine_chunks()
        order = as_numpy(ids.dictionary_encode().indices)  # an id seen first has the next number
        new = np.diff(np.maximum.accumulate(order), prepend=-1) > 0
        self.repeated_ids = len(order) - int(new.sum())
        if self.repeated_ids:
            self.first_repeated = ids[int(np.argmin(new))].as_py()
