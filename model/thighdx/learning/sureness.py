"""How far cases could tell base rates: draws from their posterior, and which causes were told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thighdx.learning.base_rates import LearntBaseRates
from thighdx.rows import Array

DRAWS, FEWER_DRAWS = 400, 200
MANY = 50_000  # cases of unknown cause beyond which fewer draws are made
WARM_UP = 50  # draws left out at the start
TOLD = 0.5  # share of a cause's expected cases that were told apart, below which it is said
ONE_CASE = 1.0  # expected cases from which a cause is worth a warning of its own
AT_ONCE = 65_536
BOUNDS = (2.5, 97.5)


@dataclass(frozen=True)
class Sureness:
    """By cause, (causes,): how sure the learnt base rates are.

    low, high: 95 % credible interval from draws. told: share of its expected cases that the answers told apart from
    other causes, the sum of squared shares over the sum of shares; 1 for labelled ones, NaN without cases. prior_share:
    of all cases behind the base rate, the part that are pseudo-cases of the priors, those told apart counting as cases.
    mixed_with: position of the cause it shares most of its expected cases with, -1 where it shares none.
    """

    low: Array
    high: Array
    told: Array
    prior_share: Array
    mixed_with: np.ndarray[tuple[int], np.dtype[np.intp]]


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


def sureness_of(rates: LearntBaseRates, counts: Array, likelihood: Array, seed: int) -> Sureness:
    """How sure learnt base rates are; counts and likelihood are those they were learnt from. Seeded."""
    drawn = draw_base_rates(
        rates.before,
        rates.weight,
        counts,
        likelihood,
        rng=np.random.default_rng(seed),
        draws=DRAWS if len(likelihood) <= MANY else FEWER_DRAWS,
        start=rates.after,
    )
    low, high = np.percentile(drawn, BOUNDS, axis=0)
    overlap = np.diag(counts)
    for begin in range(0, len(likelihood), AT_ONCE):
        share = likelihood[begin : begin + AT_ONCE] * rates.after
        share /= share.sum(axis=1, keepdims=True)
        overlap = overlap + share.T @ share
    told_cases, total = np.diag(overlap), overlap.sum(axis=1)
    told = np.divide(told_cases, total, out=np.full(len(total), np.nan), where=total > 0)
    pseudo = rates.weight * rates.before
    others = overlap - np.diag(told_cases)
    mixed_with = np.where(others.max(axis=1) > 0, others.argmax(axis=1), -1)
    return Sureness(low, high, told, pseudo / np.maximum(pseudo + told_cases, np.finfo(float).tiny), mixed_with)


def warnings_of(causes: tuple[str, ...], rates: LearntBaseRates, sure: Sureness) -> tuple[str, ...]:
    """What to bear in mind, in sentences: causes that answers alone could not tell apart, and rates too sure."""
    if not rates.unlabelled:
        return ()
    vague = [
        f"{cause} ({told:.0%} of {expected:.1f} told, mostly mixed with {causes[other]})"
        for cause, expected, told, other in zip(
            causes, rates.expected.tolist(), sure.told.tolist(), sure.mixed_with.tolist(), strict=True
        )
        if expected >= ONE_CASE and told < TOLD
    ]
    left = [cause for cause, share in zip(causes, sure.prior_share.tolist(), strict=True) if share > TOLD]
    sharp = [
        f"{cause} ({after:.2g}, 95 % interval {low:.2g} to {high:.2g})"
        for cause, after, low, high in zip(
            causes, rates.after.tolist(), sure.low.tolist(), sure.high.tolist(), strict=True
        )
        if not low <= after <= high
    ]
    said = []
    if vague:
        said.append(f"the answers could not tell these causes from others: {'; '.join(vague)}")
    if left:
        said.append(f"the priors still decide more than the cases for: {', '.join(left)}")
    if sharp:
        said.append(f"the likeliest base rate lies outside its own interval, so take the interval: {'; '.join(sharp)}")
    return tuple(said)
