"""Red flags: rules on the answers alone, whatever the posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from thighdx.cases import Cases, different
from thighdx.cells import Cell, likelihood
from thighdx.knowledge import Knowledge

ROUNDING = 1e-12  # of a sum of shares: `state@0.5` leaves 0.5 for its six others together
ROUTINE = "routine"  # the urgency of a case without red flags


class Fired(IntEnum):
    """How surely a rule fires: not, possibly (a one-of answer includes the state), or for certain."""

    NO = 0
    POSSIBLE = 1
    YES = 2


@dataclass(frozen=True)
class Flags:
    """Which rules fire: `fired`, uint8 of `Fired`, (cases, flags); and each case's highest urgency."""

    ids: tuple[str, ...]
    fired: NDArray[np.uint8]
    urgency: tuple[str, ...]

    def of(self, row: int) -> dict[str, Fired]:
        """The rules that fire for one case, possibly or for certain, in the order of the priors."""
        return {self.ids[flag]: Fired(self.fired[row, flag]) for flag in np.flatnonzero(self.fired[row])}


def red_flags(knowledge: Knowledge, cases: Cases) -> Flags:
    """Every rule on every case, from the readable cells."""
    rules = knowledge.content.red_flags
    fired = np.zeros((cases.count, len(rules)), dtype=np.uint8)
    for number, rule in enumerate(rules.values()):
        for alternative in rule.when:
            fired[:, number] = np.maximum(fired[:, number], _all_of(knowledge, cases, alternative))
    order = list(knowledge.content.urgencies)
    ranks = np.array([order.index(rule.urgency) for rule in rules.values()], dtype=np.intp)
    lowest = order.index(ROUTINE)
    highest = np.where(fired > 0, ranks, lowest).min(axis=1, initial=lowest)
    return Flags(tuple(rules), fired, tuple(order[rank] for rank in highest))


def _all_of(knowledge: Knowledge, cases: Cases, alternative: Mapping[str, str | tuple[str, ...]]) -> NDArray[np.uint8]:
    result = np.full(cases.count, Fired.YES, dtype=np.uint8)
    for name, wanted in alternative.items():
        states = knowledge.content.findings[name].states
        named = {states.index(state) for state in ((wanted,) if isinstance(wanted, str) else wanted)}
        for cell, rows in different(cases, name):
            surely = _fires(cell, named, len(states), knowledge.content.thresholds.soft_red_flag)
            result[rows] = np.minimum(result[rows], surely)
    return result


def _fires(cell: Cell, named: set[int], count: int, threshold: float) -> Fired:
    if cell.is_empty:
        return Fired.NO
    if cell.stated is not None:
        # the stated probability itself is compared, not what the model makes of it
        probability = float(likelihood(cell, count)[sorted(named)].sum())
        return Fired.YES if probability >= threshold - ROUNDING else Fired.NO
    if set(cell.states) <= named:
        return Fired.YES
    return Fired.POSSIBLE if named & set(cell.states) else Fired.NO
