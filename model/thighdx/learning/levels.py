"""Mechanisms' levels from cases, by exact expectation maximisation through the blocks.

Free are the rows P(level | cause). Held are the rows P(state | cause), which are the published margins, and the
templates. P(state | cause, level) is neither: by the margin-preserving tilt it moves with the levels. So the M step is
not the expected shares of the levels alone: the expected log-likelihood of the answers given the levels moves too. The
step taken is the natural gradient of the whole (Amari 1998), which is the classical M step plus what the tilt adds, and
it is halved until the expected log posterior does not fall; so the log posterior itself never falls (generalised EM,
Dempster, Laird and Rubin 1977, section 3). A single answer of a block says nothing of its levels, whatever they are its
margin is the row; they are learnt from cases with two answers or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.learning.blocks import PAIRS_AT_ONCE, Block, Pairs, Shares, Stock
from thighdx.learning.expected import Expected, expected_of
from thighdx.learning.network import Network
from thighdx.rows import Array
from thighdx.tables import Tables

MOST_STEPS = 500
SETTLED = 1e-7  # change of the log posterior per case at which the steps end
MOST_HALVINGS = 12
SAFE = 0.9  # share of the way to a level's probability of 0 that a step may go


@dataclass(frozen=True)
class FittedLevels:
    """By mechanism, what was learnt of its levels.

    levels: after, (causes, levels), with their standard errors. told: the share of them that the cases told beside the
    priors, (causes,), 0 to 1. tables: the network with them. trace: log posterior, never falling.
    """

    levels: tuple[Array, ...]
    error: tuple[Array, ...]
    told: tuple[Array, ...]
    tables: Tables
    trace: tuple[float, ...]


def cases_with_two(stock: Stock, tables: Tables) -> list[Array]:
    """Expected cases of each cause with two answers or more on each mechanism, (causes,)."""
    shares = stock.shares(tables)
    found: list[Array] = []
    for block in stock.blocks:
        pairs = stock.pairs(block, shares.weight)
        on = np.array([stock.parent[finding] == block.mechanism for finding in block.findings]).reshape(
            len(block.findings), -1
        )
        answers = np.zeros(len(pairs.cases), dtype=np.intp)
        for place in range(len(block.findings)):
            answers += (block.patterns[pairs.pattern, place] > 0) & on[place, pairs.cause]
        two = pairs.cases * (answers >= 2)
        found.append(np.asarray(np.bincount(pairs.cause, weights=two, minlength=len(tables.causes)), dtype=np.float64))
    return found


def learn_levels(
    network: Network,
    stock: Stock,
    tables: Tables,
    weights: Sequence[Array],
    free: Sequence[NDArray[np.bool_]],
) -> FittedLevels:
    """The maximum of the posterior of the levels, with base rates and rows as they are in `tables`.

    The levels in `tables` are worth `weights` pseudo-cases (a Dirichlet prior), one array (causes,) a mechanism; those
    not `free`, (causes,), are held.
    """
    prior = [weight[:, None] * one.prior for weight, one in zip(weights, tables.mechanisms, strict=True)]
    scale = sum(float(one.sum()) for one in prior) + sum(float(block.known.cases.sum()) for block in stock.blocks)
    scale += stock.cases
    now = _look(stock, tables, prior)
    trace = [now.reached]
    while len(trace) <= MOST_STEPS:
        path = [now]
        for _ in range(2):
            stepped = _stepped(network, path[-1].tables, prior, path[-1].expected, free)
            path.append(_look(stock, stepped, prior))
        ahead = _look(stock, network.tables(tables, levels=_extrapolated(path, free)), prior)
        now = ahead if ahead.reached > path[-1].reached else path[-1]
        trace += [path[1].reached, path[2].reached, *([now.reached] if now is ahead else [])]
        if now.reached - path[0].reached <= SETTLED * scale:
            break
    sure = [
        _sureness(stock, block, now.tables, stock.pairs(block, now.shares.squared), prior[block.mechanism])
        for block in stock.blocks
    ]
    return FittedLevels(
        tuple(one.prior for one in now.tables.mechanisms),
        tuple(error for error, _ in sure),
        tuple(told for _, told in sure),
        now.tables,
        tuple(trace),
    )


@dataclass(frozen=True)
class _Look:
    """The network under some levels, and what the cases say of it."""

    tables: Tables
    shares: Shares
    expected: list[Expected]
    reached: float  # log posterior


def _look(stock: Stock, tables: Tables, prior: Sequence[Array]) -> _Look:
    """The E step: shares of the causes, expected counts of each block, and the log posterior."""
    shares = stock.shares(tables)
    expected = [expected_of(stock, block, tables, shares.weight) for block in stock.blocks]
    known = sum(one.log_likelihood for one in expected)
    stated = sum(
        float(_times_log(pseudo, one.prior).sum()) for pseudo, one in zip(prior, tables.mechanisms, strict=True)
    )
    return _Look(tables, shares, expected, shares.log_likelihood + known + stated)


def _extrapolated(path: Sequence[_Look], free: Sequence[NDArray[np.bool_]]) -> list[Array]:
    """Levels farther along the way of two steps, by cause (SQUAREM: Varadhan and Roland 2008); taken only if better.

    The steps of EM are the shorter the less the cases tell of what is hidden, and levels are told of indirectly.
    """
    found = []
    for number, may in enumerate(free):
        start, middle, end = (look.tables.mechanisms[number].prior for look in path)
        first, turn = middle - start, end - 2 * middle + start
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.linalg.norm(first, axis=1) / np.linalg.norm(turn, axis=1)
        size = np.where(np.isfinite(size) & may, np.maximum(size, 1.0), 1.0)[:, None]
        far = start + 2 * size * first + size**2 * turn
        inside = ((far > 0) | (end == 0)).all(axis=1, keepdims=True)
        found.append(np.where(inside, np.maximum(far, 0.0) * (end > 0), end))
    return [levels / levels.sum(axis=1, keepdims=True) for levels in found]


def _stepped(
    network: Network,
    tables: Tables,
    prior: Sequence[Array],
    expected: Sequence[Expected],
    free: Sequence[NDArray[np.bool_]],
) -> Tables:
    """The M step: tables whose expected log posterior is no lower, under any cause and mechanism."""
    old = [one.prior for one in tables.mechanisms]
    value = _expected_log(tables, prior, expected)
    way = [
        np.where(may[:, None], _direction(tables, number, prior[number] + one.levels, one), 0.0)
        for number, (one, may) in enumerate(zip(expected, free, strict=True))
    ]
    size = [_longest(levels, step) for levels, step in zip(old, way, strict=True)]
    done = [~may for may in free]
    best = tables
    for _ in range(MOST_HALVINGS):
        levels = [_moved(*one) for one in zip(old, way, size, strict=True)]
        best = network.tables(tables, levels=levels)
        reached = _expected_log(best, prior, expected)
        done = [after >= before for after, before in zip(reached, value, strict=True)]
        if all(one.all() for one in done):
            return best
        size = [np.where(good, one, one / 2) for good, one in zip(done, size, strict=True)]
    # where no step is short enough, stay
    levels = [
        _moved(start, step, np.where(good, one, 0.0))
        for start, step, one, good in zip(old, way, size, done, strict=True)
    ]
    return network.tables(tables, levels=levels)


def _moved(levels: Array, way: Array, size: Array) -> Array:
    moved = levels + size[:, None] * way
    return np.asarray(moved / moved.sum(axis=1, keepdims=True))


def _longest(levels: Array, way: Array) -> Array:
    """1, or what keeps every level's probability above 0, (causes,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(way < 0, -levels / way, np.inf).min(axis=1)
    return np.asarray(np.minimum(1.0, SAFE * room))


