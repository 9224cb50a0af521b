"""The network under other numbers: base rates, rows and levels go in, tilted tables come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from thighdx.knowledge import Knowledge
from thighdx.rows import Array
from thighdx.tables import Problem, Tables, problems, solve


@dataclass(frozen=True)
class Network:
    """What learning leaves as it is: which findings hang on what, and the templates.

    The free numbers are the base rates, the rows P(state | cause) and the levels P(level | cause). The tables
    P(state | cause, level) follow from them and the templates by the margin-preserving tilt.
    """

    problems: tuple[Problem, ...]

    @staticmethod
    def of(knowledge: Knowledge, tables: Tables) -> Network:
        """The network of some knowledge, whose tables these are."""
        index = {mechanism.id: position for position, mechanism in enumerate(tables.mechanisms)}
        parents = [finding.parent for finding in tables.findings]
        return Network(tuple(problems(knowledge, parents, index)))

    def tables(
        self,
        old: Tables,
        *,
        prior: Array | None = None,
        levels: Sequence[Array] | None = None,
        rows: Sequence[Array] | None = None,
    ) -> Tables:
        """The tables with other numbers; what is not given stays as in `old`."""
        rates = old.prior if prior is None else prior
        if levels is None and rows is None:
            return replace(old, prior=rates)
        mechanisms = old.mechanisms
        if levels is not None:
            mechanisms = tuple(replace(one, prior=new) for one, new in zip(old.mechanisms, levels, strict=True))
        margins = [finding.rows for finding in old.findings] if rows is None else list(rows)
        given = solve(self.problems, mechanisms, margins)
        findings = tuple(
            replace(finding, rows=margins[place], given=given[place]) for place, finding in enumerate(old.findings)
        )
        return replace(old, prior=rates, mechanisms=mechanisms, findings=findings)


def counted(place: NDArray[np.intp], weight: Array, shape: tuple[int, ...]) -> Array:
    """Sums of `weight`, (n, levels), by flat place in `shape`: (*shape, levels)."""
    size = int(np.prod(shape))
    result = np.zeros((size, weight.shape[1]))
    for level, column in enumerate(weight.T):
        result[:, level] = np.bincount(place, weights=column, minlength=size)
    return result.reshape(*shape, weight.shape[1])
