"""Expected counts of levels and states inside a block, given cause and evidence (the E step)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thighdx.engine import log_sum
from thighdx.learning.blocks import PAIRS_AT_ONCE, Block, Pairs, Stock
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


def expected_of(stock: Stock, block: Block, tables: Tables, pairs: Pairs) -> Expected:
    """The expected counts of a block, exact: P(level | cause, pattern) summed over patterns."""
    causes, count = len(tables.causes), len(tables.mechanisms[block.mechanism].levels)
    levels, total = np.zeros((causes, count)), 0.0
    by_cell = {finding: np.zeros((len(stock.likelihood[finding]), causes, count)) for finding in block.findings}
    for start in range(0, len(pairs.cases), PAIRS_AT_ONCE):
        pattern, cause, cases = pairs.part(start, start + PAIRS_AT_ONCE)
        logs = stock.levels(tables, block, pattern, cause)
        evidence = log_sum(logs)
        possible = np.isfinite(evidence)
        share = np.exp(logs - np.where(possible, evidence, 0.0)[:, None]) * (cases * possible)[:, None]
        known = slice(max(0, len(block.known.cases) - start))  # they come first
        total += float((cases * np.where(possible, evidence, 0.0))[known].sum())
        levels += counted(cause, share, (causes,))
        for place, finding in enumerate(block.findings):
            cell = block.patterns[pattern, place].astype(np.intp)
            shape = by_cell[finding].shape[:2]
            by_cell[finding] += counted(cell * causes + cause, share, shape)
    states = {}
    for finding, cells in by_cell.items():
        on = stock.parent[finding] == block.mechanism
        given, likelihood = tables.findings[finding].given[block.mechanism], stock.likelihood[finding]
        told = np.einsum("as,cls->acl", likelihood, given)
        per = np.divide(cells, told, out=np.zeros_like(cells), where=(cells > 0) & (told > 0))
        per[0] = 0.0  # what is not known says nothing of states
        states[finding] = given * np.einsum("acl,as->cls", per, likelihood) * on[:, None, None]
    return Expected(levels, states, total)
