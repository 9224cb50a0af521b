"""What moved between two models: numbers, posteriors of cases, and which cause leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from thighdx.assess import Model
from thighdx.cases import Cases
from thighdx.errors import ThighdxError
from thighdx.rows import Array
from thighdx.schema import CAUSE
from thighdx.tables import Tables

SAME = 2e-6  # numbers closer than this did not move: other programs write six digits


@dataclass(frozen=True)
class Change:
    """A probability that moved.

    table: `cause`, a mechanism or a finding. cause: None for a base rate. level: `mechanism=level`, if given one.
    """

    table: str
    cause: str | None
    level: str | None
    state: str
    before: float
    after: float


@dataclass(frozen=True)
class MovedCase:
    """A case of a case set: its leading cause before and after, and how far the posterior went (total variation).

    row: from 1. case_id: empty where the case has none.
    """

    row: int
    case_id: str
    before: str
    after: str
    p_before: float
    p_after: float
    moved: float


@dataclass(frozen=True)
class Difference:
    """Two models of the same causes and findings.

    changes: of base rates, rows and mechanisms' levels, the largest first; conditional: of the tables given the level
    of a mechanism, which follow from rows, levels and templates. cases: the farthest moved first.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    conditional: tuple[Change, ...]
    cases: tuple[MovedCase, ...]
    leaders_changed: int

    @property
    def tables(self) -> tuple[tuple[str, int, float], ...]:
        """(table, numbers moved, largest move) of each table that moved, the largest first."""
        found: dict[str, list[float]] = {}
        for change in (*self.changes, *self.conditional):
            found.setdefault(change.table, []).append(abs(change.after - change.before))
        return tuple(sorted(((name, len(moves), max(moves)) for name, moves in found.items()), key=lambda one: -one[2]))

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists."""
        return {**asdict(self), "tables": [list(one) for one in self.tables]}


def diff_models(before: Model, after: Model, cases: Cases | None = None, ids: Sequence[str] = ()) -> Difference:
    """What moved from one model to the other, and on `cases` (with every finding as `before` reads it).

    ids: of the cases, in order; none where they have no ids. Raises `ThighdxError` where the two do not have the same
    causes, findings and states.
    """
    _check_alike(before.tables, after.tables)
    changes = sorted(_changes(before.tables, after.tables), key=_size)
    conditional = sorted(_conditional(before.tables, after.tables), key=_size)
    moved = sorted(_moved(before, after, cases, ids), key=lambda one: -one.moved) if cases is not None else []
    return Difference(
        before.population,
        after.population,
        tuple(changes),
        tuple(conditional),
        tuple(moved),
        sum(one.before != one.after for one in moved),
    )


def _size(change: Change) -> float:
    return -abs(change.after - change.before)


def _check_alike(before: Tables, after: Tables) -> None:
    kinds = {
        "causes": (before.causes, after.causes),
        "findings": tuple([(one.id, one.states) for one in tables.findings] for tables in (before, after)),
        "mechanisms": tuple([(one.id, one.levels) for one in tables.mechanisms] for tables in (before, after)),
    }
    for name, (first, second) in kinds.items():
        if first != second:
            raise ThighdxError(f"the two models do not have the same {name}; accepted: the same ids and states")


def _changes(before: Tables, after: Tables) -> Iterator[Change]:
    for place, cause in enumerate(before.causes):
        yield from _moves(CAUSE, None, None, (cause,), before.prior[place : place + 1], after.prior[place : place + 1])
        for old, new in zip(before.mechanisms, after.mechanisms, strict=True):
            yield from _moves(old.id, cause, None, old.levels, old.prior[place], new.prior[place])
        for first, second in zip(before.findings, after.findings, strict=True):
            yield from _moves(first.id, cause, None, first.states, first.rows[place], second.rows[place])


def _conditional(before: Tables, after: Tables) -> Iterator[Change]:
    for old, new in zip(before.findings, after.findings, strict=True):
        for place, cause in enumerate(before.causes):
            for number in dict.fromkeys((int(old.parent[place]), int(new.parent[place]))):
                if number == -1:
                    continue
                mechanism = before.mechanisms[number]
                for level, name in enumerate(mechanism.levels):
                    rows = (
                        one.given[number][place, level] if one.parent[place] == number else one.rows[place]
                        for one in (old, new)
                    )
                    yield from _moves(old.id, cause, f"{mechanism.id}={name}", old.states, *rows)


def _moves(
    table: str, cause: str | None, level: str | None, states: tuple[str, ...], before: Array, after: Array
) -> Iterator[Change]:
    for place in np.flatnonzero(np.abs(after - before) > SAME).tolist():
        yield Change(table, cause, level, states[place], float(before[place]), float(after[place]))


def _moved(before: Model, after: Model, cases: Cases, ids: Sequence[str]) -> Iterator[MovedCase]:
    first, second = (model.engine.posterior(cases.evidence).probability for model in (before, after))
    bad = {problem.row for problem in cases.problems}
    for row, (old, new) in enumerate(zip(first, second, strict=True)):
        if row in bad:
            continue
        led, leads = int(old.argmax()), int(new.argmax())
        causes = before.tables.causes
        distance = float(np.abs(new - old).sum() / 2)
        case_id = ids[row] if ids else ""
        yield MovedCase(row + 1, case_id, causes[led], causes[leads], float(old[led]), float(new[leads]), distance)
