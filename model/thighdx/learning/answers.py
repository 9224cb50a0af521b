"""What cases answered, in a form that learning can go over many times.

A cell is one different answer to a finding: cell 0 is "not known", cell s + 1 the state s, those behind are the soft
and one-of answers that were met. Each is a likelihood of the states, so that one formula serves all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thighdx.evidence import Evidence
from thighdx.rows import Array, floored
from thighdx.tables import Tables

Cells = NDArray[np.unsignedinteger[Any]]
SETTLED = 1e-10  # change of the log posterior per answer at which steps end
MOST_STEPS = 2000


class CellBook:
    """Which cells were met, by finding."""

    def __init__(self, tables: Tables) -> None:
        self._sizes = [len(finding.states) for finding in tables.findings]
        self._rows = [[np.ones(size), *np.eye(size)] for size in self._sizes]
        self._met: list[dict[bytes, int]] = [{} for _ in self._sizes]

    def likelihood(self, finding: int) -> Array:
        """The likelihood of each state given each cell, (cells, states)."""
        return np.array(self._rows[finding])

    def read(self, evidence: Evidence) -> Cells:
        """The cell of every answer, (cases, findings)."""
        cells: Cells = evidence.codes.astype(np.uint32)
        for finding in np.unique(evidence.soft_finding).tolist():
            mine = np.flatnonzero(evidence.soft_finding == finding)
            vectors = evidence.soft_likelihood[mine, : self._sizes[finding]]
            different, which = np.unique(vectors, axis=0, return_inverse=True)
            numbers = np.array([self._number(finding, vector) for vector in different], dtype=np.uint32)
            cells[evidence.soft_case[mine], finding] = numbers[which.reshape(-1)]
        return cells

    def _number(self, finding: int, vector: Array) -> int:
        rows, met = self._rows[finding], self._met[finding]
        number = met.setdefault(vector.tobytes(), len(rows))
        if number == len(rows):
            rows.append(vector)
        return number


class Counts:
    """How often each cell was met under each known cause, by finding."""

    def __init__(self, tables: Tables) -> None:
        self._causes = len(tables.causes)
        self._seen = [np.zeros((self._causes, len(finding.states) + 1)) for finding in tables.findings]

    def add(self, cause: NDArray[np.intp], cells: Cells) -> None:
        """Take cases, (cases,) and (cases, findings)."""
        for finding, mine in enumerate(cells.T):
            size = max(self._seen[finding].shape[1], int(mine.max(initial=0)) + 1)
            found = np.bincount(cause * size + mine, minlength=self._causes * size).reshape(self._causes, size)
            found[:, : self._seen[finding].shape[1]] += self._seen[finding].astype(np.int64)
            self._seen[finding] = found.astype(np.float64)

    def of(self, finding: int, cells: int) -> Array:
        """(causes, cells), 0 for cells not met under a known cause and for cell 0."""
        seen = self._seen[finding]
        result = np.zeros((self._causes, cells))
        result[:, 1 : seen.shape[1]] = seen[:, 1:]
        return result


@dataclass(frozen=True)
class RowAnswers:
    """What rows P(state | cause) of one finding are learnt from, by EM over what soft answers leave open.

    expected: expected answers by cause and state, (causes, states). sure: (causes,), as many answers as they are worth
    that were told for certain: the sum of squared shares. rows: (causes, states). trace: the log posterior before and
    after each step, never falling.
    """

    expected: Array
    sure: Array
    rows: Array
    trace: tuple[float, ...]


def learn_rows(before: Array, weight: Array, seen: Array, likelihood: Array, floor: float) -> RowAnswers:
    """The maximum of the posterior of a finding's rows from answers under known causes.

    before: (causes, states), worth `weight` pseudo-cases, (causes,) (a Dirichlet prior); seen: (causes, cells);
    likelihood: (cells, states). Each answer counts by its own margin, P(answer | cause) = sum_s likelihood[s] row[s],
    whatever else the case answered (see `thighdx.learning`); hard answers alone are counted, in one step. No state
    falls below `floor`. EM: Dempster, Laird and Rubin 1977.
    """
    rows, trace = before, [_log_posterior(before, before, weight, seen, likelihood)]
    scale = float(seen.sum()) + float(weight.sum())
    for _ in range(MOST_STEPS):
        expected = expected_states(rows, seen, likelihood)
        total = weight[:, None] * before + expected
        rows = floored(total / total.sum(axis=1, keepdims=True), floor)
        trace.append(_log_posterior(rows, before, weight, seen, likelihood))
        if trace[-1] - trace[-2] <= SETTLED * scale:
            break
    expected = expected_states(rows, seen, likelihood)
    return RowAnswers(expected, told_for_certain(rows, seen, likelihood), rows, tuple(trace))


def expected_states(rows: Array, met: Array, likelihood: Array) -> Array:
    """Expected states of answers, each by its own margin: rows (causes, states), met (causes, cells), not known = 0."""
    states = rows.shape[1]
    soft = slice(states + 1, None)  # cells before are hard, and count as they are
    expected = met[:, 1 : states + 1].copy()
    if likelihood.shape[0] > states + 1:
        expected += rows * (_per(met[:, soft], rows @ likelihood[soft].T) @ likelihood[soft])
    return expected


def told_for_certain(rows: Array, met: Array, likelihood: Array) -> Array:
    """As many answers as those met are worth that were told for certain: sums of squared shares, (causes,)."""
    tiny = np.finfo(np.float64).tiny
    shares = rows[:, None, :] * likelihood / np.maximum(rows @ likelihood.T, tiny)[:, :, None]
    squares = (shares**2).sum(axis=2)
    squares[:, 0] = 0.0
    return np.asarray((met * squares).sum(axis=1))


def _log_posterior(rows: Array, before: Array, weight: Array, seen: Array, likelihood: Array) -> float:
    stated = float((weight[:, None] * before * np.log(rows)).sum())
    mixed = rows @ likelihood.T
    return stated + float((seen[seen > 0] * np.log(mixed[seen > 0])).sum())


def _per(part: Array, whole: Array) -> Array:
    return np.asarray(np.divide(part, whole, out=np.zeros_like(part), where=part > 0))


@dataclass(frozen=True)
class Open:
    """Cases whose cause is not known for certain: their cells, (cases, findings), and the causes they may have."""

    cells: Cells
    may_be: NDArray[np.bool_]

    @property
    def cases(self) -> int:
        """Number of cases."""
        return len(self.cells)


@dataclass(frozen=True)
class Known:
    """Cases of known cause: their cells, (cases, findings), and cause, (cases,)."""

    cells: Cells
    cause: NDArray[np.intp]


def narrow(cells: Cells) -> Cells:
    """The same cells in as few bytes as hold them; most tables have fewer than 256 different answers to a finding."""
    most = int(cells.max(initial=0))
    return cells.astype(np.uint8 if most < 2**8 else np.uint16 if most < 2**16 else np.uint32)
