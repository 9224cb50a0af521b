"""Base rates that are not known to the digit: each row of shares as a box of what it may be.

Shares with an `interval` run over it; the others share the rest in their own proportion. A row in which no share has an
interval is a Dirichlet row by its weight in draws, and a point in bounds. Base rates are shares of origins times shares
within each, or shares of causes outright.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.knowledge import Knowledge
from thighdx.rows import Array, complete
from thighdx.schema import Population, Shares


@dataclass(frozen=True)
class ShareBox:
    """One row of shares. point, low, high: (names,), low <= point <= high; both are `point` without an interval.

    bounded: (names,), which have an interval. weight: pseudo-cases of the row. exact: the shares are a convention.
    """

    names: tuple[str, ...]
    point: Array
    low: Array
    high: Array
    bounded: NDArray[np.bool_]
    weight: float
    exact: bool

    @property
    def is_open(self) -> bool:
        """Whether any share has an interval wider than a point."""
        return bool((self.high > self.low).any())

    @property
    def rest(self) -> Array:
        """How the shares without an interval share what is left, (names,), sum 1; all 0 where every share has one."""
        left = np.where(self.bounded, 0.0, self.point)
        return left / left.sum() if left.sum() > 0 else left

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """`count` drawn rows, (count, names), each sums to 1.

        Shares with an interval are uniform over it, moved by one common fraction toward its ends where they would not
        leave room for one another.
        """
        if not self.bounded.any():
            if self.exact:
                return np.tile(self.point, (count, 1))
            return dirichlet(rng, self.weight * self.point, count)
        low, high = self.low[self.bounded], self.high[self.bounded]
        drawn = low + rng.random((count, len(low))) * (high - low)
        total = drawn.sum(axis=1, keepdims=True)
        over = total > 1
        drawn += np.where(over, (total - 1) / np.where(over, total - low.sum(), 1.0), 0.0) * (low - drawn)
        if not self.rest.any():
            short = total < 1
            drawn += np.where(short, (1 - total) / np.where(short, high.sum() - total, 1.0), 0.0) * (high - drawn)
        whole = np.maximum(0.0, 1 - drawn.sum(axis=1, keepdims=True)) * self.rest
        whole[:, self.bounded] = drawn
        return np.asarray(whole / whole.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class BaseRates:
    """The base rates of a population as boxes.

    origins: shares of the origins, or None where the shares are of causes outright. within: a box for each origin in
    their order, or the one box of all causes. members: for each of `within`, the positions of its causes.
    """

    origins: ShareBox | None
    within: tuple[ShareBox, ...]
    members: tuple[NDArray[np.intp], ...]

    @property
    def boxes(self) -> Iterator[tuple[str, ShareBox]]:
        """Every box with a name of its own."""
        if self.origins is None:
            yield "causes", self.within[0]
            return
        yield "origins", self.origins
        yield from ((f"within.{name}", box) for name, box in zip(self.origins.names, self.within, strict=True))

    @property
    def is_open(self) -> bool:
        """Whether any share has an interval."""
        return any(box.is_open for _, box in self.boxes)

    def prior(self, shares: Sequence[Array]) -> Array:
        """P(cause), (..., causes), from rows of shares (..., names) in the order of `boxes`."""
        first = shares[0]
        result = np.zeros((*first.shape[:-1], sum(map(len, self.members))))
        if self.origins is None:
            result[..., self.members[0]] = first
        else:
            for number, (members, row) in enumerate(zip(self.members, shares[1:], strict=True)):
                result[..., members] = first[..., number, None] * row
        return np.asarray(result / result.sum(axis=-1, keepdims=True))


def base_rate_boxes(knowledge: Knowledge, population: Population) -> BaseRates:
    """The boxes of a population."""
    causes = knowledge.causes
    if population.causes is not None:
        return BaseRates(None, (_box(population.causes, causes),), (np.arange(len(causes)),))
    assert population.origins is not None  # noqa: S101 - one of the two is stated, checked on loading
    by_origin = [
        [cause for cause in causes if knowledge.content.causes[cause].origin == origin] for origin in knowledge.origins
    ]
    return BaseRates(
        _box(population.origins, knowledge.origins),
        tuple(_box(population.within[name], names) for name, names in zip(knowledge.origins, by_origin, strict=True)),
        tuple(np.array([causes.index(cause) for cause in names], dtype=np.intp) for names in by_origin),
    )


def _box(row: Shares, names: Sequence[str]) -> ShareBox:
    point = complete(row.p, names)
    bounded = np.array([name in row.interval for name in names], dtype=bool)
    ends = np.array([row.interval.get(name, (share, share)) for name, share in zip(names, point, strict=True)])
    # a share that is left out of `p` may lie outside its interval, which is then widened
    low, high = np.minimum(ends[:, 0], point), np.maximum(ends[:, 1], point)
    return ShareBox(tuple(names), point, low, high, bounded, row.weight, row.exact)


def dirichlet(rng: np.random.Generator, alpha: Array, count: int) -> Array:
    """`count` draws of Dirichlet rows, (count, *alpha.shape), the last axis sums to 1; an alpha of 0 gives 0.

    By gamma variables in logarithms, gamma(a) = gamma(a + 1) U^(1/a) (Devroye 1986, Non-Uniform Random Variate
    Generation, IX.3), since those of a few hundredths of a pseudo-case underflow.
    """
    shape = (count, *alpha.shape)
    with np.errstate(divide="ignore"):
        logs = np.log(rng.standard_gamma(alpha + 1.0, shape)) - rng.standard_exponential(shape) / alpha
    logs = np.where(alpha > 0, logs, -np.inf)
    powers = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
