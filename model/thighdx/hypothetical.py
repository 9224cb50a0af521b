"""One case looked at in many ways: every answer that could come next, and many sets of tables at once.

Both rest on the blocks: given the cause, a finding moves only the mechanism it hangs on there. So one pass over the
answers gives P(level | cause, e) of every mechanism, and with it P(state | cause, e) of every open finding; all next
questions cost little more than one posterior.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from thighdx.engine import Posterior, log_sum
from thighdx.evidence import NOT_KNOWN, Evidence
from thighdx.rows import Array
from thighdx.tables import FindingTable, MechanismTable, Tables


@dataclass(frozen=True)
class Outlook:
    """A case, and what it would be after each possible next answer.

    probability: P(cause | e), (causes,), 0 throughout where the evidence is impossible; log_evidence: natural log of
    P(e). The states of all findings stand one after the other; those of finding f are `states[f]`. predictive: P(state
    | e), (all states,). probability_if: P(cause | e, state), (all states, causes). Both are 0 for findings that have an
    answer, the second also for states of probability 0.
    """

    probability: Array
    log_evidence: float
    states: tuple[slice, ...]
    predictive: Array
    probability_if: Array


@dataclass(frozen=True)
class Said:
    """What each answer of a case says, answers in the order of the findings.

    findings: (answers,), positions. free: (answers, causes), log P(answer | cause) where the finding hangs on no
    mechanism under the cause, else 0. given: (answers, causes, all levels), log P(answer | cause, level) at the levels
    of the mechanism it hangs on, else 0. Natural logarithms.
    """

    findings: NDArray[np.intp]
    free: Array
    given: Array


class Hypothetical:
    """Tables laid out for one case at a time. Read-only once made, safe to share between threads.

    The levels of the mechanisms that have findings stand one after the other, those of one are `levels[k]`; `used[k]`
    is its place in `Tables.mechanisms`. parent: (findings, causes), the k each finding hangs on, or -1. first:
    (findings,), the place of its first state among all states. owner: (all states,), the finding of each.
    """

    def __init__(self, tables: Tables) -> None:
        ends = np.cumsum([0, *(len(finding.states) for finding in tables.findings)]).tolist()
        self.states = tuple(slice(start, stop) for start, stop in pairwise(ends))
        self.first = np.array(ends[:-1], dtype=np.intp)
        self.owner = np.repeat(np.arange(len(self.states)), np.diff(ends))
        # mechanisms without findings play no part; the levels of the others stand one after the other
        used = [number for number in range(len(tables.mechanisms)) if any(number in f.given for f in tables.findings)]
        sizes = [len(tables.mechanisms[number].levels) for number in used]
        self._starts = np.cumsum([0, *sizes])[:-1].astype(np.intp)
        self.levels = tuple(
            slice(int(start), int(start) + size) for start, size in zip(self._starts, sizes, strict=True)
        )
        self.used = tuple(used)
        self.parent = np.full((len(tables.findings), len(tables.causes)), -1, dtype=np.intp)
        self._block = np.repeat(np.arange(len(used)), sizes)
        shape = len(tables.causes), len(self._block), ends[-1]
        self._free, self._given = np.zeros((shape[0], shape[2])), np.zeros(shape)
        self._is_free = np.zeros((len(tables.findings), shape[0]), dtype=bool)
        self._is_given = np.zeros((len(tables.findings), *shape[:2]), dtype=bool)
        for position, (finding, states) in enumerate(zip(tables.findings, self.states, strict=True)):
            self._is_free[position] = finding.parent == -1
            self._free[:, states] = np.where(self._is_free[position][:, None], finding.rows, 0.0)
            for number, table in finding.given.items():
                levels = np.flatnonzero(self._block == used.index(number))
                uses = np.flatnonzero(finding.parent == number)
                self.parent[position, uses] = used.index(number)
                self._is_given[position, uses[:, None], levels] = True
                self._given[uses[:, None], levels, states] = table[uses]
        with np.errstate(divide="ignore"):
            self._log_prior = np.log(tables.prior)
            level_prior = [np.log(tables.mechanisms[number].prior) for number in used]
            self._log_levels = np.concatenate([np.zeros((shape[0], 0)), *level_prior], axis=1)
            self._log_free = np.where(self._is_free[self.owner], np.log(self._free.T), 0.0)
            self._log_given = np.where(self._is_given[self.owner], np.log(np.moveaxis(self._given, 2, 0)), 0.0)

    @property
    def log_prior(self) -> Array:
        """log P(cause), (causes,)."""
        return self._log_prior

    @property
    def log_levels(self) -> Array:
        """log P(level | cause), (causes, all levels)."""
        return self._log_levels

    def outlook(self, case: Evidence) -> Outlook:
        """The posterior of a single case and, for each state of each open finding, its probability and what follows."""
        said = self.said(case)
        free, (levels, log_block) = said.free.sum(axis=0), self.blocks(self._log_levels + said.given.sum(axis=0))
        joint = self._log_prior + free + log_block
        top = float(joint.max())
        weight = np.exp(joint - top) if np.isfinite(top) else np.zeros_like(joint)
        total = float(weight.sum())
        probability = weight / total if total > 0 else weight
        log_evidence = top + float(np.log(total)) if total > 0 else -np.inf
        predicted = probability[:, None] * self._predicted(levels)
        for finding in said.findings.tolist():
            predicted[:, self.states[finding]] = 0.0
        predictive = predicted.sum(axis=0)
        after = (predicted / np.where(predictive > 0, predictive, 1.0)).T
        return Outlook(probability, log_evidence, self.states, predictive, after)

    def predicted_after(self, case: Evidence, rows: NDArray[np.intp]) -> Array:
        """P(state | cause, e, one more answer), (rows, causes, all states), for each of some further answers.

        rows: (rows,), positions among all states of the further answers, of findings not answered yet.
        """
        levels, _ = self.blocks(self._log_levels + self.said(case).given.sum(axis=0))
        then, _ = self.blocks(
            np.log(levels, where=levels > 0, out=np.full_like(levels, -np.inf)) + self._log_given[rows]
        )
        return self._predicted(then)

    def _predicted(self, levels: Array) -> Array:
        """P(state | cause) given P(level | cause): (..., causes, all levels) to (..., causes, all states)."""
        if levels.ndim == 2:
            return np.asarray(self._free + np.matmul(levels[:, None, :], self._given)[:, 0])
        return np.asarray(self._free + np.matmul(levels.swapaxes(0, 1), self._given).swapaxes(0, 1))

    def said(self, case: Evidence) -> Said:
        """What each answer of a single case says."""
        known = np.flatnonzero(case.codes[0] != NOT_KNOWN)
        rows = [self.states[finding].start + int(case.codes[0, finding]) - 1 for finding in known.tolist()]
        free, given = self._log_free[rows], self._log_given[rows]
        if not case.soft_finding.size:
            return Said(known, free, given)
        softly = [
            self._softly(int(f), weight) for f, weight in zip(case.soft_finding, case.soft_likelihood, strict=True)
        ]
        findings = np.concatenate([known, case.soft_finding])
        order = np.argsort(findings)
        return Said(
            findings[order],
            np.concatenate([free, [one for one, _ in softly]])[order],
            np.concatenate([given, [one for _, one in softly]])[order],
        )

    def _softly(self, finding: int, likelihood: Array) -> tuple[Array, Array]:
        states = self.states[finding]
        weight = likelihood[: states.stop - states.start]
        with np.errstate(divide="ignore"):
            free = np.where(self._is_free[finding], np.log(self._free[:, states] @ weight), 0.0)
            return free, np.where(self._is_given[finding], np.log(self._given[:, :, states] @ weight), 0.0)

    def blocks(self, levels: Array) -> tuple[Array, Array]:
        """P(level | cause, answers), and log P(answers on mechanisms | cause), (..., causes).

        levels: (..., causes, all levels), log P(level, answers on its mechanism | cause).
        """
        if not self._starts.size:
            return np.zeros_like(levels), np.zeros(levels.shape[:-1])
        top = np.maximum.reduceat(levels, self._starts, axis=-1)
        top = np.where(np.isfinite(top), top, 0.0)
        share = np.exp(levels - top[..., self._block])
        total = np.add.reduceat(share, self._starts, axis=-1)
        with np.errstate(divide="ignore"):
            log_total = (np.log(total) + top).sum(axis=-1)
        return share / np.where(total > 0, total, 1.0)[..., self._block], log_total


def stacked(draws: Sequence[Tables]) -> Tables:
    """Tables of one structure as one: each array gains a first axis, the draws."""
    first = draws[0]
    mechanisms = tuple(
        MechanismTable(entry.id, entry.levels, np.stack([one.mechanisms[number].prior for one in draws]))
        for number, entry in enumerate(first.mechanisms)
    )
    findings = tuple(
        _stacked(entry, [one.findings[number] for one in draws]) for number, entry in enumerate(first.findings)
    )
    return Tables(first.causes, np.stack([one.prior for one in draws]), mechanisms, findings)


def _stacked(finding: FindingTable, draws: Sequence[FindingTable]) -> FindingTable:
    given = {number: np.stack([one.given[number] for one in draws]) for number in finding.given}
    return replace(finding, rows=np.stack([one.rows for one in draws]), given=given)


def posterior_draws(draws: Tables | Sequence[Tables], case: Evidence) -> Posterior:
    """P(cause | e) of a single case under each of many sets of tables, (draws, causes).

    `draws` are tables of one structure, or such tables already `stacked`, which is quicker where many cases follow.
    """
    tables = draws if isinstance(draws, Tables) else stacked(draws)
    with np.errstate(divide="ignore"):
        joint = np.log(tables.prior)
        levels: dict[int, Array] = {}
        for position, likelihood in _likelihoods(tables, case):
            finding = tables.findings[position]
            free = np.flatnonzero(finding.parent == -1)
            joint[:, free] += np.log(_said(finding.rows[:, free], likelihood))
            for number, table in finding.given.items():
                uses = np.flatnonzero(finding.parent == number)
                if number not in levels:
                    levels[number] = np.log(tables.mechanisms[number].prior)
                levels[number][:, uses] += np.log(_said(table[:, uses], likelihood))
        for logs in levels.values():
            joint += log_sum(logs)
        log_evidence = log_sum(joint)
    possible = np.isfinite(log_evidence)
    probability = np.exp(joint - np.where(possible, log_evidence, 0.0)[:, None])
    total = probability.sum(axis=1, keepdims=True)
    return Posterior(probability / np.where(total > 0, total, 1.0), log_evidence, possible)


def _likelihoods(tables: Tables, case: Evidence) -> Iterable[tuple[int, int | Array]]:
    """Each answered finding with its state, or with the likelihood of each of its states."""
    for position in np.flatnonzero(case.codes[0] != NOT_KNOWN).tolist():
        yield position, int(case.codes[0, position]) - 1
    for position, likelihood in zip(case.soft_finding.tolist(), case.soft_likelihood, strict=True):
        yield position, likelihood[: len(tables.findings[position].states)]


def _said(rows: Array, likelihood: int | NDArray[np.float64]) -> Array:
    """P(answer), the last axis of `rows` being the states."""
    return np.asarray(rows[..., likelihood] if isinstance(likelihood, int) else rows @ likelihood)
