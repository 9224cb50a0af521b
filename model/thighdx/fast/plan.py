"""Which findings are multiplied into which pattern table: the plan that the compiled engine follows.

Causes are worked on `lanes` at a time, as many as fit one vector register. Within such a set of causes the findings
of a mechanism are split into groups; a group's table holds, for every pattern of answers (code 0 = not known) and
every level, the product of the conditional probabilities, under causes that do not use the mechanism 1. A mechanism
of at most `SUMMED` patterns is summed over its levels here, once for all, into one table; it then is one factor among
others, and so is every finding that hangs on no mechanism. Factors share tables until `PATTERNS` is reached; a factor
whose findings are all in a group of some mechanism costs nothing there, so that is where it goes.

What a case costs is the number of table rows read, of 64 bytes: on the shipped network 201 in float64, against
1,183 with a table for each finding; and how many of these are found in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thighdx.rows import Array
from thighdx.tables import Tables

# Fewer reads against more misses in the caches. Measured, ns a case: 250 patterns 200, 350 199, 500 181, 700 188; with
# 2000 summed 186.
PATTERNS = 500
SUMMED = 4000
TOGETHER = 4  # tables multiplied in one pass over the cases
LINE, PAGE = 64, 2**21  # bytes: a cache line, a large page of memory
LARGE = 2**19  # bytes; a table from here on starts at a large page
NO_MECHANISM = -1

Scope = frozenset[int]  # positions of findings


class Program(NamedTuple):
    """A plan as flat arrays, the form the kernel takes.

    start: P(cause), (sets, lanes), 0 past the last cause. values: (rows, lanes), all tables one after the other, in
    each the levels of a pattern side by side. highest: the last code of each finding.
    Index columns (the pattern of each case) are sums of stride x code over findings; column c has the entries
    `column_ends[c]` to `column_ends[c + 1]` of `column_finding` and `column_stride`, and likewise for the steps of a
    set of causes, and for the tables of a step, which have `step_levels` levels. A table starts at row `table_first`
    of `values` and is read at the patterns of `table_column`.
    """

    start: NDArray[np.floating]
    values: NDArray[np.floating]
    highest: NDArray[np.uint8]
    column_ends: NDArray[np.int64]
    column_finding: NDArray[np.int64]
    column_stride: NDArray[np.uint16]
    set_ends: NDArray[np.int64]
    step_ends: NDArray[np.int64]
    step_levels: NDArray[np.uint64]
    table_first: NDArray[np.uint64]
    table_column: NDArray[np.uint64]


@dataclass
class _Table:
    """A pattern table to be: its findings, and the factors multiplied into it, each (mechanism, its findings)."""

    scope: Scope = frozenset()
    summed: list[tuple[int, Scope]] = field(default_factory=list)
    given: list[tuple[int, Scope]] = field(default_factory=list)


@dataclass
class _Step:
    """Tables multiplied in one pass, then summed over the levels of `mechanism` if there is one."""

    mechanism: int
    tables: list[_Table]


def plan(tables: Tables, lanes: int, dtype: type[np.floating]) -> Program:
    """The program of a network for vectors of `lanes` causes."""
    count = len(tables.causes)
    groups = [range(start, min(start + lanes, count)) for start in range(0, count, lanes)]
    writer = _Writer(tables, lanes)
    for causes in groups:
        writer.add(causes, _steps(tables, causes))
    return writer.program(dtype)


def _steps(tables: Tables, causes: range) -> list[_Step]:
    """The passes for a set of causes."""
    sizes = [len(finding.states) + 1 for finding in tables.findings]
    factors, levels = [], []
    for mechanism, scope in _uses(tables, causes).items():
        if mechanism == NO_MECHANISM:
            factors += [(mechanism, frozenset([finding])) for finding in sorted(scope)]
        elif _patterns(scope, sizes) <= SUMMED:
            factors.append((mechanism, scope))
        else:
            parts = [(mechanism, frozenset([finding])) for finding in sorted(scope)]
            groups = [_Table(_union(group), given=group) for group in _grouped(parts, sizes)]
            levels.append(_Step(mechanism, groups))
    rest = []
    for factor in factors:
        home = next((table for step in levels for table in step.tables if factor[1] <= table.scope), None)
        if home is None:
            rest.append(factor)
        else:
            home.summed.append(factor)
    free = [_Table(_union(group), summed=group) for group in _grouped(rest, sizes)]
    return [_Step(NO_MECHANISM, free[at : at + TOGETHER]) for at in range(0, len(free), TOGETHER)] + levels


def _uses(tables: Tables, causes: range) -> dict[int, Scope]:
    """Mechanism -> the findings that hang on it under any of the causes; NO_MECHANISM -> those that hang on none."""
    uses: dict[int, set[int]] = {}
    for position, finding in enumerate(tables.findings):
        if not (finding.rows[causes] == 1).all():  # it says something of these causes
            for mechanism in np.unique(finding.parent[causes]).tolist():
                uses.setdefault(mechanism, set()).add(position)
    return {mechanism: frozenset(scope) for mechanism, scope in uses.items()}


def _patterns(scope: Iterable[int], sizes: Sequence[int]) -> int:
    return math.prod(sizes[finding] for finding in scope)


def _union(factors: Iterable[tuple[int, Scope]]) -> Scope:
    return frozenset().union(*(scope for _, scope in factors))


def _grouped(factors: list[tuple[int, Scope]], sizes: Sequence[int]) -> list[list[tuple[int, Scope]]]:
    """The factors in as few groups of at most PATTERNS patterns as greedy choice finds, and evenly filled.

    The largest first, each where it adds fewer patterns than it has itself (shared findings), else into the emptiest.
    """
    if not factors:
        return []
    largest_first = sorted(factors, key=lambda factor: -_patterns(factor[1], sizes))
    count = max(1, math.ceil(math.log(_patterns(_union(factors), sizes)) / math.log(PATTERNS) - 1e-9))
    while True:
        groups: list[list[tuple[int, Scope]]] = [[] for _ in range(count)]
        for factor in largest_first:
            alone = _patterns(factor[1], sizes)
            before = [_patterns(_union(group), sizes) for group in groups]
            after = [_patterns(_union([*group, factor]), sizes) for group in groups]
            fits = [at for at in range(count) if after[at] <= max(PATTERNS, alone)]
            if not fits:
                break
            groups[min(fits, key=lambda at: (after[at] >= alone * before[at], after[at]))].append(factor)
        else:
            return [group for group in groups if group]
        count += 1


class _Writer:
    """Collects the steps of each set of causes and lays their tables out."""

    def __init__(self, tables: Tables, lanes: int) -> None:
        self._tables, self._lanes = tables, lanes
        self._sizes = [len(finding.states) + 1 for finding in tables.findings]
        self._columns: dict[tuple[int, ...], int] = {}
        self._values: list[Array] = []
        self._first, self._column = [0], list[int]()
        self._levels, self._step_ends, self._set_ends = list[int](), [0], [0]

    def add(self, causes: range, steps: list[_Step]) -> None:
        for step in steps:
            levels = 1 if step.mechanism == NO_MECHANISM else len(self._tables.mechanisms[step.mechanism].levels)
            for number, table in enumerate(step.tables):
                values = self._filled(table, causes, levels)
                if number == 0 and step.mechanism != NO_MECHANISM:
                    values = values * self._level_prior(step.mechanism, causes)
                self._values.append(values.reshape(-1, self._lanes))
                self._first.append(self._first[-1] + len(self._values[-1]))
                self._column.append(self._columns.setdefault(tuple(sorted(table.scope)), len(self._columns)))
            self._levels.append(levels)
            self._step_ends.append(len(self._column))
        self._set_ends.append(len(self._levels))

    def program(self, dtype: type[np.floating]) -> Program:
        strides = [
            np.cumprod([1, *(self._sizes[finding] for finding in scope[:0:-1])])[::-1] for scope in self._columns
        ]
        prior = np.zeros(self._lanes * (len(self._set_ends) - 1))
        prior[: len(self._tables.causes)] = self._tables.prior
        return Program(
            aligned(prior.reshape(-1, self._lanes), dtype),
            aligned(np.concatenate([np.ones((0, self._lanes)), *self._values]), dtype),
            np.array([size - 1 for size in self._sizes], dtype=np.uint8),
            np.cumsum([0, *map(len, self._columns)]),
            np.array([finding for scope in self._columns for finding in scope], dtype=np.int64),
            np.concatenate([np.zeros(0), *strides]).astype(np.uint16),
            np.array(self._set_ends),
            np.array(self._step_ends),
            np.array(self._levels, dtype=np.uint64),
            np.array(self._first[:-1], dtype=np.uint64),
            np.array(self._column, dtype=np.uint64),
        )

    def _filled(self, table: _Table, causes: range, levels: int) -> Array:
        """The table's values, (codes of each finding ..., levels, lanes)."""
        scope = sorted(table.scope)
        values = np.ones((*(self._sizes[finding] for finding in scope), levels, self._lanes))
        for mechanism, findings in table.given:
            values *= _spread(self._product(mechanism, findings, causes), findings, scope)
        for mechanism, findings in table.summed:
            product = self._product(mechanism, findings, causes)
            if mechanism != NO_MECHANISM:
                product = (product * self._level_prior(mechanism, causes)).sum(axis=-2, keepdims=True)
                product[(0,) * len(findings)] = 1.0  # nothing known: 1 to the last digit
            values *= _spread(product, findings, scope)
        return values

    def _product(self, mechanism: int, findings: Scope, causes: range) -> Array:
        """P(answers | cause, level), (codes of each finding ..., levels, lanes); 1 where the mechanism is not used."""
        scope = sorted(findings)
        parts = [_spread(self._conditional(mechanism, finding, causes), {finding}, scope) for finding in scope]
        return np.asarray(math.prod(parts))

    def _conditional(self, mechanism: int, position: int, causes: range) -> Array:
        """P(answer | cause, level), (codes, levels, lanes), 1 for code 0 and where the mechanism is not used."""
        finding = self._tables.findings[position]
        rows = finding.rows[:, None, :] if mechanism == NO_MECHANISM else finding.given[mechanism]
        values = np.ones((self._sizes[position], rows.shape[1], self._lanes))
        used = np.flatnonzero(finding.parent[causes] == mechanism)
        values[1:, :, used] = np.moveaxis(rows[causes][used], (0, 1, 2), (2, 1, 0))
        return values

    def _level_prior(self, mechanism: int, causes: range) -> Array:
        """P(level | cause), (levels, lanes); a lane without a cause has equal levels."""
        prior = self._tables.mechanisms[mechanism].prior
        values = np.full((prior.shape[1], self._lanes), 1 / prior.shape[1])
        values[:, : len(causes)] = prior[causes].T
        return values


def _spread(values: Array, findings: Iterable[int], scope: Sequence[int]) -> Array:
    """Values over some findings, with an axis of length 1 for each other finding of `scope`."""
    inside = set(findings)
    shape = iter(values.shape)
    return values.reshape([next(shape) if finding in inside else 1 for finding in scope] + list(values.shape[-2:]))


def aligned(values: NDArray[np.floating], dtype: type[np.floating]) -> NDArray[np.floating]:
    """A copy that starts at a cache line; a large one at a large page, of which numpy asks the system for some.

    Rows are looked up all over the tables: with pages of 4 kB the processor would look up as many addresses.
    """
    size = values.size * np.dtype(dtype).itemsize
    unit = LINE if size < LARGE else PAGE
    raw = np.empty(size + 2 * unit, dtype=np.uint8)
    start = -raw.ctypes.data % unit
    copy = raw[start : start + size].view(dtype).reshape(values.shape)
    copy[...] = values
    return copy
