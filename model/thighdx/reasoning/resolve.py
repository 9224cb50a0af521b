"""One case with some of the numbers changed: rows and levels, the conditional tables solved anew.

Given the cause, a changed row moves one block of findings only (`thighdx.engine`), so P(e | cause) is corrected by what
that block becomes. What is solved does not depend on the case, so the tables of a block of changes are kept with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import Model
from thighdx.engine import log_sum
from thighdx.evidence import Evidence
from thighdx.knowledge import Knowledge
from thighdx.reasoning.draws import answered
from thighdx.rows import Array, complete
from thighdx.tables import Tables
from thighdx.tilt import tilt


@dataclass(frozen=True, eq=False)
class Changed:
    """Other rows of one finding, or other levels of one mechanism (`position`), each under one cause in one variant.

    variant, cause: (n,), a cause at most once a variant; rows: (n, states or levels); variants: how many there are.
    """

    model: Model
    position: int
    variants: int
    variant: NDArray[np.intp]
    cause: NDArray[np.intp]
    rows: Array
    _solved: dict[tuple[int, int], tuple[NDArray[np.intp], Array]] = field(default_factory=dict)

    def of_finding(self, mechanism: int) -> tuple[NDArray[np.intp], Array]:
        """Which of the rows hang on a mechanism, (k,), and their P(state | cause, level), (k, levels, states)."""
        tables = self.model.tables
        of = np.flatnonzero(tables.findings[self.position].parent[self.cause] == mechanism)
        levels = tables.mechanisms[mechanism].prior[self.cause[of]]
        return self._kept(self.position, mechanism, of, levels, self.rows[of])

    def of_mechanism(self, finding: int) -> tuple[NDArray[np.intp], Array]:
        """Under which of the levels a finding hangs on the mechanism, and its P(state | cause, level) there."""
        table = self.model.tables.findings[finding]
        of = np.flatnonzero(table.parent[self.cause] == self.position)
        return self._kept(finding, self.position, of, self.rows[of], table.rows[self.cause[of]])

    def _kept(
        self, finding: int, mechanism: int, of: NDArray[np.intp], levels: Array, rows: Array
    ) -> tuple[NDArray[np.intp], Array]:
        if (finding, mechanism) not in self._solved:
            tables = self.model.tables
            names = tables.findings[finding].id, tables.mechanisms[mechanism].id
            shape = _template(self.model.knowledge, *names)
            self._solved[finding, mechanism] = of, tilt(np.broadcast_to(shape, (len(of), *shape.shape)), levels, rows)
        return self._solved[finding, mechanism]


@lru_cache(maxsize=512)
def _template(knowledge: Knowledge, finding: str, mechanism: str) -> Array:
    entry = knowledge.content.mechanisms[mechanism]
    given = entry.templates[finding].given
    states = knowledge.content.findings[finding].states
    return np.array([complete(given[level], states) for level in entry.levels])


@dataclass(frozen=True, eq=False)
class CaseView:
    """One case, ready to be asked what it would be if a number were another."""

    model: Model
    evidence: Evidence

    @property
    def tables(self) -> Tables:
        """The tables of the model."""
        return self.model.tables

    @cached_property
    def said(self) -> Mapping[int, Array]:
        """Each answered finding (position) with the likelihood of each of its states, (states,)."""
        findings = self.tables.findings
        return {
            position: np.eye(len(findings[position].states))[one] if isinstance(one, int) else one
            for position, one in answered(self.tables, self.evidence)
        }

    @cached_property
    def log_likelihood(self) -> Array:
        """log P(e | cause), (causes,)."""
        return np.asarray(self.model.engine.log_likelihood(self.evidence)[0])

    @cached_property
    def _given(self) -> Mapping[tuple[int, int], Array]:
        """(finding, mechanism) -> log P(answer | cause, level), (causes, levels)."""
        return {
            (position, number): np.log(table @ likelihood)
            for position, likelihood in self.said.items()
            for number, table in self.tables.findings[position].given.items()
        }

    @cached_property
    def levels(self) -> Mapping[int, Array]:
        """Of each mechanism asked for, log P(level, its answers | cause), (causes, levels)."""
        levels: dict[int, Array] = {}
        with np.errstate(divide="ignore"):
            for (position, number), logs in self._given.items():
                if number not in levels:
                    levels[number] = np.log(self.tables.mechanisms[number].prior)
                uses = self.tables.findings[position].parent == number
                levels[number] += np.where(uses[:, None], logs, 0.0)
        return levels

    def answers_on(self, mechanism: int) -> NDArray[np.intp]:
        """How many answered findings hang on a mechanism under each cause, (causes,)."""
        parents = [self.tables.findings[position].parent == mechanism for position in self.said]
        return np.sum(parents, axis=0, dtype=np.intp) if parents else np.zeros(len(self.tables.causes), dtype=np.intp)

    def with_rows(self, changed: Changed) -> Array:
        """log P(e | cause) of each variant of the rows of an answered finding, (variants, causes)."""
        result = np.tile(self.log_likelihood, (changed.variants, 1))
        finding, likelihood = self.tables.findings[changed.position], self.said[changed.position]
        free = np.flatnonzero(finding.parent[changed.cause] == -1)
        before = np.log(finding.rows[changed.cause[free]] @ likelihood)
        result[changed.variant[free], changed.cause[free]] += np.log(changed.rows[free] @ likelihood) - before
        for mechanism in finding.given:
            of, tables = changed.of_finding(mechanism)
            cause = changed.cause[of]
            levels = self.levels[mechanism][cause]
            after = levels - self._given[changed.position, mechanism][cause] + np.log(tables @ likelihood)
            result[changed.variant[of], cause] += log_sum(after) - log_sum(levels)
        return result

    def with_levels(self, changed: Changed) -> Array:
        """log P(e | cause) of each variant of a mechanism's levels, (variants, causes), rows being kept."""
        result = np.tile(self.log_likelihood, (changed.variants, 1))
        if changed.position not in self.levels:
            return result
        with np.errstate(divide="ignore"):
            block = np.log(changed.rows)
        for position, likelihood in self.said.items():
            if (position, changed.position) in self._given:
                of, tables = changed.of_mechanism(position)
                block[of] += np.log(tables @ likelihood)
        before = log_sum(self.levels[changed.position][changed.cause])
        result[changed.variant, changed.cause] += log_sum(block) - before
        return result


def posterior(log_likelihood: Array, prior: Array) -> Array:
    """P(cause | e), (..., causes), from log P(e | cause) and P(cause), which broadcast."""
    with np.errstate(divide="ignore"):
        joint = log_likelihood + np.log(prior)
    weight = np.exp(joint - joint.max(axis=-1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))