def _expected_log(tables: Tables, prior: Sequence[Array], expected: Sequence[Expected]) -> list[Array]:
    """The expected log posterior of the complete cases, as far as levels move it; (causes,) a mechanism."""
    result = []
    for number, one in enumerate(expected):
        value = _times_log(prior[number] + one.levels, tables.mechanisms[number].prior).sum(axis=1)
        for finding, states in one.states.items():
            value = value + _times_log(states, tables.findings[finding].given[number]).sum(axis=(1, 2))
        result.append(value)
    return result


def _times_log(count: Array, p: Array) -> Array:
    """count log p, 0 where nothing is counted."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(count > 0, count * np.log(p), 0.0))


def _direction(tables: Tables, mechanism: int, pseudo: Array, expected: Expected) -> Array:
    """The natural gradient of the expected log posterior over the levels' simplex, (causes, levels)."""
    levels = tables.mechanisms[mechanism].prior
    total = pseudo.sum(axis=1, keepdims=True)
    tilted = np.zeros_like(levels)
    for finding, states in expected.states.items():
        given = tables.findings[finding].given[mechanism]
        gap = states.sum(axis=1) - np.einsum("cl,cls->cs", states.sum(axis=2), given)
        tilted -= np.einsum("cls,cs->cl", given, _solved(levels, given, gap))
    tilted -= (levels * tilted).sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(total > 0, pseudo / total - levels + levels * tilted / total, 0.0))


