"""Red flags: rules on the answers alone, whatever the posterior."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from thighdx.cases import Cases
from thighdx.cells import Cell, likelihood
from thighdx.coded import Coded
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
    urgency: Coded

    def of(self, row: int) -> dict[str, Fired]:
        """The rules that fire for one case, possibly or for certain, in the order of the priors."""
        return {self.ids[flag]: Fired(self.fired[row, flag]) for flag in np.flatnonzero(self.fired[row])}


def red_flags(knowledge: Knowledge, cases: Cases) -> Flags:
    """Every rule on every case, from the readable cells."""
    rules, urgencies = knowledge.content.red_flags, tuple(knowledge.content.urgencies)
    fired = np.zeros((len(rules), cases.count), dtype=np.uint8)
    highest = np.full(cases.count, urgencies.index(ROUTINE), dtype=np.uint8)
    said: dict[tuple[str, frozenset[str]], NDArray[np.uint8]] = {}
    for number, rule in enumerate(rules.values()):
        for alternative in rule.when:
            parts = np.full(cases.count, Fired.YES, dtype=np.uint8)
            for name, wanted in alternative.items():
                key = name, frozenset((wanted,) if isinstance(wanted, str) else wanted)
                if key not in said:
                    said[key] = _answered(knowledge, cases, *key)
                np.minimum(parts, said[key], out=parts)
            np.maximum(fired[number], parts, out=fired[number])
        rank = np.uint8(urgencies.index(rule.urgency))
        np.minimum(highest, rank, out=highest, where=fired[number] > 0)
    return Flags(tuple(rules), fired.T, Coded(urgencies, highest))


def _answered(knowledge: Knowledge, cases: Cases, name: str, wanted: frozenset[str]) -> NDArray[np.uint8]:
    """How surely each case's answer to a finding is one of the states wanted, `Fired`, (cases,)."""
    if name not in cases.answers:
        return np.full(cases.count, Fired.NO, dtype=np.uint8)
    read, states = cases.answers[name], knowledge.content.findings[name].states
    named = {states.index(state) for state in wanted}
    threshold = knowledge.content.thresholds.soft_red_flag
    surely = [_fires(cell, named, len(states), threshold) for cell in read.cells] or [Fired.NO]
    return np.asarray(np.array(surely, dtype=np.uint8)[read.index])


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
