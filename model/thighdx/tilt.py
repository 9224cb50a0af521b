"""The margin-preserving tilt: a template's shape with a published margin.

For one finding under one cause, P(s | m) = T(s | m) exp(a[s]) / sum_s' T(s' | m) exp(a[s']), with a[first state] = 0
and the rest chosen so that sum_m P(m) P(s | m) is the given margin. The a are the maximum of the concave dual
F(a) = sum_s margin[s] a[s] - sum_m P(m) log sum_s T(s | m) exp(a[s]), found by a damped Newton method (undamped steps
diverge on a good part of random problems). This is the I-projection with a fixed margin, as in iterative proportional
fitting (Csiszar 1975, Annals of Probability 3:146).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TOLERANCE = 1e-14  # largest difference of a margin that counts as solved
GOOD_ENOUGH = 1e-12  # what is promised; rounding may keep a hard problem from TOLERANCE
MOST_STEPS = 200
MOST_HALVINGS = 40
SUFFICIENT = 1e-4  # Armijo's share of the predicted gain


class TiltError(ArithmeticError):
    """The margins could not be met; the problem is ill-posed (a margin of zero, a template with zeros)."""


def tilt(template: Array, levels: Array, margin: Array) -> Array:
    """P(state | level) of each problem, with the template's shape and the given margins.

    template: (n, levels, states), positive; levels: (n, levels), P(level), rows sum to 1; margin: (n, states),
    positive, rows sum to 1. Returns (n, levels, states), positive, last axis sums to 1, with
    `sum_m levels[m] * result[m]` equal to `margin` within 1e-12. Raises `TiltError` where that cannot be had.
    """
    log_template = np.log(template)
    a = np.zeros_like(margin)
    for _ in range(MOST_STEPS):
        conditional, value = _evaluate(log_template, levels, margin, a)
        gradient = margin - np.einsum("nl,nls->ns", levels, conditional)
        if np.abs(gradient).max(initial=0.0) < TOLERANCE:
            break
        step = _newton_step(conditional, levels, gradient)
        moved, gained = _damped(log_template, levels, margin, a, step, gradient, value)
        if not gained.any():
            break
        a = moved
    conditional, _ = _evaluate(log_template, levels, margin, a)
    off = np.abs(margin - np.einsum("nl,nls->ns", levels, conditional)).max(initial=0.0)
    if not off < GOOD_ENOUGH:
        raise TiltError(f"a margin is missed by {off:.2g}")
    return conditional


def _evaluate(log_template: Array, levels: Array, margin: Array, a: Array) -> tuple[Array, Array]:
    """P(state | level) at `a`, and the dual's value."""
    logits = log_template + a[:, None, :]
    top = logits.max(axis=-1, keepdims=True)
    powers = np.exp(logits - top)
    total = powers.sum(axis=-1, keepdims=True)
    log_total = (np.log(total) + top)[..., 0]
    value = (margin * a).sum(axis=-1) - (levels * log_total).sum(axis=-1)
    return powers / total, value


def _newton_step(conditional: Array, levels: Array, gradient: Array) -> Array:
    """The solution of (-Hessian) step = gradient, the first state held at zero."""
    free = conditional[:, :, 1:]
    weighted = levels[:, :, None] * free
    curvature = -np.einsum("nls,nlt->nst", weighted, free)
    index = np.arange(free.shape[-1])
    curvature[:, index, index] += weighted.sum(axis=1)
    ridge = 1e-15 * np.trace(curvature, axis1=1, axis2=2)
    curvature[:, index, index] += ridge[:, None]
    step = np.zeros_like(gradient)
    step[:, 1:] = np.linalg.solve(curvature, gradient[:, 1:, None])[..., 0]
    return step


def _damped(
    log_template: Array, levels: Array, margin: Array, a: Array, step: Array, gradient: Array, value: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Each problem's step, halved until it gains enough; problems that cannot gain stay where they are."""
    slope = (gradient * step).sum(axis=-1)
    size = np.ones(len(a))
    for _ in range(MOST_HALVINGS):
        _, new = _evaluate(log_template, levels, margin, a + size[:, None] * step)
        # rounding hides gains near the solution, so a loss within it is taken
        enough = new >= value + SUFFICIENT * size * slope - 1e-15 * (1 + np.abs(value))
        if enough.all():
            break
        size = np.where(enough, size, size / 2)
    gained = enough & (np.abs(size[:, None] * step).max(axis=-1) > 0)
    return np.where(gained[:, None], a + size[:, None] * step, a), gained