def _solved(levels: Array, given: Array, gap: Array) -> Array:
    """How the tilt's exponents answer a gap of the margin: the pseudo-inverse of their curvature times `gap`."""
    return np.asarray(np.einsum("cst,cs->ct", _curvature_inverse(levels, given), gap))


def _curvature_inverse(levels: Array, given: Array) -> Array:
    margin = np.einsum("cl,cls->cs", levels, given)
    curvature = np.eye(margin.shape[1]) * margin[:, None, :] - np.einsum("cl,cls,clt->cst", levels, given, given)
    return np.asarray(np.linalg.pinv(curvature, rcond=1e-12, hermitian=True))


def _sureness(stock: Stock, block: Block, tables: Tables, pairs: Pairs, prior: Array) -> tuple[Array, Array]:
    """Standard errors, (causes, levels), and the share told by the cases, (causes,), from the empirical information.

    The information is the sum over cases of the outer product of their scores (McLachlan and Krishnan 2008, The EM
    algorithm and extensions, 4.3), of an unknown cause by its share squared.
    """
    levels = tables.mechanisms[block.mechanism].prior
    information = np.zeros((*levels.shape, levels.shape[1]))
    for start in range(0, len(pairs.cases), PAIRS_AT_ONCE):
        part = pairs.part(start, start + PAIRS_AT_ONCE)
        score = _scores(stock, block, tables, part)
        outer = (score[:, :, None] * score[:, None, :] * part.cases[:, None, None]).reshape(len(score), -1)
        for column in range(outer.shape[1]):
            sums = np.bincount(part.cause, weights=outer[:, column], minlength=len(levels))
            information.reshape(len(levels), -1)[:, column] += sums
    error, told = np.zeros_like(levels), np.zeros(len(levels))
    for cause in range(len(levels)):
        open_ = np.flatnonzero(levels[cause] > 0)
        if open_.size < 2:
            continue
        basis = _plane(open_.size)
        stated = basis.T @ np.diag(prior[cause, open_] / levels[cause, open_] ** 2) @ basis
        seen = basis.T @ information[cause][np.ix_(open_, open_)] @ basis
        inverse = np.linalg.pinv(stated + seen, hermitian=True)
        error[cause, open_] = np.sqrt(np.maximum(np.diag(basis @ inverse @ basis.T), 0.0))
        told[cause] = float(np.clip(np.trace(inverse @ seen) / (open_.size - 1), 0.0, 1.0))
    return error, told


def _plane(size: int) -> Array:
    """An orthonormal basis of the plane where shares sum to a constant, (size, size - 1)."""
    return np.asarray(np.linalg.qr(np.column_stack([np.ones(size), np.eye(size)[:, 1:]]))[0][:, 1:])


def _scores(stock: Stock, block: Block, tables: Tables, pairs: Pairs) -> Array:
    """The gradient of log P(pattern | cause) by the levels, (pairs, levels), up to the normal of their plane."""
    levels = tables.mechanisms[block.mechanism].prior
    share = stock.levels(tables, block, pairs.pattern, pairs.cause)
    share /= np.maximum(share.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    mine = levels[pairs.cause]
    score = np.divide(share, mine, out=np.zeros_like(share), where=mine > 0)
    for place, finding in enumerate(block.findings):
        cell = block.patterns[pairs.pattern, place].astype(np.intp)
        on = np.flatnonzero((cell > 0) & (stock.parent[finding][pairs.cause] == block.mechanism))
        if not on.size:
            continue
        given = tables.findings[finding].given[block.mechanism]
        told = stock.likelihood[finding][cell[on]][:, None, :] * given[pairs.cause[on]]
        told /= told.sum(axis=2, keepdims=True)
        gap = np.einsum("kl,kls->ks", share[on], told - given[pairs.cause[on]])
        answer = np.einsum("kst,ks->kt", _curvature_inverse(levels, given)[pairs.cause[on]], gap)
        score[on] -= np.einsum("kls,ks->kl", given[pairs.cause[on]], answer)
    return score
