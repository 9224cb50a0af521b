"""Triage: red flags, rules on the answers alone, whatever the posterior; and the posterior's own view beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from thighdx.cases import Cases
from thighdx.cells import Cell, likelihood
from thighdx.coded import Coded
from thighdx.knowledge import Knowledge
from thighdx.rows import Array
from thighdx.schema import ROUTINE, Lines
from thighdx.wording import percent

ROUNDING = 1e-12  # of a sum of shares: `state@0.5` leaves 0.5 for its six others together
MOST_NAMED = 3  # causes behind a verdict by probability


class Fired(IntEnum):
    """How surely a rule fires: not, possibly (a one-of answer includes the state), or for certain."""

    NO = 0
    POSSIBLE = 1
    YES = 2


Judge = Callable[[Cell, set[int], int, float], Fired]  # a cell, the states wanted, of how many, soft from where on


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
    fired = firing(knowledge, cases, [rule.when for rule in rules.values()])
    highest = np.full(cases.count, urgencies.index(ROUTINE), dtype=np.uint8)
    for number, rule in enumerate(rules.values()):
        rank = np.uint8(urgencies.index(rule.urgency))
        np.minimum(highest, rank, out=highest, where=fired[number] > 0)
    return Flags(tuple(rules), fired.T, Coded(urgencies, highest))


def fires(cell: Cell, named: set[int], count: int, threshold: float) -> Fired:
    """How surely a cell of a finding with `count` states says one of those `named`; a soft one from `threshold` on."""
    if cell.is_empty:
        return Fired.NO
    if cell.stated is not None:
        # the stated probability itself is compared, not what the model makes of it
        probability = float(likelihood(cell, count)[sorted(named)].sum())
        return Fired.YES if probability >= threshold - ROUNDING else Fired.NO
    if set(cell.states) <= named:
        return Fired.YES
    return Fired.POSSIBLE if named & set(cell.states) else Fired.NO


def firing(knowledge: Knowledge, cases: Cases, rules: Sequence[Lines], judge: Judge = fires) -> NDArray[np.uint8]:
    """How surely each rule's lines of answers are met by each case, uint8 of `Fired`, (rules, cases)."""
    fired = np.zeros((len(rules), cases.count), dtype=np.uint8)
    said: dict[tuple[str, frozenset[str]], NDArray[np.uint8]] = {}
    for number, lines in enumerate(rules):
        for line in lines:
            if not line.keys() <= cases.answers.keys():
                continue  # a finding that no case was asked
            parts = np.full(cases.count, Fired.YES, dtype=np.uint8)
            for name, wanted in line.items():
                key = name, frozenset((wanted,) if isinstance(wanted, str) else wanted)
                if key not in said:
                    said[key] = _answered(knowledge, cases, *key, judge)
                np.minimum(parts, said[key], out=parts)
            np.maximum(fired[number], parts, out=fired[number])
    return fired


def _answered(knowledge: Knowledge, cases: Cases, name: str, wanted: frozenset[str], judge: Judge) -> NDArray[np.uint8]:
    """How surely each case's answer to a finding is one of the states wanted, `Fired`, (cases,)."""
    read, states = cases.answers[name], knowledge.content.findings[name].states
    named = {states.index(state) for state in wanted}
    threshold = knowledge.content.thresholds.soft_red_flag
    surely = [judge(cell, named, len(states), threshold) for cell in read.cells] or [Fired.NO]
    return np.array(surely, dtype=np.uint8).take(read.index)


def dangerous_mass(knowledge: Knowledge, probability: Array) -> dict[str, Array]:
    """The posterior mass that each rule of `[triage]` looks at: urgency -> (cases,), the most urgent first.

    probability: (cases, causes). The mass of an urgency is that of the dangerous causes which are as urgent or more.
    """
    content = knowledge.content
    order = list(content.urgencies)
    ranks = np.array([order.index(cause.urgency) for cause in content.causes.values()], dtype=np.intp)
    dangerous = np.array([cause.dangerous for cause in content.causes.values()], dtype=bool)
    return {
        urgency: np.asarray(probability.T[dangerous & (ranks <= rank)].sum(axis=0))
        for rank, urgency in enumerate(order)
        if urgency in content.triage
    }


def posterior_triage(knowledge: Knowledge, population: str, probability: Array) -> NDArray[np.intp]:
    """The urgency that the posterior asks for, (cases,), as positions in `knowledge.content.urgencies`.

    probability: (cases, causes), of that population, which may be none of the priors' (a network's own base rates). It
    is the highest urgency whose dangerous mass reaches the threshold of `[triage]`, or the last one, `routine`.
    -1, no verdict, where the probabilities are NaN and where the population is a convention: its shares, and so the
    mass, are nobody's risk.
    """
    order = list(knowledge.content.urgencies)
    entry = knowledge.content.populations.get(population)
    if entry is not None and entry.is_convention:
        return np.full(len(probability), -1, dtype=np.intp)
    highest = np.full(len(probability), order.index(ROUTINE), dtype=np.intp)
    for urgency, mass in dangerous_mass(knowledge, probability).items():
        reached = mass >= knowledge.content.triage[urgency].dangerous_mass - ROUNDING
        highest = np.where(reached, np.minimum(highest, order.index(urgency)), highest)
    return np.where(np.isnan(probability[:, 0]), -1, highest)


def triage_reasons(
    knowledge: Knowledge, population: str, flags: Mapping[str, Fired], probability: Array
) -> tuple[str, ...]:
    """What made each of the two verdicts of one case, in a sentence each: the rules, and the mass.

    flags: the rules that fire (`Flags.of`); probability: (causes,).
    """
    content = knowledge.content
    order = list(content.urgencies)
    urgencies = {name: content.red_flags[name].urgency for name in flags}
    highest = min(urgencies.values(), key=order.index, default=ROUTINE)
    named = [content.red_flags[name].name for name, urgency in urgencies.items() if urgency == highest]
    rules = f"{highest} by red flag: {'; '.join(named)}" if named else f"{ROUTINE}: no red flag among the answers"
    if not content.triage:
        return (rules,)
    rank = int(posterior_triage(knowledge, population, probability[None])[0])
    if rank < 0:
        return rules, "no verdict by probability: the base rates of this population are a convention"
    verdict = order[rank]
    # for `routine`, the rule that is nearest to being met
    masses = {name: float(mass[0]) for name, mass in dangerous_mass(knowledge, probability[None]).items()}
    rule = verdict if verdict in masses else max(masses, key=lambda name: masses[name] / _threshold(knowledge, name))
    shares = {
        content.causes[cause].name: float(share)
        for cause, share in zip(knowledge.causes, probability, strict=True)
        if content.causes[cause].dangerous and order.index(content.causes[cause].urgency) <= order.index(rule)
    }
    most = sorted(shares, key=lambda name: -shares[name])[:MOST_NAMED]
    listed = ", ".join(f"{name} {percent(shares[name])}" for name in most)
    which = rule if rule == order[0] else f"{rule} or higher"
    return rules, (
        f"{verdict} by probability: dangerous causes (urgency {which}) together {percent(masses[rule])} ({listed}); "
        f"{rule} from {percent(_threshold(knowledge, rule))} on"
    )


def _threshold(knowledge: Knowledge, urgency: str) -> float:
    return knowledge.content.triage[urgency].dangerous_mass
