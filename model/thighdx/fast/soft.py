"""Soft and one-of cells as weighted sums of hard ones: P(e | cause) is linear in each cell's likelihood."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thighdx.evidence import Evidence
from thighdx.rows import Array


class Combinations(NamedTuple):
    """Each combination of the states of a case's soft cells, as a case of hard ones.

    cases: (k,), the cases so told, in order. first: (k,), where each one's combinations begin. codes: (n, findings).
    weight: (n,), the product of the likelihoods.
    """

    cases: NDArray[np.intp]
    first: NDArray[np.intp]
    codes: NDArray[np.uint8]
    weight: Array


def combinations(told: Evidence, most: int) -> Combinations:
    """The combinations of every case that has soft cells, but at least one and at most `most` of them."""
    possible = (told.soft_likelihood > 0).sum(axis=1)
    count = np.zeros(told.cases)
    count[told.soft_case] = 1
    np.multiply.at(count, told.soft_case, possible)
    cases = np.flatnonzero((count >= 1) & (count <= most))
    place = np.full(told.cases, -1, dtype=np.intp)
    place[cases] = np.arange(len(cases))
    cell_case = place[told.soft_case]
    likely_first = np.argsort(told.soft_likelihood <= 0, axis=1, kind="stable")

    owner, codes, weight = np.arange(len(cases)), told.codes[cases], np.ones(len(cases))
    for finding in np.unique(told.soft_finding).tolist():
        cells = np.flatnonzero((told.soft_finding == finding) & (cell_case >= 0))
        cell_of = np.full(len(cases), -1, dtype=np.intp)
        cell_of[cell_case[cells]] = cells
        cell = cell_of[owner]
        copies = np.where(cell >= 0, possible[cell], 1)
        source = np.repeat(np.arange(len(owner)), copies)
        copy = np.arange(len(source)) - np.repeat(np.cumsum(copies) - copies, copies)
        owner, codes, weight, cell = owner[source], codes[source], weight[source], cell[source]
        soft = np.flatnonzero(cell >= 0)
        state = likely_first[cell[soft], copy[soft]]
        codes[soft, finding] = state + 1
        weight[soft] *= told.soft_likelihood[cell[soft], state]
    return Combinations(cases, np.searchsorted(owner, np.arange(len(cases))), codes, weight)
