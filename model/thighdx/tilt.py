"""The margin-preserving tilt: a template's shape with a published margin.

For one finding under one cause, P(s | m) = T(s | m) exp(a[s]) / sum_s' T(s' | m) exp(a[s']), with a[first state] = 0
and the rest chosen so that sum_m P(m) P(s | m) is the given margin. The a are the maximum of the concave dual
F(a) = sum_s margin[s] a[s] - sum_m P(m) log sum_s T(s | m) exp(a[s]), found by a damped Newton method (undamped steps
diverge on a good part of random problems; where damping does not help, a scaling step as in iterative proportional
fitting, which always gains). This is the I-projection with a fixed margin (Csiszar 1975, Annals of Probability 3:146).
With two states a single number is sought; a bracketed Newton on the log-odds of the margin is several times as fast.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TOLERANCE = 1e-14  # largest difference of a margin that counts as solved
GOOD_ENOUGH = 1e-12  # what is promised; rounding may keep a hard problem from TOLERANCE
SUM_TO_ONE = 1e-9  # how far a row of levels or margins may be from it
MOST_STEPS = 500
MOST_HALVINGS = 8
LONGEST_STEP = 5.0  # of any a[s]: farther out the quadratic model is worth nothing
SUFFICIENT = 1e-4  # Armijo's share of the predicted gain
RIDGE = 1e-12  # of the scaled curvature, whose diagonal is at most 1


class TiltError(ArithmeticError):
    """The margins could not be met; the problem is ill-posed (a margin of zero, a template with zeros)."""


def tilt(template: Array, levels: Array, margin: Array) -> Array:
    """P(state | level) of each problem, with the template's shape and the given margins.

    template: (n, levels, states), positive; levels: (n, levels), P(level), rows sum to 1; margin: (n, states),
    positive, rows sum to 1. Returns (n, levels, states), positive, last axis sums to 1, with
    `sum_m levels[m] * result[m]` equal to `margin` within 1e-12. Raises `TiltError` where that cannot be had.
    """
    _refuse_ill_posed(template, levels, margin)
    log_template = np.log(template)
    if margin.shape[-1] == 2:
        return _checked(_two_states(log_template[..., 1] - log_template[..., 0], levels, margin), levels, margin)
    a = np.log(margin) - np.log(_margins(levels, template))
    gap = np.full(len(a), np.inf)
    for _ in range(MOST_STEPS):
        conditional, value = _evaluate(log_template, levels, margin, a)
        reached = _margins(levels, conditional)
        before, gap = gap, np.abs(margin - reached).max(axis=-1)
        if ((gap < TOLERANCE) | ((gap < GOOD_ENOUGH) & (gap >= before))).all():
            break
        gradient = margin - reached
        step = _newton_step(conditional, levels, gradient)
        moved, gained = _damped(log_template, levels, margin, a, step, gradient, value)
        a = np.where(gained[:, None], moved, a + np.log(margin) - np.log(reached))
        a -= a[:, :1]
    conditional, _ = _evaluate(log_template, levels, margin, a)
    return _checked(conditional, levels, margin)


def _two_states(log_odds: Array, levels: Array, margin: Array) -> Array:
    """The same for two states; log_odds: (n, levels), of the second state in the template.

    At a, the margin's log-odds lie between log_odds + a of the lowest and the highest level, so the solution is
    bracketed from the start; a Newton step that leaves the bracket, or is not half the last, is replaced by its middle
    (Press et al. 2007, Numerical Recipes, 9.4).
    """
    wanted = np.log(margin[:, 1]) - np.log(margin[:, 0])
    low, high = wanted - log_odds.max(axis=-1), wanted - log_odds.min(axis=-1)
    a = wanted - (levels * log_odds).sum(axis=-1)
    result, gap, moved = np.empty((*log_odds.shape, 2)), np.full(len(a), np.inf), high - low
    left = np.arange(len(a))  # the problems not solved yet
    for _ in range(MOST_STEPS):
        second = 1.0 / (1.0 + np.exp(-(log_odds + a[:, None])))
        reached = (levels * second).sum(axis=-1)
        off, before = reached - margin[:, 1], gap
        gap = np.abs(off)
        open_ = (gap >= TOLERANCE) & ((gap >= GOOD_ENOUGH) | (gap < before))
        # the other state by its own formula: 1 - second would lose the digits of a small one
        result[left] = np.stack([1.0 / (1.0 + np.exp(log_odds + a[:, None])), second], axis=-1)
        if not open_.any():
            break
        low, high = np.where(off < 0, a, low), np.where(off > 0, a, high)
        slope = (levels * second * (1.0 - second)).sum(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = (np.log(reached) - np.log1p(-reached) - wanted) * reached * (1.0 - reached) / slope
            good = (a - step > low) & (a - step < high) & (2.0 * np.abs(step) < moved)
        new = np.where(good, a - step, (low + high) / 2)
        moved, a = np.abs(new - a), new
        if open_.all():
            continue
        left = left[open_]
        log_odds, levels, margin = log_odds[open_], levels[open_], margin[open_]
        a, low, high, moved, gap, wanted = (each[open_] for each in (a, low, high, moved, gap, wanted))
    return result


def _checked(conditional: Array, levels: Array, margin: Array) -> Array:
    """What was found, if it keeps the margins."""
    off = np.abs(margin - _margins(levels, conditional)).max(initial=0.0)
    if not off < GOOD_ENOUGH:
        raise TiltError(f"a margin is missed by {off:.2g}")
    return conditional


def _refuse_ill_posed(template: Array, levels: Array, margin: Array) -> None:
    if not (template > 0).all():
        raise TiltError("the template has a state of probability 0; accepted: every state above 0")
    if not (margin > 0).all():
        raise TiltError("the margin has a state of probability 0; accepted: every state above 0")
    if not (levels >= 0).all():
        raise TiltError("a level's probability is negative or no number")
    for name, rows in (("levels", levels), ("margin", margin)):
        if not (np.abs(rows.sum(axis=-1) - 1) < SUM_TO_ONE).all():
            raise TiltError(f"a row of the {name} does not sum to 1")


def _margins(levels: Array, conditional: Array) -> Array:
    """sum_m P(m) P(s | m), (n, states)."""
    margins: Array = np.einsum("nl,nls->ns", levels, conditional)
    return margins


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
    """The solution of (-Hessian) step = gradient, in units that make the Hessian's diagonal about 1."""
    weighted = levels[:, :, None] * conditional
    root = np.sqrt(weighted.sum(axis=1))
    left, right = weighted / root[:, None, :], conditional / root[:, None, :]
    # root root' fills the one direction in which F is flat and the gradient zero
    curvature = np.eye(root.shape[1]) * (1 + RIDGE) - np.einsum("nls,nlt->nst", left, right)
    curvature += root[:, :, None] * root[:, None, :]
    step: Array = np.linalg.solve(curvature, (gradient / root)[:, :, None])[..., 0] / root
    return step


def _damped(
    log_template: Array, levels: Array, margin: Array, a: Array, step: Array, gradient: Array, value: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Each problem's step, halved until it gains enough, and whether it does."""
    slope = (gradient * step).sum(axis=-1)
    size = LONGEST_STEP / np.maximum(LONGEST_STEP, np.abs(step).max(axis=-1))
    for _ in range(MOST_HALVINGS):
        _, new = _evaluate(log_template, levels, margin, a + size[:, None] * step)
        # rounding hides gains near the solution, so a loss within it is taken
        enough = new >= value + SUFFICIENT * size * slope - 1e-15 * (1 + np.abs(value))
        if enough.all():
            break
        size = np.where(enough, size, size / 2)
    return a + size[:, None] * step, enough
