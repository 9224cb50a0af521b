"""Rows and base rates from cases whose cause is not known, or known in part, by EM over the cause.

Free are the base rates and the rows P(state | cause); levels and templates are held. An answer of a case of known
cause, and a pseudo-case of the priors, counts by its own margin; a case of unknown cause counts by everything it
answered at once. Both are cases with something hidden (the level of one answer; cause and levels of all), so that one
M step serves both: with expected answers N[level, state] of a finding under a cause, the maximum over the tilt's
exponents is the tilt of the template to the margins of N, and its margin under the levels is the new row. The log
posterior never falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from thighdx.learning.answers import expected_states, told_for_certain
from thighdx.learning.blocks import Shares, Stock
from thighdx.learning.expected import expected_of
from thighdx.learning.network import Network
from thighdx.rows import Array, floored
from thighdx.tables import Tables, tilt_all

MOST_STEPS = 500
SETTLED = 1e-7  # change of the log posterior per case at which the steps end
MOST_HALVINGS = 8
ROUNDING = 1e-12  # share of an expected log posterior that may be lost to rounding


@dataclass(frozen=True)
class Stated:
    """What is known beside the cases of unknown cause, and what is free.

    rates: pseudo-cases and cases of known cause by cause, (causes,). rows: (causes, states) pseudo-answers of each
    finding, and seen: (causes, cells) answers under known causes. free: (causes,) a finding, which rows are learnt.
    learn_rates: whether base rates are.
    """

    rates: Array
    rows: Sequence[Array]
    seen: Sequence[Array]
    free: Sequence[NDArray[np.bool_]]
    learn_rates: bool


@dataclass(frozen=True)
class FittedRows:
    """Rows and base rates learnt together, in `tables`.

    expected: (causes, states) answers a finding, pseudo-answers not counted; sure: (causes,), as many as they are worth
    that were told for certain. free: (causes,) a finding, which rows were learnt. trace: log posterior, never falling.
    """

    expected: tuple[Array, ...]
    sure: tuple[Array, ...]
    free: tuple[NDArray[np.bool_], ...]
    tables: Tables
    trace: tuple[float, ...]


def with_enough(stated: Stated, stock: Stock, tables: Tables, fewest: float) -> Stated:
    """The same, free being the rows with so many expected answers under `tables`."""
    answers = _answers(stock, tables, stated, stock.shares(tables))
    return replace(stated, free=[one.sum(axis=1) >= fewest for one in answers])


def learn_jointly(network: Network, stock: Stock, tables: Tables, stated: Stated, floor: float) -> FittedRows:
    """The maximum of the posterior of base rates and rows. No state of a learnt row falls below `floor`."""
    now, trace = tables, []
    scale = float(stated.rates.sum()) + stock.cases + sum(float(one.sum()) for one in stated.seen)
    for _ in range(MOST_STEPS):
        shares = stock.shares(now)
        trace.append(_log_posterior(stock, now, stated, shares))
        if len(trace) > 1 and trace[-1] - trace[-2] <= SETTLED * scale:
            break
        rates = stated.rates + shares.by_cause if stated.learn_rates else now.prior
        now = replace(_with_new_rows(network, stock, now, stated, shares, floor), prior=rates / rates.sum())
    shares = stock.shares(now)
    answers = _answers(stock, now, stated, shares)
    sure = _sure(stock, now, stated, shares)
    return FittedRows(tuple(answers), tuple(sure), tuple(stated.free), now, tuple(trace))


def _log_posterior(stock: Stock, tables: Tables, stated: Stated, shares: Shares) -> float:
    total = shares.log_likelihood + float((stated.rates * np.log(tables.prior)).sum())
    for number, finding in enumerate(tables.findings):
        total += float((stated.rows[number] * np.log(finding.rows)).sum())
        seen, mixed = stated.seen[number], finding.rows @ stock.likelihood[number].T
        total += float((seen[seen > 0] * np.log(mixed[seen > 0])).sum())
    return total


def _with_new_rows(
    network: Network, stock: Stock, tables: Tables, stated: Stated, shares: Shares, floor: float
) -> Tables:
    """The M step for rows."""
    alone = [stated.rows[n] + _by_margin(stock, tables, n, stated.seen[n]) for n in range(len(tables.findings))]
    rows = [finding.rows.copy() for finding in tables.findings]
    for number, first in stock.free.items():
        cells = shares.weight[first : first + len(stock.likelihood[number])].T
        total = alone[number] + _by_margin(stock, tables, number, cells)
        mine = stated.free[number] & (stock.parent[number] == -1)
        rows[number][mine] = floored(total[mine] / total[mine].sum(axis=1, keepdims=True), floor)
    counts = _counts_on_levels(stock, tables, alone, shares)
    found = tilt_all(
        [one.template for one in network.problems],
        [_shares(counts[one.finding, one.mechanism][one.causes].sum(axis=2)) for one in network.problems],
        [_shares(counts[one.finding, one.mechanism][one.causes].sum(axis=1)) for one in network.problems],
    )
    for one, given in zip(network.problems, found, strict=True):
        margin = np.einsum("cl,cls->cs", tables.mechanisms[one.mechanism].prior[one.causes], given)
        mine = stated.free[one.finding][one.causes]
        rows[one.finding][one.causes[mine]] = floored(margin[mine], floor)
    return _checked(network, tables, rows, counts)


def _shares(counts: Array) -> Array:
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _counts_on_levels(
    stock: Stock, tables: Tables, alone: Sequence[Array], shares: Shares
) -> dict[tuple[int, int], Array]:
    """(finding, mechanism) -> expected answers by cause, level and state, pseudo-answers with them."""
    counts = {}
    for block in stock.blocks:
        # cases of known cause are in `alone`, answer by answer
        expected = expected_of(stock, block, tables, shares.weight, known=False)
        levels = tables.mechanisms[block.mechanism].prior
        for finding in block.findings:
            entry = tables.findings[finding]
            given = entry.given[block.mechanism]
            # the level of an answer alone: P(level | cause, state)
            level = levels[:, :, None] * given / np.einsum("cl,cls->cs", levels, given)[:, None, :]
            counts[finding, block.mechanism] = level * alone[finding][:, None, :] + expected.states[finding]
    return counts


def _checked(network: Network, tables: Tables, rows: list[Array], counts: dict[tuple[int, int], Array]) -> Tables:
    """The network with the rows, halved towards the old ones where the floor made the expected log posterior fall."""
    before = _values(tables, counts)
    for step in range(MOST_HALVINGS + 1):
        new = network.tables(tables, rows=rows)
        after = _values(new, counts)
        falls = {key: after[key] < value - ROUNDING * np.abs(value) for key, value in before.items()}
        if not any(one.any() for one in falls.values()):
            return new
        for (finding, mechanism), bad in falls.items():
            entry = tables.findings[finding]
            mine = bad & (entry.parent == mechanism)
            share = 0.5 if step < MOST_HALVINGS - 1 else 0.0
            rows[finding][mine] = entry.rows[mine] + share * (rows[finding][mine] - entry.rows[mine])
    return new


def _values(tables: Tables, counts: dict[tuple[int, int], Array]) -> dict[tuple[int, int], Array]:
    """The expected log-likelihood of each finding's answers given the levels of a mechanism, (causes,)."""
    return {
        (finding, mechanism): (count * np.log(tables.findings[finding].given[mechanism])).sum(axis=(1, 2))
        for (finding, mechanism), count in counts.items()
    }


