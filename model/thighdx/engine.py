"""Exact posteriors for many cases at once.

Given the cause, each mechanism with its findings is an independent block, so
P(e | c) = prod_{free findings} P(e_f | c) * prod_k sum_m P(m | c) prod_{f on k} P(e_f | c, m),
exactly. All sums run in natural logarithms, so no number of answers underflows; impossible evidence is -inf in the
likelihood and said by `possible`, never NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.evidence import NOT_KNOWN, Evidence
from thighdx.rows import Array
from thighdx.tables import FindingTable, Tables

CHUNK = 4096  # cases worked on at once; bounds memory at a few tens of MB


@dataclass(frozen=True)
class Posterior:
    """What the engine says of each case.

    probability: (cases, causes), rows sum to 1, and 0 throughout where the evidence is impossible.
    log_evidence: (cases,), natural log of P(e); -inf where impossible. possible: (cases,).
    """

    probability: Array
    log_evidence: Array
    possible: NDArray[np.bool_]


@dataclass(frozen=True)
class _LogTable:
    """log P(state | ...), states first; counts only where `used` (broadcast over the other axes), else adds 0."""

    log: Array
    used: NDArray[np.bool_]


class Engine:
    """Exact inference over one set of tables; read-only once made, safe to share between threads."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        with np.errstate(divide="ignore"):
            self._log_prior = np.log(tables.prior)
            self._log_levels = [np.log(mechanism.prior) for mechanism in tables.mechanisms]
            self._free = [_log_free(finding) for finding in tables.findings]
            self._given = [_log_given(finding) for finding in tables.findings]
        self._on = [
            [position for position, finding in enumerate(tables.findings) if number in finding.given]
            for number in range(len(tables.mechanisms))
        ]
        with np.errstate(divide="ignore"):
            # log P(state) of each finding, for the conflict measure
            self._margins = [
                _LogTable(np.log(tables.prior @ finding.rows)[:, None], np.array([True])) for finding in tables.findings
            ]

    def posterior(self, evidence: Evidence) -> Posterior:
        """P(cause | evidence) of every case."""
        joint = self.log_likelihood(evidence) + self._log_prior
        log_evidence = log_sum(joint)
        possible = np.isfinite(log_evidence)
        shift = np.where(possible, log_evidence, 0.0)
        probability = np.exp(joint - shift[:, None])
        total = probability.sum(axis=1, keepdims=True)
        return Posterior(probability / np.where(total > 0, total, 1.0), log_evidence, possible)

    def log_likelihood(self, evidence: Evidence) -> Array:
        """log P(e | cause), (cases, causes), natural logarithm."""
        result = np.zeros((evidence.cases, len(self.tables.causes)))
        for start in range(0, evidence.cases, CHUNK):
            part = _part(evidence, start, start + CHUNK)
            chunk = result[start : start + CHUNK]
            answered = _answered(part)
            for finding in answered:
                table = self._free[finding]
                if table is not None:
                    _add(chunk, part, finding, table)
            for mechanism, on in enumerate(self._on):
                if not set(on).isdisjoint(answered):
                    chunk += log_sum(self._levels(part, mechanism, answered))
        return result

    def level_posterior(self, evidence: Evidence, mechanism: str, cause: str) -> Array:
        """P(level | cause, evidence), (cases, levels); rows of 0 where the evidence is impossible under the cause."""
        number = next(i for i, entry in enumerate(self.tables.mechanisms) if entry.id == mechanism)
        position = self.tables.causes.index(cause)
        parts = []
        for start in range(0, evidence.cases, CHUNK):
            part = _part(evidence, start, start + CHUNK)
            levels = self._levels(part, number, _answered(part))[:, position, :]
            total = log_sum(levels)
            finite = np.where(np.isfinite(total), total, 0.0)
            parts.append(np.exp(levels - finite[:, None]))
        empty = np.zeros((0, len(self.tables.mechanisms[number].levels)))
        return np.concatenate(parts) if parts else empty

    def log_margins(self, evidence: Evidence) -> Array:
        """sum_f log P(e_f), (cases,): the log-probability of the answers were they independent."""
        result = np.zeros(evidence.cases)
        for finding in _answered(evidence):
            _add(result[:, None], evidence, finding, self._margins[finding])
        return result

    def _levels(self, part: Evidence, mechanism: int, answered: Sequence[int]) -> Array:
        """log P(level, its findings' answers | cause), (cases, causes, levels)."""
        start = self._log_levels[mechanism]
        levels = np.broadcast_to(start, (part.cases, *start.shape)).copy()
        for finding in sorted(set(self._on[mechanism]).intersection(answered)):
            _add(levels, part, finding, self._given[finding][mechanism])
        return levels


def _log_free(finding: FindingTable) -> _LogTable | None:
    """log P(state | cause), (states, causes), used under causes where it hangs on no mechanism."""
    free = finding.parent == -1
    return _LogTable(np.where(free, np.log(finding.rows.T), 0.0), free) if free.any() else None


def _log_given(finding: FindingTable) -> dict[int, _LogTable]:
    """log P(state | cause, level), (states, causes, levels), used under causes where it hangs on the mechanism."""
    tables = {}
    for mechanism, table in finding.given.items():
        used = (finding.parent == mechanism)[:, None]
        tables[mechanism] = _LogTable(np.where(used, np.log(np.moveaxis(table, 2, 0)), 0.0), used)
    return tables


def _add(into: Array, part: Evidence, finding: int, table: _LogTable) -> None:
    """Add the log-probability of each case's answer to one finding to `into`, (cases, ...)."""
    codes = part.codes[:, finding]
    known = np.flatnonzero(codes != NOT_KNOWN)
    if known.size:
        into[known] += table.log[codes[known].astype(np.intp) - 1]
    cells = np.flatnonzero(part.soft_finding == finding)
    if cells.size:
        likelihood = part.soft_likelihood[cells, : table.log.shape[0]]
        with np.errstate(divide="ignore"):
            log = np.log(np.tensordot(likelihood, np.exp(table.log), axes=1))
        into[part.soft_case[cells]] += np.where(table.used, log, 0.0)


def _answered(part: Evidence) -> list[int]:
    """The findings that any of the cases answers, in order."""
    known = np.flatnonzero(part.codes.any(axis=0))
    return sorted({*known.tolist(), *part.soft_finding.tolist()})


def _part(evidence: Evidence, start: int, stop: int) -> Evidence:
    inside = (evidence.soft_case >= start) & (evidence.soft_case < stop)
    return Evidence(
        evidence.codes[start:stop],
        evidence.soft_case[inside] - start,
        evidence.soft_finding[inside],
        evidence.soft_likelihood[inside],
    )


def log_sum(logs: Array) -> Array:
    """log of the sum over the last axis; -inf where every term is."""
    top = logs.max(axis=-1)
    finite = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(logs - finite[..., None]).sum(axis=-1)) + finite)
