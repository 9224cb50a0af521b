"""Base rates from cases whose cause is known, known in part, or not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thighdx.rows import Array

MOST_STEPS = 2000
SETTLED = 1e-10  # change of the log posterior per case at which the steps end
MANY, THINNED = 50_000, 20  # unlabelled cases from which the steps begin on every 20th of them


@dataclass(frozen=True)
class LearntBaseRates:
    """Base rates with the priors as pseudo-cases.

    before, after: (causes,), sum 1. error: (causes,), standard error of `after` from the curvature of the log
    posterior. expected: (causes,), cases of each cause among those given, unlabelled ones by their shares. trace: the
    log posterior of `before` and after each step; it never falls.
    """

    before: Array
    after: Array
    error: Array
    expected: Array
    labelled: int
    unlabelled: int
    weight: float
    trace: tuple[float, ...]


def learn_base_rates(before: Array, weight: float, counts: Array, likelihood: Array) -> LearntBaseRates:
    """Maximum of the posterior of the base rates, by expectation maximisation.

    before: (causes,), above 0, worth `weight` cases (a Dirichlet prior); counts: (causes,), cases of known cause;
    likelihood: (cases, causes), P(e | cause) up to a factor for each case, 0 for causes that a partial label rules out.
    Without labels and prior this is Saerens, Latinne and Decaestecker 2002, Adjusting the outputs of a classifier to
    new a priori probabilities; without unlabelled cases it ends after one step at (weight before + counts) / (weight +
    cases).
    """
    known = weight * before + counts
    total = float(known.sum()) + len(likelihood)
    first, _ = _step(before, known, likelihood)
    trace = [first]
    rates = _start(before, weight, counts, likelihood, first)
    value, shares = _step(rates, known, likelihood)
    for _ in range(MOST_STEPS):
        rates = (known + shares) / total
        reached, shares = _step(rates, known, likelihood)
        trace.append(reached)
        if reached - value <= SETTLED * total:
            break
        value = reached
    error = _errors(rates, known, likelihood)
    labelled = round(float(counts.sum()))
    return LearntBaseRates(before, rates, error, counts + shares, labelled, len(likelihood), weight, tuple(trace))


def base_rates_as_they_are(before: Array, weight: float, counts: Array, likelihood: Array) -> LearntBaseRates:
    """No step taken, for what is learnt at the base rates as they are: arguments as `learn_base_rates`."""
    _, shares = _step(before, weight * before + counts, likelihood)
    labelled = round(float(counts.sum()))
    return LearntBaseRates(
        before, before, np.zeros_like(before), counts + shares, labelled, len(likelihood), weight, ()
    )


def _start(before: Array, weight: float, counts: Array, likelihood: Array, first: float) -> Array:
    """Where the steps begin: the priors, or with many cases the end of the steps on a few of them, if better."""
    if len(likelihood) < MANY:
        return before
    few = learn_base_rates(before, weight / THINNED, counts / THINNED, likelihood[::THINNED]).after
    reached, _ = _step(few, weight * before + counts, likelihood)
    return few if reached > first else before


def _step(rates: Array, known: Array, likelihood: Array) -> tuple[float, Array]:
    """Log posterior of the rates, and the expected cases of each cause among the unlabelled ones."""
    mixed = likelihood @ rates
    with np.errstate(divide="ignore", invalid="ignore"):
        stated = np.where(known > 0, known * np.log(rates), 0.0)
    return float(stated.sum() + np.log(mixed).sum()), np.asarray(rates * ((1 / mixed) @ likelihood))


def _errors(rates: Array, known: Array, likelihood: Array) -> Array:
    """Standard errors from the observed information, on the plane where the rates sum to 1."""
    information = np.diag(known / rates**2)
    for start in range(0, len(likelihood), MANY):
        part = likelihood[start : start + MANY]
        scaled = part / (part @ rates)[:, None]
        information += scaled.T @ scaled
    size = len(rates)
    # an orthonormal basis of the plane: the QR factor of a matrix whose first column is the normal
    basis = np.linalg.qr(np.column_stack([np.ones(size), np.eye(size)[:, 1:]]))[0][:, 1:]
    covariance = basis @ np.linalg.pinv(basis.T @ information @ basis) @ basis.T
    return np.asarray(np.sqrt(np.maximum(np.diag(covariance), 0.0)))
