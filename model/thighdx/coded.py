"""Many texts of which few differ: each different text once, and which of them every case has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Coded(Sequence[str]):
    """A sequence of texts as `texts[codes]`; codes: whole numbers, (cases,). Not every text need be used."""

    texts: tuple[str, ...]
    codes: NDArray[np.integer]

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> Coded: ...

    def __getitem__(self, row: int | slice) -> str | Coded:
        return Coded(self.texts, self.codes[row]) if isinstance(row, slice) else self.texts[self.codes[row]]

    def __iter__(self) -> Iterator[str]:
        return (self.texts[code] for code in self.codes.tolist())

    def rows_with(self, wanted: Iterable[bool]) -> NDArray[np.bool_]:
        """(cases,), true where the case's text is one of those wanted; `wanted` has an entry for each text."""
        return np.asarray(np.fromiter(wanted, dtype=bool, count=len(self.texts))[self.codes], dtype=bool)


def coded(values: Iterable[str]) -> Coded:
    """The texts of an iterable, each different one once, in order of appearance."""
    seen: dict[str, int] = {}
    codes = np.fromiter((seen.setdefault(value, len(seen)) for value in values), dtype=np.intp)
    return Coded(tuple(seen), codes)


def distinct(keys: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.intp]]:
    """The different keys, sorted, and the place of each case's key among them."""
    values, place = np.unique(keys, return_inverse=True)
    return values, place.reshape(-1)


def always(text: str, cases: int) -> Coded:
    """The same text for every case."""
    return Coded((text,), np.zeros(cases, dtype=np.intp))
