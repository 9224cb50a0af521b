"""Robust Bayes: the least and the largest posterior over every base rate that the intervals allow.

The set of priors: shares of origins and shares within each origin, each with its own intervals (`reasoning.shares`),
chosen freely of one another. Over it the posterior is the ratio of two functions linear in each row of shares, so its
ends lie at corners (Berger 1990, Journal of Statistical Planning and Inference 25:303). They are found exactly, one row
after the other: what the other origins weigh, the shares of the origins, then the shares within the cause's own origin,
since the odds fall in what the others weigh, whatever the own shares. Populations without intervals have one prior, so
there the bounds are the point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from thighdx.knowledge import Knowledge
from thighdx.reasoning.opened import OpenCase, open_case
from thighdx.reasoning.shares import BaseRates, ShareBox, base_rate_boxes
from thighdx.rows import Array

MOST_STEPS = 100  # of Dinkelbach's iteration, which visits a corner at most once


@dataclass(frozen=True)
class Bound:
    """The least and the largest posterior of a cause or an origin over the set of priors, both attained."""

    id: str
    name: str
    probability: float
    low: float
    high: float


@dataclass(frozen=True)
class Bounds:
    """Bounds over all base rates within their intervals. `is_open`: whether the population states any interval.

    causes run from the most to the least probable; origins in the vocabulary's order.
    """

    population: str
    is_open: bool
    causes: tuple[Bound, ...]
    origins: tuple[Bound, ...]
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists."""
        return asdict(self)


def base_rate_bounds(
    case: Mapping[str, object], *, knowledge: Knowledge | None = None, population: str | None = None
) -> Bounds:
    """How far the posterior could move by base rates alone, were each anywhere within its interval.

    Raises as `diagnose` does.
    """
    return bounds_of(open_case(case, knowledge, population))


def bounds_of(opened: OpenCase) -> Bounds:
    """`base_rate_bounds` of a case already opened."""
    knowledge, tables = opened.knowledge, opened.model.tables
    rates = base_rate_boxes(knowledge, knowledge.content.populations[opened.model.population])
    point, by_origin = opened.assessment.probability[0], opened.assessment.origins[0]
    causes = np.stack([point, point], axis=1)
    origins = np.stack([by_origin, by_origin], axis=1)
    if rates.is_open:
        log = opened.view.log_likelihood
        likelihood = np.exp(log - log.max())
        causes, by_row = posterior_bounds(rates, likelihood)
        of = np.array([knowledge.content.causes[cause].origin for cause in tables.causes])
        groups = np.array([of == origin for origin in knowledge.origins])
        origins = group_bounds(rates.within[0], likelihood, groups) if by_row is None else by_row
    content = knowledge.content
    order = sorted(range(len(point)), key=lambda number: (number != opened.leading, -point[number]))
    return Bounds(
        opened.model.population,
        rates.is_open,
        tuple(_bound(tables.causes[i], content.causes[tables.causes[i]].name, point[i], causes[i]) for i in order),
        tuple(
            _bound(name, content.origins[name], by_origin[number], origins[number])
            for number, name in enumerate(knowledge.origins)
        ),
        "over every base rate within its interval"
        if rates.is_open
        else "this population states no intervals, so the bounds are the point",
    )


def _bound(name: str, title: str, point: float, ends: Array) -> Bound:
    """Rounding may leave the point a hair outside."""
    return Bound(name, title, float(point), min(float(ends[0]), float(point)), max(float(ends[1]), float(point)))


