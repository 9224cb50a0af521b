"""The evidence of many cases as the blocks that the model's independence makes of it.

Given the cause, the findings of a mechanism are one block, and what a block says hangs on nothing but the cause and the
answers inside it (its pattern). Cases share patterns, so likelihoods and expected counts are found once a pattern and
cause, and put together by one sparse product over the cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thighdx.engine import log_sum
from thighdx.learning.answers import CellBook, Cells, Known, Open
from thighdx.rows import Array
from thighdx.tables import Tables

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CASES_AT_ONCE = 65_536
PAIRS_AT_ONCE = 262_144


class Pairs(NamedTuple):
    """Patterns beside causes: (k,) each, and how many cases they stand for."""

    pattern: NDArray[np.intp]
    cause: NDArray[np.intp]
    cases: Array

    def part(self, start: int, stop: int | None = None) -> Pairs:
        """Some of them."""
        return Pairs(self.pattern[start:stop], self.cause[start:stop], self.cases[start:stop])


class Shares(NamedTuple):
    """What the cases of unknown cause say under some tables.

    log_likelihood: of all cases, impossible ones left out. by_cause: expected cases, (causes,). weight, squared: by
    column and cause, (columns, causes), sums of P(cause | e) and of its square.
    """

    log_likelihood: float
    by_cause: Array
    weight: Array
    squared: Array


@dataclass(frozen=True)
class Block:
    """A mechanism's findings and the different patterns of answers to them; (patterns, findings) cells.

    known: patterns of the cases of known cause. open: those that a case of unknown cause has. first: the block's first
    column of the sparse matrix of `Stock`.
    """

    mechanism: int
    findings: tuple[int, ...]
    patterns: Cells
    known: Pairs
    open: NDArray[np.intp]
    first: int


class Stock:
    """All cases, laid out for learning under any numbers of the same network."""

    def __init__(self, tables: Tables, book: CellBook, known: Known, open_: Open) -> None:
        self.likelihood = [book.likelihood(number) for number in range(len(tables.findings))]
        self.parent = np.array([finding.parent for finding in tables.findings]).reshape(-1, len(tables.causes))
        self.may_be = open_.may_be
        self.cases = open_.cases
        # columns of the sparse matrix: the cells of findings that are free under some cause, then patterns of blocks
        free = [number for number, parent in enumerate(self.parent) if (parent == -1).any()]
        sizes = [len(self.likelihood[number]) for number in free]
        self.free = dict(zip(free, np.cumsum([0, *sizes[:-1]]).tolist() if free else [], strict=True))
        columns = [_column(open_.cells[:, n], first) for n, first in self.free.items()]
        next_ = sum(sizes)
        self.blocks: list[Block] = []
        for mechanism in range(len(tables.mechanisms)):
            on = tuple(number for number, finding in enumerate(tables.findings) if mechanism in finding.given)
            block, column = _block(mechanism, on, known, open_, len(tables.causes), next_)
            self.blocks.append(block)
            columns.append(column)
            next_ += len(block.patterns)
        self.columns = next_
        self._column = columns

    @cached_property
    def _matrix(self) -> csr_matrix:
        """A row for each case of unknown cause, 1 at each of its cells and patterns."""
        from scipy.sparse import csr_matrix

        starts, places = [np.zeros(1, dtype=np.int64)], [np.zeros(0, dtype=np.int32)]
        for start in range(0, self.cases, CASES_AT_ONCE):  # a dense table of all cases would be the largest thing here
            place = np.stack([one[start : start + CASES_AT_ONCE] for one in self._column], axis=1)
            told = place >= 0
            places.append(place[told])
            starts.append(told.sum(axis=1))
        where, ends = np.concatenate(places), np.cumsum(np.concatenate(starts))
        return csr_matrix((np.ones(len(where)), where, ends), shape=(self.cases, self.columns))

    def shares(self, tables: Tables) -> Shares:
        """P(cause | e) of the cases of unknown cause, summed up."""
        causes = len(tables.causes)
        weight = np.zeros((self.columns, causes))
        squared, by_cause, total = np.zeros_like(weight), np.zeros(causes), 0.0
        if not self.cases:
            return Shares(total, by_cause, weight, squared)
        with np.errstate(divide="ignore"):
            log_prior = np.log(tables.prior)
        logs = self._logs(tables)
        for start in range(0, self.cases, CASES_AT_ONCE):
            part = self._matrix[start : start + CASES_AT_ONCE]
            joint = np.where(self.may_be[start : start + CASES_AT_ONCE], part @ logs + log_prior, -np.inf)
            evidence = log_sum(joint)
            possible = np.isfinite(evidence)
            share = np.exp(joint - np.where(possible, evidence, 0.0)[:, None])
            total += float(evidence[possible].sum())
            weight += part.T @ share
            squared += part.T @ share**2
            by_cause += share.sum(axis=0)
        return Shares(total, by_cause, weight, squared)

    def likelihoods(self, tables: Tables) -> Array:
        """P(e | cause) of each case of unknown cause, up to a factor, (cases, causes); 0 for causes ruled out."""
        logs, result = self._logs(tables), np.zeros((self.cases, len(tables.causes)))
        for start in range(0, self.cases, CASES_AT_ONCE):
            part = slice(start, start + CASES_AT_ONCE)
            joint = np.where(self.may_be[part], self._matrix[part] @ logs, -np.inf)
            result[part] = np.exp(joint - joint.max(axis=1, keepdims=True))
        return result

    def pairs(self, block: Block, table: Array | None) -> Pairs:
        """Patterns and causes of a block with their cases: known ones, and unknown ones from `weight` or `squared`."""
        if table is None or not self.cases:
            return block.known
        part = table[block.first : block.first + len(block.patterns)]
        pattern, cause = np.nonzero(part > 0)
        both = (np.concatenate(pair) for pair in zip(block.known, (pattern, cause, part[pattern, cause]), strict=True))
        return Pairs(*both)

    def levels(self, tables: Tables, block: Block, pattern: NDArray[np.intp], cause: NDArray[np.intp]) -> Array:
        """P(level, the pattern's answers | cause), (pairs, levels)."""
        result: Array = tables.mechanisms[block.mechanism].prior[cause]
        for place, finding in enumerate(block.findings):
            told = self._told(tables, block, finding)
            result *= told[block.patterns[pattern, place], cause]
        return result

    def levels_of_all(self, tables: Tables, block: Block, pattern: NDArray[np.intp]) -> Array:
        """The same under every cause, (patterns, causes, levels)."""
        prior = tables.mechanisms[block.mechanism].prior
        result = np.broadcast_to(prior, (len(pattern), *prior.shape)).copy()
        for place, finding in enumerate(block.findings):
            result *= self._told(tables, block, finding)[block.patterns[pattern, place]]
        return result

    def _told(self, tables: Tables, block: Block, finding: int) -> Array:
        """P(cell | cause, level), (cells, causes, levels); 1 where not known or the finding is not on the mechanism."""
        on = (self.parent[finding] == block.mechanism)[:, None]
        given = tables.findings[finding].given[block.mechanism]
        # a block has too few answers for their product to underflow
        told = np.where(on, np.tensordot(self.likelihood[finding], given, axes=(1, 2)), 1.0)
        told[0] = 1.0
        return told

    def _logs(self, tables: Tables) -> Array:
        """log P(answer | cause) of each column, (columns, causes)."""
        result = np.zeros((self.columns, len(tables.causes)))
        with np.errstate(divide="ignore"):
            for finding, first in self.free.items():
                told = np.log(self.likelihood[finding] @ tables.findings[finding].rows.T)
                told[0] = 0.0
                result[first : first + len(told)] = np.where(self.parent[finding] == -1, told, 0.0)
        causes = len(tables.causes)
        step = max(1, PAIRS_AT_ONCE // causes)
        for block in self.blocks:
            for start in range(0, len(block.open), step):
                pattern = block.open[start : start + step]
                with np.errstate(divide="ignore"):
                    result[block.first + pattern] = np.log(self.levels_of_all(tables, block, pattern).sum(axis=2))
        return result


def _block(
    mechanism: int, on: tuple[int, ...], known: Known, open_: Open, causes: int, first: int
) -> tuple[Block, NDArray[np.int32]]:
    """A block, and the column of each case of unknown cause, -1 where it answers nothing of the block."""
    mine = np.concatenate([known.cells[:, on], open_.cells[:, on]]) if on else np.zeros((0, 0), dtype=np.uint8)
    if not mine.size:
        nothing = np.zeros(0, dtype=np.intp)
        return (
            Block(
                mechanism,
                on,
                np.zeros((0, len(on)), dtype=np.uint32),
                Pairs(nothing, nothing, np.zeros(0)),
                nothing,
                first,
            ),
            np.full(open_.cases, -1, dtype=np.int32),
        )
    packed = np.ascontiguousarray(mine)
    keys = packed.view(np.dtype((np.void, packed.dtype.itemsize * packed.shape[1]))).ravel()
    _, place, which = np.unique(keys, return_index=True, return_inverse=True)
    patterns, which = packed[place], which.reshape(-1)
    says = patterns.any(axis=1)
    number = np.where(says, np.cumsum(says) - 1, -1)[which]
    of_known, of_open = number[: len(known.cells)], number[len(known.cells) :]
    told = np.flatnonzero(of_known >= 0)
    pair, cases = np.unique(of_known[told] * causes + known.cause[told], return_counts=True)
    pairs = Pairs(pair // causes, pair % causes, cases.astype(np.float64))
    return (
        Block(mechanism, on, patterns[says], pairs, np.unique(of_open[of_open >= 0]), first),
        np.where(of_open >= 0, of_open + first, -1).astype(np.int32),
    )


def _column(cells: Cells, first: int) -> NDArray[np.int32]:
    """The column of each case's cell, -1 where it is not known."""
    return np.where(cells > 0, cells.astype(np.int32) + first, -1).astype(np.int32)
