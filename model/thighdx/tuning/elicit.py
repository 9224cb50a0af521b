"""Rows from what people know: counts, a sensitivity, a likelihood ratio, or how sure they are of a probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

BAD_FIT = 0.03  # distance of a stated quantile from the fitted one at which the fit is said to be bad


@dataclass(frozen=True)
class Elicited:
    """A probability of a state and how many cases it is worth, ready for `Knowledge.with_row`.

    remark: what to bear in mind, as a bad fit; None where there is nothing.
    """

    probability: float
    weight: float
    remark: str | None = None


def from_counts(seen: int, cases: int, *, worth: float = 1.0) -> Elicited:
    """A share seen in `cases` cases, each worth `worth` (0 to 1) of one here. Raises `ValueError` for odd counts."""
    if not (0 <= seen <= cases and cases > 0 and 0 < worth <= 1):
        raise ValueError(
            f"{seen} of {cases}, each worth {worth:g}; accepted: 0 <= seen <= cases, worth above 0 up to 1"
        )
    return Elicited(seen / cases, cases * worth)


def from_sensitivity(
    sensitivity: float, specificity: float, with_cause: int, without: int
) -> tuple[Elicited, Elicited]:
    """P(positive | cause), and P(positive) in the comparison group, from a study of so many with and without the cause.

    Raises `ValueError` for what is no probability or no count.
    """
    for name, value in (("sensitivity", sensitivity), ("specificity", specificity)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} {value:g}; accepted: 0 to 1")
    if with_cause < 1 or without < 1:
        raise ValueError(f"{with_cause} with and {without} without the cause; accepted: at least 1 each")
    return Elicited(sensitivity, with_cause), Elicited(1 - specificity, without)


def from_likelihood_ratio(ratio: float, comparison: float, *, weight: float) -> Elicited:
    """P(state | cause) = ratio x P(state | comparison group). Raises `ValueError` where that passes 1."""
    if not (ratio > 0 and 0 < comparison < 1):
        raise ValueError(f"ratio {ratio:g} to {comparison:g}; accepted: above 0, to a probability between 0 and 1")
    probability = ratio * comparison
    if probability > 1:
        raise ValueError(f"{ratio:g} x {comparison:g} is {probability:.3g}; accepted: at most 1")
    near = "close to 1: a slightly larger ratio could not be" if probability > 0.95 else None
    return Elicited(probability, weight, near)


def from_quantiles(quantiles: Mapping[float, float]) -> Elicited:
    """The Beta distribution nearest to stated quantiles of a probability, as its mean and number of pseudo-cases.

    `quantiles` maps a level to the probability below which the truth lies with that chance, as {0.05: 0.2, 0.5: 0.3,
    0.95: 0.45}; two at least. Least squares over the quantiles (O'Hagan et al. 2006, Uncertain Judgements, 6.3). A fit
    that misses one by more than 0.03 is said in `remark`. Raises `ValueError` for quantiles that cannot be.
    """
    from scipy.optimize import minimize
    from scipy.stats import beta

    levels = np.array(sorted(quantiles))
    stated = np.array([quantiles[level] for level in levels.tolist()])
    rising = len(levels) >= 2 and bool((np.diff(stated) > 0).all())
    if not rising or levels[0] <= 0 or levels[-1] >= 1 or stated[0] <= 0 or stated[-1] >= 1:
        raise ValueError("accepted: two or more levels between 0 and 1, with rising probabilities between 0 and 1")
    middle = float(np.interp(0.5, levels, stated))
    width = float(stated[-1] - stated[0]) / max(float(levels[-1] - levels[0]), 1e-9)
    start = [np.log(middle / (1 - middle)), np.log(max(2.0, 4 * middle * (1 - middle) / width**2))]

    def fitted(free: np.ndarray) -> np.ndarray:
        mean, size = 1 / (1 + np.exp(-free[0])), np.exp(np.clip(free[1], -5, 15))
        return np.asarray(beta.ppf(levels, mean * size, (1 - mean) * size))

    found = minimize(lambda free: float(((fitted(free) - stated) ** 2).sum()), start, method="Nelder-Mead")
    mean, size = 1 / (1 + np.exp(-found.x[0])), float(np.exp(np.clip(found.x[1], -5, 15)))
    off = np.abs(fitted(found.x) - stated)
    worst = int(off.argmax())
    remark = None
    if off[worst] > BAD_FIT:
        said, level = stated[worst], levels[worst]
        remark = f"fits badly: {said:.3g} was stated at {level:g}, the fit has {fitted(found.x)[worst]:.3g}"
    return Elicited(float(mean), size, remark)