def _by_margin(stock: Stock, tables: Tables, finding: int, cells: Array) -> Array:
    """Expected states of answers, (causes, cells), each by its own margin: (causes, states)."""
    return expected_states(tables.findings[finding].rows, cells, stock.likelihood[finding])


def _answers(stock: Stock, tables: Tables, stated: Stated, shares: Shares) -> list[Array]:
    """Expected answers by cause and state, known and unknown causes together."""
    found = [_by_margin(stock, tables, number, stated.seen[number]) for number in range(len(tables.findings))]
    for number, first in stock.free.items():
        cells = shares.weight[first : first + len(stock.likelihood[number])].T
        found[number] += _by_margin(stock, tables, number, cells) * (stock.parent[number] == -1)[:, None]
    nothing = [np.zeros_like(one) for one in found]
    for (finding, _), counts in _counts_on_levels(stock, tables, nothing, shares).items():
        found[finding] += counts.sum(axis=1)
    return found


def _sure(stock: Stock, tables: Tables, stated: Stated, shares: Shares) -> list[Array]:
    """Sums of squared shares of cause and state over the answers, (causes,)."""
    cells = [seen.copy() for seen in stated.seen]
    for number, first in stock.free.items():
        own = shares.squared[first : first + len(stock.likelihood[number])].T
        cells[number] += own * (stock.parent[number] == -1)[:, None]
    for block in stock.blocks:
        pairs = stock.pairs(block, shares.squared).part(len(block.known.cases))
        for place, finding in enumerate(block.findings):
            cell = block.patterns[pairs.pattern, place].astype(np.intp)
            size = len(stock.likelihood[finding])
            at = pairs.cause * size + cell
            met = np.bincount(at, weights=pairs.cases, minlength=len(tables.causes) * size)
            on = stock.parent[finding] == block.mechanism
            cells[finding] += met.reshape(-1, size) * on[:, None]
    rows = [finding.rows for finding in tables.findings]
    return [told_for_certain(*one) for one in zip(rows, cells, stock.likelihood, strict=True)]
