"""One case with some of the numbers changed: rows, levels and base rates, the conditional tables solved anew.

Given the cause, a changed row moves one block of findings only (`thighdx.engine`), so P(e | cause) is corrected by what
that block becomes. Changes of many numbers are solved together, those of one shape in one call of the tilt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import Model
from thighdx.engine import log_sum
from thighdx.evidence import Evidence
from thighdx.reasoning.draws import answered
from thighdx.rows import Array, complete
from thighdx.tilt import tilt


@dataclass(frozen=True)
class Changed:
    """Other rows of one finding, or other levels of one mechanism (`position`), each under one cause in one variant.

    variant, cause: (n,); rows: (n, states or levels).
    """

    position: int
    variant: NDArray[np.intp]
    cause: NDArray[np.intp]
    rows: Array


@dataclass(frozen=True)
class _Problems:
    """Tilts to solve for one finding on one mechanism, a row each; `of` says which rows of which change they are."""

    change: int
    of: NDArray[np.intp]
    finding: int
    mechanism: int
    levels: Array
    rows: Array


@dataclass(frozen=True, eq=False)
class CaseView:
    """One case, ready to be asked what it would be if a number were another."""

    model: Model
    evidence: Evidence

    @cached_property
    def said(self) -> Mapping[int, Array]:
        """Each answered finding (position) with the likelihood of each of its states, (states,)."""
        findings = self.model.tables.findings
        return {
            position: np.eye(len(findings[position].states))[one] if isinstance(one, int) else one
            for position, one in answered(self.model.tables, self.evidence)
        }

    @cached_property
    def log_likelihood(self) -> Array:
        """log P(e | cause), (causes,)."""
        return np.asarray(self.model.engine.log_likelihood(self.evidence)[0])

    @cached_property
    def _given(self) -> Mapping[tuple[int, int], Array]:
        """(finding, mechanism) -> log P(answer | cause, level), (causes, levels)."""
        findings = self.model.tables.findings
        return {
            (position, number): np.log(table @ likelihood)
            for position, likelihood in self.said.items()
            for number, table in findings[position].given.items()
        }

    @cached_property
    def _levels(self) -> Mapping[int, Array]:
        """mechanism -> log P(level, its answers | cause), (causes, levels)."""
        tables = self.model.tables
        levels: dict[int, Array] = {}
        with np.errstate(divide="ignore"):
            for (position, number), logs in self._given.items():
                if number not in levels:
                    levels[number] = np.log(tables.mechanisms[number].prior)
                uses = tables.findings[position].parent == number
                levels[number] += np.where(uses[:, None], logs, 0.0)
        return levels

    @cached_property
    def _templates(self) -> Mapping[tuple[int, int], Array]:
        content, tables = self.model.knowledge.content, self.model.tables
        result = {}
        for position, number in self._given:
            finding, mechanism = tables.findings[position], tables.mechanisms[number]
            given = content.mechanisms[mechanism.id].templates[finding.id].given
            result[position, number] = np.array([complete(given[level], finding.states) for level in mechanism.levels])
        return result

    def on(self, mechanism: int, cause: int) -> list[int]:
        """The answered findings (positions) that hang on a mechanism under a cause."""
        findings = self.model.tables.findings
        return [position for position in self.said if findings[position].parent[cause] == mechanism]

    def with_rows(self, changes: Sequence[Changed], variants: int) -> Array:
        """log P(e | cause) of each variant, (variants, causes); the changes are of answered findings."""
        result = np.tile(self.log_likelihood, (variants, 1))
        problems = []
        for number, change in enumerate(changes):
            finding = self.model.tables.findings[change.position]
            parents = finding.parent[change.cause]
            free = np.flatnonzero(parents == -1)
            likelihood = self.said[change.position]
            before = np.log(finding.rows[change.cause[free]] @ likelihood)
            after = np.log(change.rows[free] @ likelihood)
            np.add.at(result, (change.variant[free], change.cause[free]), after - before)
            for mechanism in finding.given:
                of = np.flatnonzero(parents == mechanism)
                levels = self.model.tables.mechanisms[mechanism].prior[change.cause[of]]
                problems.append(_Problems(number, of, change.position, mechanism, levels, change.rows[of]))
        for problem, logs in self._solved(problems):
            change = changes[problem.change]
            cause = change.cause[problem.of]
            levels = self._levels[problem.mechanism][cause]
            after = log_sum(levels - self._given[problem.finding, problem.mechanism][cause] + logs)
            np.add.at(result, (change.variant[problem.of], cause), after - log_sum(levels))
        return result

    def with_levels(self, changes: Sequence[Changed], variants: int) -> Array:
        """log P(e | cause) of each variant, (variants, causes); rows are kept, their tables solved anew."""
        result = np.tile(self.log_likelihood, (variants, 1))
        findings = self.model.tables.findings
        problems = []
        with np.errstate(divide="ignore"):
            blocks = [np.log(change.rows) for change in changes]
        for number, change in enumerate(changes):
            for position in self.said:
                of = np.flatnonzero(findings[position].parent[change.cause] == change.position)
                if of.size:
                    rows = findings[position].rows[change.cause[of]]
                    problems.append(_Problems(number, of, position, change.position, change.rows[of], rows))
        for problem, logs in self._solved(problems):
            blocks[problem.change][problem.of] += logs
        for change, block in zip(changes, blocks, strict=True):
            before = log_sum(self._levels[change.position][change.cause])
            np.add.at(result, (change.variant, change.cause), log_sum(block) - before)
        return result

    def _solved(self, problems: Iterable[_Problems]) -> Iterable[tuple[_Problems, Array]]:
        """Each of the problems with log P(answer | cause, level), (n, levels); those of one shape are solved at once."""
        by_shape: dict[tuple[int, ...], list[_Problems]] = defaultdict(list)
        for problem in problems:
            by_shape[self._templates[problem.finding, problem.mechanism].shape].append(problem)
        for alike in by_shape.values():
            sizes = [len(one.of) for one in alike]
            each = np.repeat(np.stack([self._templates[one.finding, one.mechanism] for one in alike]), sizes, axis=0)
            solved = tilt(each, np.concatenate([one.levels for one in alike]), np.concatenate([one.rows for one in alike]))
            for one, part in zip(alike, np.split(solved, np.cumsum(sizes)[:-1]), strict=True):
                yield one, np.log(part @ self.said[one.finding])


def posterior(log_likelihood: Array, prior: Array) -> Array:
    """P(cause | e), (..., causes), from log P(e | cause) and P(cause), which broadcast."""
    with np.errstate(divide="ignore"):
        joint = log_likelihood + np.log(prior)
    weight = np.exp(joint - joint.max(axis=-1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


def leading(probability: Array, tie: float) -> NDArray[np.intp]:
    """Position of the leading cause of each row; within `tie`, the first."""
    return np.asarray((probability >= probability.max(axis=-1, keepdims=True) - tie).argmax(axis=-1))
