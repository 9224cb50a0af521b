"""What is known of many cases, as arrays: the form the engine takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOT_KNOWN = 0  # the code of an empty cell; state s has code s + 1


@dataclass(frozen=True)
class Evidence:
    """The answers of `cases` cases to `findings` findings.

    codes: uint8, (cases, findings), 0 = not known or given as a likelihood below, s + 1 = state s.
    soft_case, soft_finding: (k,), where a cell is virtual evidence or one of several states.
    soft_likelihood: float64, (k, most states), its likelihood of each state, 0 past the finding's own states.
    """

    codes: NDArray[np.uint8]
    soft_case: NDArray[np.intp]
    soft_finding: NDArray[np.intp]
    soft_likelihood: NDArray[np.float64]

    @property
    def cases(self) -> int:
        """Number of cases."""
        return int(self.codes.shape[0])

    def take(self, cases: NDArray[np.intp]) -> Evidence:
        """Some of the cases, each at most once, in the order asked for."""
        place = np.full(self.cases, -1, dtype=np.intp)
        place[cases] = np.arange(len(cases))
        kept = place[self.soft_case] >= 0
        return Evidence(
            self.codes[cases], place[self.soft_case[kept]], self.soft_finding[kept], self.soft_likelihood[kept]
        )


def evidence(
    codes: NDArray[np.uint8], soft: Sequence[tuple[int, int, Sequence[float]]] = (), *, most_states: int = 0
) -> Evidence:
    """An `Evidence` from codes and a list of soft cells (case, finding, likelihood of each state)."""
    likelihood = np.zeros((len(soft), max([most_states, *(len(cell[2]) for cell in soft)])))
    for position, (_, _, values) in enumerate(soft):
        likelihood[position, : len(values)] = values
    return Evidence(
        codes,
        np.array([cell[0] for cell in soft], dtype=np.intp),
        np.array([cell[1] for cell in soft], dtype=np.intp),
        likelihood,
    )
