"""Base rates from cases whose cause is known, known in part, or not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thighdx.rows import Array

MOST_STEPS = 2000
SETTLED = 1e-10  # change of the log posterior per case at which the steps end


@dataclass(frozen=True)
class LearntBaseRates:
    """Base rates with the priors as pseudo-cases.

    before, after: (causes,), sum 1. error: (causes,), standard error of `after` from the curvature of the log
    posterior. expected: (causes,), cases of each cause among those given, unlabelled ones by their shares. trace: the
    log posterior before each step and after the last; it never falls.
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
    rates = np.asarray(before, dtype=np.float64)
    trace = [_log_posterior(rates, known, likelihood)]
    shares = np.zeros_like(rates)
    for _ in range(MOST_STEPS):
        shares = _shares(rates, likelihood)
        rates = (known + shares) / total if total > 0 else rates
        trace.append(_log_posterior(rates, known, likelihood))
        if trace[-1] - trace[-2] <= SETTLED * max(total, 1.0):
            break
    shares = _shares(rates, likelihood)
    error = _errors(rates, known, likelihood)
    labelled = round(float(counts.sum()))
    return LearntBaseRates(before, rates, error, counts + shares, labelled, len(likelihood), weight, tuple(trace))


def _shares(rates: Array, likelihood: Array) -> Array:
    """Expected cases of each cause among the unlabelled ones."""
    mixed = likelihood @ rates
    return np.asarray(rates * ((1 / mixed) @ likelihood))


def _log_posterior(rates: Array, known: Array, likelihood: Array) -> float:
    return float((known * np.log(rates)).sum() + np.log(likelihood @ rates).sum())


def _errors(rates: Array, known: Array, likelihood: Array) -> Array:
    """Standard errors from the observed information, on the plane where the rates sum to 1."""
    scaled = likelihood / (likelihood @ rates)[:, None]
    information = scaled.T @ scaled + np.diag(known / rates**2)
    size = len(rates)
    # an orthonormal basis of the plane: the QR factor of a matrix whose first column is the normal
    basis = np.linalg.qr(np.column_stack([np.ones(size), np.eye(size)[:, 1:]]))[0][:, 1:]
    covariance = basis @ np.linalg.pinv(basis.T @ information @ basis) @ basis.T
    return np.asarray(np.sqrt(np.maximum(np.diag(covariance), 0.0)))