def posterior_bounds(rates: BaseRates, likelihood: Array) -> tuple[Array, Array | None]:
    """The least and the largest posterior of every cause, (causes, 2), and of every origin, (origins, 2).

    likelihood: (causes,), P(e | cause) up to a factor. Origins are None where shares are of causes outright.
    """
    if rates.origins is None:
        return group_bounds(rates.within[0], likelihood, np.eye(len(likelihood))), None
    result = np.zeros((len(likelihood), 2))
    per_cause = [likelihood[members] for members in rates.members]
    ends = np.array([_linear(box, row) for box, row in zip(rates.within, per_cause, strict=True)])  # (origins, 2)
    own = np.eye(len(ends))
    # what the others weigh beside each origin, at its largest (for the low end) and at its least, (origins, 2)
    beside = np.stack(
        [
            _ratios(rates.origins, (1 - own) * ends[:, 1], own, np.ones(len(ends))),
            _ratios(rates.origins, (1 - own) * ends[:, 0], own, -np.ones(len(ends))),
        ],
        axis=1,
    )
    for number, (box, members) in enumerate(zip(rates.within, rates.members, strict=True)):
        result[members] = _within(box, likelihood[members], beside[number])
    return result, _over(ends, ends + beside)


def group_bounds(box: ShareBox, likelihood: Array, groups: Array) -> Array:
    """The least and the largest posterior of each group of the causes of one box, (groups, 2).

    groups: (groups, causes), 1 where the cause is in the group.
    """
    return _ends(box, likelihood * groups, np.stack([likelihood, likelihood]))


def _within(box: ShareBox, likelihood: Array, beside: Array) -> Array:
    """Ends of the posterior of each cause of a box, (names, 2), where all others weigh `beside`, (2,)."""
    finite = np.isfinite(beside)  # else the origin's share is 0 there
    # shares sum to 1, so what the others weigh can be added to each cause's likelihood
    below = likelihood + np.where(finite, beside, 0.0)[:, None]
    return np.where(finite, _ends(box, np.diag(likelihood), below), 0.0)


def _ends(box: ShareBox, above: Array, below: Array) -> Array:
    """The least and the largest ratio of each row of `above`, (rows, names), over `below`, (2, names): (rows, 2)."""
    rows = len(above)
    sign = np.repeat([-1.0, 1.0], rows)
    return _ratios(box, np.tile(above, (2, 1)), np.repeat(below, rows, axis=0), sign).reshape(2, rows).T


def _linear(box: ShareBox, value: Array) -> Array:
    """The least and the largest sum of share x value over a box, (2,)."""
    return np.asarray(_corners(box, np.array([-value, value])) @ value)


def _ratios(box: ShareBox, above: Array, below: Array, sign: Array) -> Array:
    """The largest (sign 1) or least (sign -1) ratio of share x above over share x below over a box, (problems,).

    above, below: (problems, names). By Dinkelbach (1967, Management Science 13:492): at the solution the largest of
    above - ratio x below is 0.
    """
    value = _over(above @ box.point, below @ box.point)
    open_ = np.flatnonzero(np.isfinite(value))
    for _ in range(MOST_STEPS):
        if not open_.size:
            break
        a, b, was = above[open_], below[open_], value[open_]
        share = _corners(box, sign[open_, None] * (a - was[:, None] * b))
        found = _over((share * a).sum(axis=1), (share * b).sum(axis=1))
        better = sign[open_] * (found - was) > 0
        open_ = open_[better]
        value[open_] = found[better]
        open_ = open_[np.isfinite(value[open_])]
    return value


def _over(above: Array, below: Array) -> Array:
    """Their ratios; without limit where only the lower is 0."""
    empty = np.where(above > 0, np.inf, 0.0)
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), empty)


def _corners(box: ShareBox, value: Array) -> Array:
    """The shares of a box that make each sum of share x value largest: the best get theirs first; (problems, names)."""
    if not box.bounded.any():
        return np.broadcast_to(box.point, value.shape)
    rest = box.rest
    low = np.append(box.low[box.bounded], 0.0)
    high = np.append(box.high[box.bounded], 1.0 if rest.any() else 0.0)
    worth = np.concatenate([value[:, box.bounded], (value @ rest)[:, None]], axis=1)
    order = np.argsort(-worth, axis=1, kind="stable")
    room = (high - low)[order]
    free = np.clip((1.0 - low.sum()) - (np.cumsum(room, axis=1) - room), 0.0, room)
    share = np.tile(low, (len(value), 1))
    np.put_along_axis(share, order, low[order] + free, axis=1)
    result = rest * share[:, -1:]
    result[:, box.bounded] = share[:, :-1]
    return np.asarray(result)
