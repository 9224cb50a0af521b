"""The numbers of the priors that a posterior rests on, each with the range it may lie in, and what follows from others.

A number is one entry of a published row, P(state | cause) or P(level | cause), or a share of the base rates. Its range is
the 95 % credible interval of a Beta with `weight` pseudo-cases, for a share its stated interval, widened to hold the
number. When it changes, the other entries of its row keep their proportion. A background row takes with it whatever
follows it: causes without a row, ratios, and the states that other rows leave out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from thighdx.knowledge import Knowledge
from thighdx.reasoning.resolve import CaseView, Changed, posterior
from thighdx.reasoning.shares import BaseRates, ShareBox, base_rate_boxes
from thighdx.rows import Array, cause_row, complete, floored
from thighdx.schema import Basis, Population, RatioRow, Row
from thighdx.tables import background

ENDS = (0.025, 0.975)  # of the Beta: what a 95 % interval means
NEAREST = 1e-6  # to 0 and 1 that a number is varied to; the floor of findings' rows is farther in

Kind = Literal["row", "level", "share"]


@dataclass(frozen=True)
class Number:
    """One number of the priors. path: the keys that hold it, as in `findings.slump.rows.strain`.

    position: of the finding, the mechanism or the box of shares. cause: position, None for a background row.
    entries: which entries of the row it is the sum of, (states, levels or names,). row: the whole row as it stands.
    """

    kind: Kind
    path: str
    name: str
    position: int
    cause: int | None
    entries: NDArray[np.bool_]
    row: Array
    low: float
    high: float
    weight: float
    source: str

    @property
    def value(self) -> float:
        """The number as it stands."""
        return float(self.row[self.entries].sum())

    def rows(self, values: Array) -> Array:
        """The row with other values of the number, (values, entries): the rest in its proportion."""
        inside = np.where(self.entries, self.row, 0.0)
        outside = np.where(self.entries, 0.0, self.row)
        return values[:, None] * inside / inside.sum() + (1 - values[:, None]) * outside / outside.sum()


def numbers_of(view: CaseView) -> list[Number]:
    """Every number that a case's posterior rests on: entries of the rows of its answers, levels, base rates.

    Levels count where two answers hang on a mechanism: one alone has its row whatever the levels.
    """
    return [*_finding_numbers(view), *_level_numbers(view), *_share_numbers(view)]


def respond(view: CaseView, numbers: Sequence[Number], values: Array) -> Array:
    """P(cause | e) with each number at each of its values, (numbers, values, causes); values: (numbers, values).

    Conditional tables are solved anew; it is what the engine gives on the changed knowledge.
    """
    knowledge, tables = view.model.knowledge, view.model.tables
    count, each = values.shape
    log = np.tile(view.log_likelihood, (count * each, 1))
    prior = np.tile(tables.prior, (count * each, 1))
    for kind, changed, solve in (
        ("row", _rows_changed, view.with_rows),
        ("level", _levels_changed, view.with_levels),
    ):
        of = [place for place, number in enumerate(numbers) if number.kind == kind]
        changes = [
            change
            for place in of
            for change in changed(view, numbers[place], values[place], place * each)
        ]
        if changes:
            log += solve(_merged(changes), count * each) - view.log_likelihood
    rates = base_rate_boxes(knowledge, knowledge.content.populations[view.model.population])
    for place, number in enumerate(numbers):
        if number.kind == "share":
            shares = [np.tile(box.point, (each, 1)) for _, box in rates.boxes]
            shares[number.position] = number.rows(values[place])
            prior[place * each : (place + 1) * each] = rates.prior(shares)
    return posterior(log, prior).reshape(count, each, -1)


def _merged(changes: Sequence[Changed]) -> list[Changed]:
    """The changes of one finding or mechanism together."""
    by_position: dict[int, list[Changed]] = {}
    for change in changes:
        by_position.setdefault(change.position, []).append(change)
    return [
        Changed(
            position,
            np.concatenate([one.variant for one in alike]),
            np.concatenate([one.cause for one in alike]),
            np.concatenate([one.rows for one in alike]),
        )
        for position, alike in by_position.items()
    ]


def _rows_changed(view: CaseView, number: Number, values: Array, first: int) -> Iterator[Changed]:
    knowledge = view.model.knowledge
    entry = knowledge.content.findings[knowledge.findings[number.position]]
    for change in _changed(knowledge, number, values, first, entry.rows, entry.states):
        rows = floored(change.rows, knowledge.content.thresholds.floor)
        yield Changed(change.position, change.variant, change.cause, rows)


def _levels_changed(view: CaseView, number: Number, values: Array, first: int) -> Iterator[Changed]:
    knowledge = view.model.knowledge
    entry = knowledge.content.mechanisms[view.model.tables.mechanisms[number.position].id]
    for change in _changed(knowledge, number, values, first, entry.rows, entry.levels):
        # where nothing is answered on the mechanism under a cause, its levels play no part
        used = np.array([bool(view.on(number.position, int(cause))) for cause in change.cause], dtype=bool)
        yield Changed(change.position, change.variant[used], change.cause[used], change.rows[used])


def _changed(
    knowledge: Knowledge,
    number: Number,
    values: Array,
    first: int,
    own: Mapping[str, Row | RatioRow],
    states: Sequence[str],
) -> Iterator[Changed]:
    """The rows that go with other values of a number: its cause's, or all that follow the background."""
    rows, variants = number.rows(values), np.arange(first, first + len(values))
    if number.cause is not None:
        yield Changed(number.position, variants, np.full(len(values), number.cause), rows)
        return
    for cause, name in enumerate(knowledge.causes):
        row = own.get(name)
        if row is None:
            yield Changed(number.position, variants, np.full(len(values), cause), rows)
        elif isinstance(row, RatioRow) or len([state for state in states if state not in row.p]) > 1:
            followed = np.array([cause_row(row, states, one) for one in rows])
            yield Changed(number.position, variants, np.full(len(values), cause), followed)


