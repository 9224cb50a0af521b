"""The numbers of the priors that a posterior rests on, each with the range it may lie in.

A number is one entry of a published row, P(state | cause) or P(level | cause), or a share of the base rates. Its range
is the 95 % credible interval of a Beta with `weight` pseudo-cases, for a share its stated interval, widened to hold the
number. When it changes, the other entries of its row keep their proportion. A background row takes with it whatever
follows it: causes without a row, ratios, and the states that other rows leave out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import Model, get_model
from thighdx.knowledge import Knowledge
from thighdx.ranges import ranges
from thighdx.reasoning.resolve import Changed
from thighdx.reasoning.shares import BaseRates, base_rate_boxes
from thighdx.rows import Array, cause_row, complete, floored
from thighdx.schema import Basis, Population, RatioRow, Row
from thighdx.tables import background

NEAREST = 1e-6  # to 0 and 1 that a number is varied to; the floor of findings' rows is farther in

Kind = Literal["row", "level", "share"]


@dataclass(frozen=True, eq=False)
class Number:
    """One number of the priors. path: the keys that hold it, as in `findings.slump.rows.strain`.

    entry: which entry of that row. position: of the finding, the mechanism or the box of shares. cause: position, None
    for a background row and for shares. entries: which entries of the row it is the sum of, (states, levels or names,).
    row: the whole row as it stands. low, high: its range; weight: pseudo-cases; source: what it rests on.
    """

    kind: Kind
    path: str
    entry: str
    name: str
    position: int
    cause: int | None
    entries: NDArray[np.bool_]
    row: Array
    weight: float
    source: str
    low: float = 0.0
    high: float = 1.0

    @cached_property
    def value(self) -> float:
        """The number as it stands."""
        return float(self.row[self.entries].sum())

    def rows(self, values: Array) -> Array:
        """The row with other values of the number, (values, entries): the rest in its proportion."""
        inside = np.where(self.entries, self.row, 0.0)
        outside = np.where(self.entries, 0.0, self.row)
        return np.asarray(values[:, None] * inside / inside.sum() + (1 - values[:, None]) * outside / outside.sum())


@lru_cache(maxsize=1024)
def finding_numbers(
    knowledge: Knowledge, population: str, position: int, entries: tuple[bool, ...]
) -> tuple[Number, ...]:
    """P(one of `entries` | cause) of a finding: the background, then the causes with a row of their own."""
    name = knowledge.findings[position]
    entry, chosen = knowledge.content.findings[name], knowledge.content.populations[population]
    floor = knowledge.content.thresholds.floor
    table = get_model(knowledge, population).tables.findings[position]
    states = "|".join(np.array(entry.states)[list(entries)])
    mixed = name in chosen.mix
    numbers = [
        Number(
            "row",
            f"populations.{population}.mix.{name}" if mixed else f"findings.{name}.background",
            states,
            f"{name} {states}, background",
            position,
            None,
            np.array(entries),
            floored(background(entry, name, chosen), floor),
            *_basis(knowledge, chosen.mix.get(name, entry.background)),
        )
    ]
    for cause, own in entry.rows.items():
        number, path = knowledge.causes.index(cause), f"findings.{name}.rows.{cause}"
        title, row = f"{name} {states} | {cause}", table.rows[number]
        numbers.append(
            Number("row", path, states, title, position, number, np.array(entries), row, *_basis(knowledge, own))
        )
    return _ranged(numbers, floor)


@lru_cache(maxsize=256)
def level_numbers(knowledge: Knowledge, population: str, position: int) -> tuple[Number, ...]:
    """P(level | cause) of a mechanism: the background, then the causes with a row of their own."""
    table = get_model(knowledge, population).tables.mechanisms[position]
    entry = knowledge.content.mechanisms[table.id]
    rows: list[tuple[int | None, Array, Basis]] = [(None, complete(entry.background.p, entry.levels), entry.background)]
    rows += [
        (knowledge.causes.index(cause), table.prior[knowledge.causes.index(cause)], own)
        for cause, own in entry.rows.items()
    ]
    numbers = []
    for cause, row, basis in rows:
        place, whose = ("background", ", background") if cause is None else _of_cause(knowledge, cause)
        # of two levels one says it all
        for level in range(1 if len(entry.levels) == 2 else 0, len(entry.levels)):
            if 0 < row[level] < 1:
                path, name = f"mechanisms.{table.id}.{place}", f"{table.id} {entry.levels[level]}{whose}"
                entries = np.arange(len(entry.levels)) == level
                stands = _basis(knowledge, basis)
                numbers.append(Number("level", path, entry.levels[level], name, position, cause, entries, row, *stands))
    return _ranged(numbers, NEAREST)


def _of_cause(knowledge: Knowledge, cause: int) -> tuple[str, str]:
    return f"rows.{knowledge.causes[cause]}", f" | {knowledge.causes[cause]}"


@lru_cache(maxsize=64)
def share_numbers(knowledge: Knowledge, population: str) -> tuple[Number, ...]:
    """The shares of the base rates that are not a convention."""
    entry = knowledge.content.populations[population]
    rates = base_rate_boxes(knowledge, entry)
    numbers: list[Number] = []
    for position, (place, box) in enumerate(rates.boxes):
        weight, source = _basis(knowledge, _share_basis(entry, rates, position))
        path, within = f"populations.{population}.{place}", place.partition(".")[2]
        found = [
            Number(
                "share",
                path,
                name,
                f"share of {name}" + (f" within {within}" if within else ""),
                position,
                None,
                np.arange(len(box.names)) == number,
                box.point,
                weight,
                source,
            )
            for number, name in enumerate(box.names)
        ]
        by_weight = _ranged(found, NEAREST)
        stated = [
            replace(one, low=float(low), high=float(high))
            for one, low, high in zip(found, box.low, box.high, strict=True)
        ]
        ranged = np.where(box.bounded, np.array(stated, dtype=object), np.array(by_weight, dtype=object)).tolist()
        numbers += [one for one in ranged if not box.exact and 0 < one.value < 1 and one.low < one.high]
    return tuple(numbers)


def _share_basis(entry: Population, rates: BaseRates, position: int) -> Basis:
    if rates.origins is None:
        assert entry.causes is not None  # noqa: S101 - there are no origins, checked on loading
        return entry.causes
    assert entry.origins is not None  # noqa: S101 - there are
    return entry.origins if position == 0 else entry.within[rates.origins.names[position - 1]]


def _basis(knowledge: Knowledge, basis: Basis) -> tuple[float, str]:
    """A row's weight, and what it rests on: the titles of the documents, or the reason of an estimate."""
    content = knowledge.content
    keys = dict.fromkeys([*(content.figures[figure].source for figure in basis.figures), *basis.sources])
    titles = "; ".join(content.sources[key].title for key in keys)
    return basis.weight, titles if basis.estimate is None else f"estimate: {basis.estimate}"


