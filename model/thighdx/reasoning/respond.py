"""The posterior of one case as numbers of the priors change, one at a time, the conditional tables solved anew.

The grid of each number's range is the same for every case, so what is solved for it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from thighdx.assess import get_model
from thighdx.knowledge import Knowledge
from thighdx.reasoning.numbers import Number, changed_by, finding_numbers, level_numbers, share_numbers
from thighdx.reasoning.resolve import CaseView, Changed, posterior
from thighdx.reasoning.shares import BaseRates, base_rate_boxes
from thighdx.rows import Array

NEVER = 1e-12  # a share of 0 in log-odds; the ends of a grid are the stated ones
SIDE = 4  # points of a number's range on either side of it, evenly in log-odds


@dataclass(frozen=True, eq=False)
class Response:
    """Numbers with values (numbers, values) and the posterior at each, (numbers, values, causes)."""

    numbers: tuple[Number, ...]
    values: Array
    probability: Array


def respond_on_grid(view: CaseView) -> Response:
    """Every number that a case's posterior rests on, over its range.

    These are the rows of its answers, the levels of mechanisms on which two answers hang under a cause (one alone has
    its row whatever the levels) and the base rates.
    """
    knowledge, population = view.model.knowledge, view.model.population
    numbers: list[Number] = []
    at: list[Array] = []
    found: list[Array] = []
    for position, likelihood in view.said.items():
        entries = np.isclose(likelihood, likelihood.max())
        if not entries.all():  # else a soft answer that says nothing
            these, values, changed = _row_grid(knowledge, population, position, tuple(entries.tolist()))
            numbers += these
            at.append(values)
            found.append(posterior(view.with_rows(changed), view.tables.prior))
    for position in view.levels:
        these, values, changed = _level_grid(knowledge, population, position)
        together = view.answers_on(position) > 1
        own = knowledge.content.mechanisms[view.tables.mechanisms[position].id].rows
        shared = any(both for both, cause in zip(together, knowledge.causes, strict=True) if cause not in own)
        kept = [shared if one.cause is None else bool(together[one.cause]) for one in these]
        if any(kept):
            every = posterior(view.with_levels(changed), view.tables.prior)
            numbers += [one for one, keep in zip(these, kept, strict=True) if keep]
            at.append(values[kept])
            found.append(every[np.repeat(kept, 2 * SIDE)])
    these, values = _share_grid(knowledge, population)
    numbers += these
    if these:
        at.append(values)
        found.append(_with_shares(view, these, values))
    causes = len(view.tables.causes)
    whole = np.concatenate(found) if found else np.zeros((0, causes))
    every = np.concatenate(at) if at else np.zeros((0, 2 * SIDE))
    return Response(tuple(numbers), every, whole.reshape(len(numbers), 2 * SIDE, causes))


def respond(view: CaseView, number: Number, values: Array) -> Array:
    """P(cause | e) with one number at each of some values, (values, causes)."""
    if number.kind == "share":
        return _with_shares(view, [number], values[None])
    changed = changed_by(view.model, [number], values[None])
    log = view.with_rows(changed) if number.kind == "row" else view.with_levels(changed)
    return posterior(log, view.tables.prior)


@lru_cache(maxsize=512)
def _row_grid(
    knowledge: Knowledge, population: str, position: int, entries: tuple[bool, ...]
) -> tuple[tuple[Number, ...], Array, Changed]:
    numbers = finding_numbers(knowledge, population, position, entries)
    values = grids(numbers)
    return numbers, values, changed_by(get_model(knowledge, population), numbers, values)


@lru_cache(maxsize=64)
def _level_grid(knowledge: Knowledge, population: str, position: int) -> tuple[tuple[Number, ...], Array, Changed]:
    numbers = level_numbers(knowledge, population, position)
    values = grids(numbers)
    return numbers, values, changed_by(get_model(knowledge, population), numbers, values)


@lru_cache(maxsize=64)
def _share_grid(knowledge: Knowledge, population: str) -> tuple[tuple[Number, ...], Array]:
    numbers = share_numbers(knowledge, population)
    return numbers, grids(numbers)


@lru_cache(maxsize=64)
def _rates(knowledge: Knowledge, population: str) -> BaseRates:
    return base_rate_boxes(knowledge, knowledge.content.populations[population])


def _with_shares(view: CaseView, numbers: Sequence[Number], values: Array) -> Array:
    """P(cause | e) with each share at each of its values, (numbers x values, causes)."""
    each, rates = values.shape[1], _rates(view.model.knowledge, view.model.population)
    shares = [np.tile(box.point, (values.size, 1)) for _, box in rates.boxes]
    for place, number in enumerate(numbers):
        shares[number.position][place * each : (place + 1) * each] = number.rows(values[place])
    return posterior(view.log_likelihood, rates.prior(shares))


def grids(numbers: Sequence[Number]) -> Array:
    """Values over each number's range, (numbers, 2 SIDE): up to it from the low end, and on to the high end."""
    low, point, high = (
        (
            log_odds(np.array(ends))
            for ends in zip(*[(number.low, number.value, number.high) for number in numbers], strict=True)
        )
        if numbers
        else (np.zeros(0),) * 3
    )
    steps = np.arange(1, SIDE + 1) / SIDE
    logs = [
        low[:, None] + (point - low)[:, None] * (steps - 1 / SIDE),
        point[:, None] + (high - point)[:, None] * steps,
    ]
    values = from_log_odds(np.concatenate(logs, axis=1))
    values[:, 0] = [number.low for number in numbers]
    values[:, -1] = [number.high for number in numbers]
    return np.asarray(values)


def log_odds(value: Array) -> Array:
    """log(p / (1 - p)), p no nearer to 0 and 1 than a share may come that is stated to reach them."""
    value = np.clip(value, NEVER, 1 - NEVER)
    return np.asarray(np.log(value) - np.log1p(-value))


def from_log_odds(logs: Array) -> Array:
    """p, whose log-odds are given."""
    return np.asarray(1 / (1 + np.exp(-logs)))