def _finding_numbers(view: CaseView) -> Iterator[Number]:
    knowledge = view.model.knowledge
    population = knowledge.content.populations[view.model.population]
    floor = knowledge.content.thresholds.floor
    for position, likelihood in view.said.items():
        name = knowledge.findings[position]
        entry = knowledge.content.findings[name]
        entries = np.isclose(likelihood, likelihood.max())
        if entries.all():
            continue  # a soft answer that says nothing
        what = f"{name} {'|'.join(np.array(entry.states)[entries])}"
        shared = population.mix.get(name, entry.background)
        path = (
            f"populations.{view.model.population}.mix.{name}"
            if name in population.mix
            else f"findings.{name}.background"
        )
        row = floored(background(entry, name, population), floor)
        yield _number(knowledge, "row", path, f"{what}, background", position, None, entries, row, shared, floor)
        for cause, own in entry.rows.items():
            number = knowledge.causes.index(cause)
            row = view.model.tables.findings[position].rows[number]
            path = f"findings.{name}.rows.{cause}"
            yield _number(knowledge, "row", path, f"{what} | {cause}", position, number, entries, row, own, floor)


def _level_numbers(view: CaseView) -> Iterator[Number]:
    knowledge = view.model.knowledge
    for position, table in enumerate(view.model.tables.mechanisms):
        entry = knowledge.content.mechanisms[table.id]
        together = [len(view.on(position, cause)) > 1 for cause in range(len(knowledge.causes))]
        shared = complete(entry.background.p, entry.levels)
        if any(both for both, cause in zip(together, knowledge.causes, strict=True) if cause not in entry.rows):
            yield from _levels(knowledge, position, table.id, None, shared, entry.background)
        for cause, own in entry.rows.items():
            number = knowledge.causes.index(cause)
            if together[number]:
                yield from _levels(knowledge, position, table.id, number, table.prior[number], own)


def _levels(
    knowledge: Knowledge, position: int, mechanism: str, cause: int | None, row: Array, basis: Basis
) -> Iterator[Number]:
    levels = knowledge.content.mechanisms[mechanism].levels
    # of two levels one says it all
    for level in range(1 if len(levels) == 2 else 0, len(levels)):
        entries = np.arange(len(levels)) == level
        if not 0 < row[level] < 1:
            continue
        place = "background" if cause is None else f"rows.{knowledge.causes[cause]}"
        whose = ", background" if cause is None else f" | {knowledge.causes[cause]}"
        path, name = f"mechanisms.{mechanism}.{place}", f"{mechanism} {levels[level]}{whose}"
        yield _number(knowledge, "level", path, name, position, cause, entries, row, basis, NEAREST)


def _share_numbers(view: CaseView) -> Iterator[Number]:
    knowledge, population = view.model.knowledge, view.model.population
    entry = knowledge.content.populations[population]
    rates = base_rate_boxes(knowledge, entry)
    for position, (place, box) in enumerate(rates.boxes):
        basis = _basis_of(entry, rates, position)
        for number, name in enumerate(box.names):
            low, high = _share_range(box, number)
            if low < high:
                entries = np.arange(len(box.names)) == number
                path = f"populations.{population}.{place}"
                title = f"share of {name}" + (f" within {place.partition('.')[2]}" if "." in place else "")
                said = _source(knowledge, basis)
                yield Number(
                    "share", path, title, position, None, entries, box.point, low, high, box.weight, said
                )


def _basis_of(entry: Population, rates: BaseRates, position: int) -> Basis:
    if rates.origins is None:
        assert entry.causes is not None  # noqa: S101 - there are no origins, checked on loading
        return entry.causes
    assert entry.origins is not None  # noqa: S101 - there are
    return entry.origins if position == 0 else entry.within[rates.origins.names[position - 1]]


def _share_range(box: ShareBox, number: int) -> tuple[float, float]:
    point = float(box.point[number])
    if box.bounded[number]:
        return float(box.low[number]), float(box.high[number])
    if box.exact or not 0 < point < 1:
        return point, point
    return beta_range(point, box.weight, NEAREST)


def _number(
    knowledge: Knowledge,
    kind: Kind,
    path: str,
    name: str,
    position: int,
    cause: int | None,
    entries: NDArray[np.bool_],
    row: Array,
    basis: Basis,
    floor: float,
) -> Number:
    low, high = beta_range(float(row[entries].sum()), basis.weight, floor)
    source = _source(knowledge, basis)
    return Number(kind, path, name, position, cause, entries, row, low, high, basis.weight, source)


def beta_range(value: float, weight: float, nearest: float) -> tuple[float, float]:
    """The 95 % interval of a Beta with `weight` pseudo-cases and this mean, no nearer than `nearest` to 0 and 1.

    It is widened to hold the mean, which a very skewed one may leave outside.
    """
    from scipy.special import betaincinv  # scipy takes a tenth of a second to import

    low, high = betaincinv(weight * value, weight * (1 - value), np.array(ENDS))
    low, high = max(float(low), nearest), min(float(high), 1 - nearest)
    return min(low, value), max(high, value)


def _source(knowledge: Knowledge, basis: Basis) -> str:
    """What a number rests on: the titles of the documents, or the reason of an estimate."""
    content = knowledge.content
    keys = dict.fromkeys([*(content.figures[figure].source for figure in basis.figures), *basis.sources])
    titles = "; ".join(content.sources[key].title for key in keys)
    return titles if basis.estimate is None else f"estimate: {basis.estimate}"
