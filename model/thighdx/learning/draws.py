"""Draws from the posterior of base rates, for whoever wants more than an interval of each."""

from __future__ import annotations

import numpy as np

from thighdx.rows import Array

WARM_UP = 50  # draws left out at the start
AT_ONCE = 65_536


def draw_base_rates(
    before: Array,
    weight: float,
    counts: Array,
    likelihood: Array,
    *,
    rng: np.random.Generator,
    draws: int,
    start: Array | None = None,
    warm_up: int = WARM_UP,
) -> Array:
    """Draws from the posterior of base rates, (draws, causes), arguments as `learn_base_rates`.

    The prior is a Dirichlet distribution with mean `before` and `weight` pseudo-cases. Without unlabelled cases the
    draws are independent and exact; with them by data augmentation: causes given base rates, then base rates given
    causes (Tanner and Wong 1987), from `start`, `warm_up` draws left out.
    """
    known = weight * before + counts
    if not len(likelihood):
        return _dirichlet(rng, np.broadcast_to(known, (draws, len(known))))
    rates = before if start is None else start
    found = np.empty((draws, len(before)))
    small = likelihood.astype(np.float32)
    for draw in range(-warm_up, draws):
        met = np.zeros(len(before))
        for begin in range(0, len(small), AT_ONCE):
            summed = np.cumsum(small[begin : begin + AT_ONCE] * rates.astype(np.float32), axis=1)
            aim = rng.random((len(summed), 1), dtype=np.float32) * summed[:, -1:]
            met += np.bincount((summed[:, :-1] <= aim).sum(axis=1), minlength=len(before))
        rates = _dirichlet(rng, (known + met)[None])[0]
        if draw >= 0:
            found[draw] = rates
    return found


def _dirichlet(rng: np.random.Generator, size: Array) -> Array:
    """A Dirichlet draw a row; by logarithms, so that sizes far below 1 do not end in 0 / 0."""
    # gamma(a) = gamma(a + 1) u^(1/a) (Marsaglia and Tsang 2000)
    log = np.log(rng.standard_gamma(size + 1.0)) + np.log1p(-rng.random(size.shape)) / size
    drawn = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))
