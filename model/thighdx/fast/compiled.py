"""Exact posteriors of many cases by compiled code: the numbers of `thighdx.engine`, some hundred times as fast.

Rows that may have underflowed are worked out again, from float32 in float64 and from float64 by `thighdx.engine` in
logarithms, which also says what is impossible.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Literal

import numpy as np

from thighdx.engine import Engine, Posterior
from thighdx.evidence import Evidence, evidence
from thighdx.fast.mixture import Codes, Mixture, Numbers
from thighdx.rows import Array
from thighdx.tables import FindingTable, Tables

FLOAT64, FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)


class CompiledEngine:
    """`Engine` for many cases. Read-only once made, safe to share between threads.

    The first call in a process loads the compiled code (0.4 s); the first on a machine compiles it (some 7 s).
    """

    def __init__(self, tables: Tables, dtype: Literal["float64", "float32"] = "float64") -> None:
        self.tables = tables
        self._causes = Mixture(tables, np.dtype(dtype))
        self._levels: dict[tuple[str, str], Mixture] = {}

    def posterior(self, cases: Codes | Evidence, out: Numbers | None = None, threads: int = 1) -> Posterior:
        """P(cause | evidence) of every case, from codes (uint8, (cases, findings), in either memory order) or evidence.

        `out`: (cases, causes), in row order and of the engine's dtype, takes the probabilities: memory used again is
        quicker than fresh. Raises `ValueError` for a code that a finding does not have.
        """
        told = cases if isinstance(cases, Evidence) else evidence(cases)
        probability, log_evidence, unsure = self._causes.infer(told, out, threads)
        if unsure.size:
            again = self._careful.posterior(told.take(unsure))
            probability[unsure], log_evidence[unsure] = again.probability, again.log_evidence
        return Posterior(probability, log_evidence, np.isfinite(log_evidence))

    def level_posterior(self, cases: Evidence, mechanism: str, cause: str, threads: int = 1) -> Array:
        """P(level | cause, evidence), (cases, levels); rows of 0 where the evidence is impossible under the cause."""
        if (mechanism, cause) not in self._levels:
            self._levels[mechanism, cause] = Mixture(_levels_as_causes(self.tables, mechanism, cause), FLOAT64)
        probability: Array
        probability, _, unsure = self._levels[mechanism, cause].infer(cases, None, threads)
        if unsure.size:
            probability[unsure] = self._reference.level_posterior(cases.take(unsure), mechanism, cause)
        return probability

    def log_margins(self, cases: Evidence, threads: int = 1) -> Array:
        """sum_f log P(e_f), (cases,): the log-probability of the answers were they independent."""
        _, result, unsure = self._margins.infer(cases, None, threads)
        if unsure.size:
            result[unsure] = self._reference.log_margins(cases.take(unsure))
        return result

    @cached_property
    def _reference(self) -> Engine:
        return Engine(self.tables)

    @cached_property
    def _careful(self) -> Engine | CompiledEngine:
        """Who works out what underflows here."""
        return CompiledEngine(self.tables) if self._causes.dtype == FLOAT32 else self._reference

    @cached_property
    def _margins(self) -> Mixture:
        return Mixture(_one_cause(self.tables), FLOAT64)


def _levels_as_causes(tables: Tables, mechanism: str, cause: str) -> Tables:
    """The levels of a mechanism under one cause as causes of their own, of the findings that hang on it there."""
    number = next(number for number, entry in enumerate(tables.mechanisms) if entry.id == mechanism)
    position = tables.causes.index(cause)
    levels = tables.mechanisms[number]

    def rows(finding: FindingTable) -> Array:
        if finding.parent[position] == number:
            return np.asarray(finding.given[number][position])
        return np.ones((len(levels.levels), len(finding.states)))  # says nothing of the levels

    return _without_mechanisms(tables, levels.levels, levels.prior[position], [rows(one) for one in tables.findings])


def _one_cause(tables: Tables) -> Tables:
    """A single cause under which each finding has its margin, P(state)."""
    rows = [(tables.prior @ finding.rows)[None] for finding in tables.findings]
    return _without_mechanisms(tables, ("any",), np.ones(1), rows)


def _without_mechanisms(tables: Tables, causes: tuple[str, ...], prior: Array, rows: list[Array]) -> Tables:
    parent = np.full(len(causes), -1, dtype=np.intp)
    findings = zip(tables.findings, rows, strict=True)
    free = tuple(replace(finding, rows=row, parent=parent, given={}) for finding, row in findings)
    return Tables(causes, prior, (), free)
