"""What the weight of a row leaves open of each of its numbers."""

from __future__ import annotations

import numpy as np

from thighdx.rows import Array

ENDS = (0.025, 0.975)  # of the Beta: what a 95 % range means


def ranges(value: Array, weight: Array, nearest: float = 0.0) -> tuple[Array, Array]:
    """The 95 % ranges of probabilities that are worth `weight` cases: of Beta(weight x p, weight x (1 - p)).

    An entry of a Dirichlet row is such a Beta. value, weight: (n,). The ends come no nearer than `nearest` to 0 and 1,
    and a range is widened to hold its number, which a very skewed one may leave outside.
    """
    from scipy.special import betaincinv  # scipy takes a tenth of a second to import

    inside = np.clip(value, np.finfo(float).tiny, 1 - np.finfo(float).epsneg)
    ends = betaincinv(weight * inside, weight * (1 - inside), np.array(ENDS)[:, None])
    low = np.minimum(np.maximum(ends[0], nearest), value)
    high = np.maximum(np.minimum(ends[1], 1 - nearest), value)
    return np.asarray(low), np.asarray(high)