def _ranged(numbers: Sequence[Number], nearest: float) -> tuple[Number, ...]:
    """The numbers with their 95 % ranges, no nearer than `nearest` to 0 and 1."""
    value = np.array([number.value for number in numbers])
    low, high = ranges(value, np.array([number.weight for number in numbers]), nearest)
    return tuple(
        replace(number, low=float(least), high=float(most))
        for number, least, most in zip(numbers, low, high, strict=True)
    )


def changed_by(model: Model, numbers: Sequence[Number], values: Array) -> Changed:
    """The rows that go with other values of numbers of one finding or of one mechanism; values: (numbers, values).

    Variant i x (values a number) + j has number i at its value j.
    """
    knowledge, first = model.knowledge, numbers[0]
    own: Mapping[str, Row | RatioRow]
    if first.kind == "row":
        entry = knowledge.content.findings[knowledge.findings[first.position]]
        own, states = entry.rows, entry.states
    else:
        mechanism = knowledge.content.mechanisms[model.tables.mechanisms[first.position].id]
        own, states = mechanism.rows, mechanism.levels
    parts = [
        (variants, np.full(len(variants), cause), rows)
        for place, number in enumerate(numbers)
        for variants in [np.arange(place * values.shape[1], (place + 1) * values.shape[1])]
        for cause, rows in _follow(knowledge.causes, number, number.rows(values[place]), own, states)
    ]
    rows = np.concatenate([part[2] for part in parts])
    return Changed(
        model,
        first.position,
        values.size,
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        floored(rows, knowledge.content.thresholds.floor) if first.kind == "row" else rows,
    )


def _follow(
    causes: Sequence[str], number: Number, rows: Array, own: Mapping[str, Row | RatioRow], states: Sequence[str]
) -> Iterator[tuple[int, Array]]:
    """Each cause whose row changes with a number, and its rows: the number's own, or all that follow the background."""
    if number.cause is not None:
        yield number.cause, rows
        return
    for cause, name in enumerate(causes):
        row = own.get(name)
        if row is None:
            yield cause, rows
        elif isinstance(row, RatioRow) or len([state for state in states if state not in row.p]) > 1:
            yield cause, cause_row(row, states, rows)
