"""One cause against all others together, where the shares of the blocks do not add up.

Log-odds against the rest are log pi_a + sum_i phi[i, a] - log sum_{c != a} pi_c exp(sum_i phi[i, c]), phi being the
answers' shares under each cause. Along the straight path t phi, t from 0 to 1, an answer is credited with
phi[i, a] - sum_c phi[i, c] W_c, W_c = integral of the weight of c within the rest at t; the credits add up to the
change from prior to posterior log-odds (Aumann and Shapley 1974, Values of Non-Atomic Games; Sundararajan and Najmi
2020, The many Shapley values for model explanation).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from thighdx.engine import log_sum
from thighdx.rows import Array

NODES = 20  # of Gauss and Legendre, in each panel
MOST_PANELS = 4096
TOLERANCE = 1e-12  # of the weights, relative to the largest change they multiply


def path_weights(prior: Array, phi: Array) -> Array:
    """W_c, (causes,), summing to 1.

    prior: (causes,), positive, of the causes in the rest. phi: (answers, causes), finite. Panels are doubled until two
    results agree and the fundamental theorem of calculus holds, both to `TOLERANCE`; raises `ArithmeticError` if not.
    """
    total = phi.sum(axis=0)
    change = float(log_sum(np.log(prior) + total)) - float(log_sum(np.log(prior)))
    scale = max(1.0, float(np.abs(total).max(initial=0.0)), float(np.abs(phi).max(initial=0.0)))
    before = np.full(len(prior), np.inf)
    panels = 1
    while panels <= MOST_PANELS:
        weights = _integrated(np.log(prior), total, panels)
        residual = abs(float(weights @ total) - change)
        if max(float(np.abs(weights - before).max()) * scale, residual) <= TOLERANCE * scale:
            return weights
        before, panels = weights, 2 * panels
    raise ArithmeticError(f"the path's integral does not settle: {residual:.1e} left over after {MOST_PANELS} panels")


def _integrated(log_prior: Array, total: Array, panels: int) -> Array:
    node, weight = _gauss_legendre()
    at = ((np.arange(panels)[:, None] + (node + 1) / 2) / panels).ravel()
    logs = log_prior + at[:, None] * total
    share = np.exp(logs - log_sum(logs)[:, None])
    return np.asarray(np.tile(weight / (2 * panels), panels) @ share)


@lru_cache(maxsize=1)
def _gauss_legendre() -> tuple[Array, Array]:
    node, weight = np.polynomial.legendre.leggauss(NODES)
    return node, weight
