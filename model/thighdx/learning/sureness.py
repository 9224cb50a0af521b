"""How far cases could tell base rates: intervals by the profile of the log posterior, and causes told apart or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.learning.base_rates import LearntBaseRates, learn_base_rates
from thighdx.rows import Array
from thighdx.wording import percent

FALL = 1.920729410347062  # half the 0.95 quantile of chi-square with one degree of freedom
HALVINGS = 11  # of the bracket around an end of an interval, in log-odds
STEPS = 4  # of the other base rates at each of them; they start where the last ended
NEVER = 1e-9  # a base rate of nothing
TOLD = 0.5  # share of a cause's expected cases that were told apart, below which it is said
ONE_CASE = 1.0  # expected cases from which a cause is worth a warning of its own
FAR = 10.0  # times its base rate that an interval may reach before it is said
AT_ONCE = 65_536
MOST_CASES = 20_000  # of unknown cause that intervals are found from; of more, every second, third ...


@dataclass(frozen=True)
class Sureness:
    """By cause, (causes,): how sure the learnt base rates are.

    low, high: 95 % interval, the base rates at which the log posterior, at its best over all others, is 1.92 below its
    maximum (profile likelihood: Venzon and Moolgavkar 1988); it holds the learnt one, and near 0 it is as wide as the
    cases leave it, where the curvature tells nothing. told: share of its expected cases that the answers told apart
    from other causes, the sum of squared shares over the sum of shares; 1 for labelled ones, NaN without cases.
    prior_share: of all cases behind the base rate, the part that are pseudo-cases of the priors, those told apart
    counting as cases. mixed_with: position of the cause it shares most of its expected cases with, -1 where none.
    """

    low: Array
    high: Array
    told: Array
    prior_share: Array
    mixed_with: NDArray[np.intp]


def sureness_of(rates: LearntBaseRates, counts: Array, likelihood: Array) -> Sureness:
    """How sure learnt base rates are; counts and likelihood are those they were learnt from."""
    low, high = _interval(rates, counts, likelihood)
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


def _interval(rates: LearntBaseRates, counts: Array, likelihood: Array) -> tuple[Array, Array]:
    """The profile's interval; of very many cases from a part of them, by log-odds around the maximum of that part."""
    every = -(-len(likelihood) // MOST_CASES) if len(likelihood) else 1
    if every == 1:
        return profile_interval(rates.after, rates.weight * rates.before + counts, likelihood)
    part, weight = likelihood[::every], rates.weight / every
    best = learn_base_rates(rates.before, weight, counts / every, part).after
    ends = profile_interval(best, weight * rates.before + counts / every, part, fall=FALL / every)
    low, high = (1 / (1 + np.exp(-(_log_odds(end) - _log_odds(best) + _log_odds(rates.after)))) for end in ends)
    return np.where(ends[0] == 0, 0.0, low), high


def profile_interval(best: Array, known: Array, likelihood: Array, *, fall: float = FALL) -> tuple[Array, Array]:
    """Lower and upper ends, (causes,) each, where the log posterior has fallen so far from its maximum at `best`.

    known: pseudo-cases and cases of known cause, (causes,), above 0; likelihood: (cases, causes).
    """
    causes = len(best)
    if causes == 1:
        return best, best
    maximum = float(_log_posterior(best[:, None], known, likelihood)[0])
    fixed = np.tile(np.arange(causes), 2)  # the cause whose base rate is held: downwards, then upwards
    inner = _log_odds(np.tile(best, 2))
    outer = np.where(np.arange(2 * causes) < causes, _log_odds(np.array(NEVER)), _log_odds(np.array(1 - NEVER)))
    outer = np.where(np.abs(outer) > np.abs(inner), outer, inner)
    rates = np.tile(best[:, None], (1, 2 * causes))
    for halving in range(HALVINGS + 1):
        # the first look is at the far end: where even that is likely enough, the interval goes there
        middle = outer if halving == 0 else (inner + outer) / 2
        rates = _held(rates, fixed, 1 / (1 + np.exp(-middle)))
        for _ in range(STEPS):
            rates = _held(_shares(rates, known, likelihood), fixed, 1 / (1 + np.exp(-middle)))
        within = _log_posterior(rates, known, likelihood) >= maximum - fall
        inner = np.where(within, middle, inner)
        outer = np.where(within, outer, middle)
    end = 1 / (1 + np.exp(-inner))
    low, high = end[:causes], end[causes:]
    return np.where(low <= 2 * NEVER, 0.0, low), high


def _log_odds(p: Array) -> Array:
    bounded = np.clip(p, NEVER, 1 - NEVER)
    return np.asarray(np.log(bounded) - np.log1p(-bounded))


def _held(rates: Array, fixed: NDArray[np.intp], value: Array) -> Array:
    """Columns of weights as base rates, that of one cause in each held at a value: (causes, columns)."""
    column = np.arange(len(fixed))
    others = rates.copy()
    others[fixed, column] = 0.0
    others *= (1 - value) / others.sum(axis=0)
    others[fixed, column] = value
    return others


def _shares(rates: Array, known: Array, likelihood: Array) -> Array:
    """Known and expected cases of each cause under columns of base rates, (causes, columns)."""
    expected = np.zeros_like(rates)
    for begin in range(0, len(likelihood), AT_ONCE):
        part = likelihood[begin : begin + AT_ONCE]
        expected += part.T @ (1 / (part @ rates))
    return np.asarray(known[:, None] + rates * expected)


def _log_posterior(rates: Array, known: Array, likelihood: Array) -> Array:
    """Of columns of base rates, (columns,)."""
    total = (known[:, None] * np.log(np.maximum(rates, np.finfo(float).tiny))).sum(axis=0)
    for begin in range(0, len(likelihood), AT_ONCE):
        total += np.log(likelihood[begin : begin + AT_ONCE] @ rates).sum(axis=0)
    return np.asarray(total)


def warnings_of(causes: tuple[str, ...], rates: LearntBaseRates, sure: Sureness) -> tuple[str, ...]:
    """What to bear in mind, in sentences: causes that answers alone could not tell apart, rates too near nothing."""
    if not rates.unlabelled:
        return ()
    vague, faint = [], []
    for place, cause in enumerate(causes):
        expected, told = float(rates.expected[place]), float(sure.told[place])
        if expected >= ONE_CASE and told < TOLD:
            other = causes[int(sure.mixed_with[place])]
            vague.append(f"{cause} ({told:.0%} of {expected:.1f} expected cases told, mostly mixed with {other})")
        if sure.high[place] > FAR * rates.after[place]:
            after, high = percent(float(rates.after[place])), percent(float(sure.high[place]))
            faint.append(f"{cause} ({after}, up to {high})")
    left = [cause for cause, share in zip(causes, sure.prior_share.tolist(), strict=True) if share > TOLD]
    said = []
    if vague:
        said.append(f"the answers could not tell these causes from others: {'; '.join(vague)}")
    if faint:
        said.append(
            "these causes came out as next to nothing, but being much commoner fits the answers nearly as well: "
            + "; ".join(faint)
        )
    if left:
        said.append(f"the priors still decide more than the cases for: {', '.join(left)}")
    return tuple(said)
