"""What each answer adds to log P(answers | cause): Shapley values, one mechanism at a time.

Given the cause, the answers on one mechanism are a block and the blocks are independent, so the game
v(S) = log P(e_S | cause) is a sum of games, one a block, and a Shapley value is the sum of those of the games (Shapley
1953, A value for n-person games: additivity). An answer on no mechanism, or alone on one, adds its log P(e | cause).
Blocks of up to `MOST_IN_BLOCK` answers are summed over all their subsets. In larger ones answers of one kind enter
together first and are told apart second (Owen 1977, Values of games with a priori unions); that is said, by `owen`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from thighdx.hypothetical import Hypothetical, Said
from thighdx.rows import Array

MOST_IN_BLOCK = 14  # answers; 16384 subsets
MOST_IN_UNION = 7  # answers of one kind that enter a larger block together


@dataclass(frozen=True)
class Shares:
    """phi: (answers, causes), summing over the answers to log P(answers | cause).

    owen: (mechanisms, causes), whether
    a block was too large for Shapley values; mechanisms as in `Hypothetical.used`.
    """

    phi: Array
    owen: NDArray[np.bool_]


def log_likelihood_shares(
    tables: Hypothetical, said: Said, causes: NDArray[np.intp], kinds: Sequence[object]
) -> Shares:
    """The shares of all answers under some causes, none of which makes the answers impossible.

    kinds: (answers,), the unions of blocks that are too large.
    """
    phi = said.free[:, causes]
    owen = np.zeros((len(tables.levels), len(causes)), dtype=bool)
    parent = tables.parent[np.ix_(said.findings, causes)]
    for number, levels in enumerate(tables.levels):
        on = parent == number
        for members, columns in _alike(on):
            likelihood = np.exp(said.given[np.ix_(members, causes[columns], np.arange(levels.start, levels.stop))])
            prior = np.exp(tables.log_levels[causes[columns], levels])
            if len(members) > MOST_IN_BLOCK:
                share = owen_values(likelihood, prior, [kinds[member] for member in members])
                owen[number, columns] = True
            else:
                share = shapley_values(likelihood, prior)
            phi[np.ix_(members, columns)] += share
    return Shares(phi, owen)


def _alike(on: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """(answers on the mechanism, causes under which they are just these), for each different set but the empty one."""
    columns: dict[bytes, list[int]] = {}
    for cause in np.flatnonzero(on.any(axis=0)).tolist():
        columns.setdefault(on[:, cause].tobytes(), []).append(cause)
    return [(np.flatnonzero(on[:, alike[0]]), np.array(alike, dtype=np.intp)) for alike in columns.values()]


def shapley_values(likelihood: Array, prior: Array) -> Array:
    """Shapley values of the answers of one block, (answers, causes).

    likelihood: (answers, causes, levels), P(answer | cause, level). prior: (causes, levels), P(level | cause).
    """
    game = np.log((subset_products(likelihood) * prior).sum(axis=-1))
    return _values(game)


def owen_values(likelihood: Array, prior: Array, labels: Sequence[object]) -> Array:
    """Owen values of the answers of one block, shaped as `shapley_values`; labels: (answers,), equal = one kind."""
    result = np.zeros(likelihood.shape[:2])
    unions = unions_of(labels)
    whole = np.array([likelihood[union].prod(axis=0) for union in unions])
    for number, union in enumerate(unions):
        others = subset_products(np.delete(whole, number, axis=0)) * prior
        inside = subset_products(likelihood[union])
        # (causes, sets of other unions, subsets of this one)
        game = np.log(np.matmul(others.swapaxes(0, 1), inside.transpose(1, 2, 0)))
        result[union] = _values(np.einsum("h,bhs->sb", _entering(len(unions)), game))
    return result


def unions_of(labels: Sequence[object]) -> list[list[int]]:
    """The answers of each kind together; a large kind in parts of nearly equal size."""
    most = max(MOST_IN_UNION, int(np.ceil(np.sqrt(len(labels)))))
    unions = []
    for label in dict.fromkeys(labels):
        members = np.array([place for place, other in enumerate(labels) if other == label])
        unions += [part.tolist() for part in np.array_split(members, -(-len(members) // most))]
    return unions


def subset_products(factors: Array) -> Array:
    """The product over each subset of the first axis, (2^n, ...); bit i of a subset's number says whether i is in."""
    products = np.ones((1, *factors.shape[1:]))
    for factor in factors:
        products = np.concatenate([products, products * factor])
    return products


def _values(game: Array) -> Array:
    """Shapley values, (n, causes), of games over all subsets, (2^n, causes)."""
    return np.asarray(_weights(len(game).bit_length() - 1) @ game)


@lru_cache(maxsize=32)
def _weights(count: int) -> Array:
    """(n, 2^n): the value of a player is the weighted sum of the game over all subsets."""
    subsets = np.arange(2**count)
    bits = (subsets >> np.arange(count)[:, None]) & 1
    size = bits.sum(axis=0)
    entering = np.array([1.0 / (count * comb(count - 1, k)) for k in range(count)] or [0.0])
    weights = np.where(bits == 1, entering[np.maximum(size - 1, 0)], -entering[np.minimum(size, count - 1)])
    weights.flags.writeable = False
    return np.asarray(weights)


def _entering(players: int) -> Array:
    """The weight of each subset of the other players as those who came before, (2^(players - 1),)."""
    sizes = [subset.bit_count() for subset in range(2 ** (players - 1))]
    return np.array([1.0 / (players * comb(players - 1, size)) for size in sizes])
