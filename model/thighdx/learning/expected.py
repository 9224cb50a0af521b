"""Expected counts of levels and states inside a block, given cause and evidence (the E step)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from thighdx.learning.blocks import PAIRS_AT_ONCE, Block, Stock
from thighdx.learning.network import counted
from thighdx.rows import Array
from thighdx.tables import Tables


@dataclass(frozen=True)
class Expected:
    """Of one block.

    levels: expected cases by cause and level, (causes, levels), of cases that answer something of the block.
    states: finding -> expected answers by cause, level and state, (causes, levels, states), of those that answer it.
    log_likelihood: of the cases of known cause, log P(pattern | cause).
    """

    levels: Array
    states: dict[int, Array]
    log_likelihood: float


def expected_of(stock: Stock, block: Block, tables: Tables, weight: Array, *, known: bool = True) -> Expected:
    """The expected counts of a block, exact: P(level | cause, pattern) summed over patterns.

    weight: (columns, causes), expected cases of unknown cause; `known` takes those of known cause too.
    """
    causes, count = len(tables.causes), len(tables.mechanisms[block.mechanism].levels)
    sums = _Sums(
        np.zeros((causes, count)),
        {finding: np.zeros((len(stock.likelihood[finding]), causes, count)) for finding in block.findings},
    )
    total = _add_known(stock, block, tables, sums) if known else 0.0
    _add_open(stock, block, tables, weight, sums)
    states = {}
    for finding, cells in sums.by_cell.items():
        on = stock.parent[finding] == block.mechanism
        given, likelihood = tables.findings[finding].given[block.mechanism], stock.likelihood[finding]
        told = np.einsum("as,cls->acl", likelihood, given)
        per = np.divide(cells, told, out=np.zeros_like(cells), where=(cells > 0) & (told > 0))
        per[0] = 0.0  # what is not known says nothing of states
        states[finding] = given * np.einsum("acl,as->cls", per, likelihood) * on[:, None, None]
    return Expected(sums.levels, states, total)


class _Sums(NamedTuple):
    """Expected cases by cause and level, (causes, levels), and the same by cell of each finding in front."""

    levels: Array
    by_cell: dict[int, Array]


def _add_known(stock: Stock, block: Block, tables: Tables, sums: _Sums) -> float:
    """Add the cases of known cause. Returns their log-likelihood."""
    total, causes = 0.0, len(tables.causes)
    for start in range(0, len(block.known.cases), PAIRS_AT_ONCE):
        pattern, cause, cases = block.known.part(start, start + PAIRS_AT_ONCE)
        share = stock.levels(tables, block, pattern, cause)
        evidence = share.sum(axis=1)
        possible = evidence > 0
        total += float((cases[possible] * np.log(evidence[possible])).sum())
        share *= np.divide(cases, evidence, out=np.zeros_like(cases), where=possible)[:, None]
        sums.levels[:] += counted(cause, share, (causes,))
        for place, finding in enumerate(block.findings):
            into = sums.by_cell[finding]
            cell = block.patterns[pattern, place].astype(np.intp)
            into += counted(cell * causes + cause, share, into.shape[:2])
    return total


def _add_open(stock: Stock, block: Block, tables: Tables, weight: Array, sums: _Sums) -> None:
    """Add the cases of unknown cause, each by its share of every cause."""
    step = max(1, PAIRS_AT_ONCE // len(tables.causes))
    for start in range(0, len(block.open), step):
        pattern = block.open[start : start + step]
        share = stock.levels_of_all(tables, block, pattern)
        evidence, cases = share.sum(axis=2), weight[block.first + pattern]
        share *= np.divide(cases, evidence, out=np.zeros_like(cases), where=evidence > 0)[:, :, None]
        sums.levels[:] += share.sum(axis=0)
        flat = share.reshape(len(pattern), -1)
        sizes = [len(stock.likelihood[finding]) for finding in block.findings]
        firsts = np.cumsum([0, *sizes])
        # a row for each cell of each finding, 1 at the patterns that have it
        has = np.zeros((int(firsts[-1]), len(pattern)))
        has[block.patterns[pattern].T.astype(np.intp) + firsts[:-1, None], np.arange(len(pattern))] = 1.0
        met = has @ flat
        for first, size, finding in zip(firsts[:-1].tolist(), sizes, block.findings, strict=True):
            into = sums.by_cell[finding]
            into += met[first : first + size].reshape(into.shape)
