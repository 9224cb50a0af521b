"""Cases drawn from the model, and their likelihoods under every cause, many at a time.

What is drawn are outcomes of reports: a report is a finding seen through a channel P(outcome | state). The identity is
a plain answer; see `channel` for one-of and soft answers. Outcomes are drawn cause first, then levels, then outcomes,
and scored by one product of matrices a mechanism.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.cells import Cell, likelihood
from thighdx.hypothetical import Hypothetical
from thighdx.rows import Array
from thighdx.tables import Tables

CHUNK = 2048  # cases scored at once; some 20 MB
TOGETHER = 32  # cases a product: larger ones are split among threads, which wait for one another on a busy machine
NEVER = -1e5  # in place of log 0, which a product of matrices cannot take; sums below half of it are -inf again


@dataclass(frozen=True)
class Report:
    """A finding, by position, and the channel it is seen through, (outcomes, states), columns summing to 1."""

    finding: int
    channel: Array


def channel(cell: Cell, count: int) -> Array:
    """What else might have been reported of `count` states in the manner of an answer.

    A plain answer: each state. One of several states: they, or one of the others. A soft answer `s@p`: each state
    with p, the rest shared by the others, so that the likelihood of the states given `s@p` is the answer's own.
    """
    if cell.stated is not None:
        return np.array([likelihood(Cell((state,), cell.stated), count) for state in range(count)])
    if len(cell.states) == 1:
        return np.eye(count)
    said = likelihood(cell, count)
    return np.stack([said, 1 - said])


def outcome_of(cell: Cell) -> int:
    """The outcome of `channel` that the answer itself is."""
    return cell.states[0] if cell.is_hard or cell.stated is not None else 0


@dataclass(frozen=True, eq=False)
class Sampler:
    """Reports laid out to be drawn and scored, from the tables of a model (`laid`).

    The outcomes of all reports stand one after the other, those of a report from `starts` on. spans: the levels of each
    mechanism among all levels. parent: (reports, causes), the mechanism each hangs on, or -1. rows: P(outcome | cause)
    of each report, (causes, outcomes). free_logs: (outcomes, causes), of the reports on no mechanism. level_logs: of
    each mechanism the places of its outcomes, in order, and (outcomes, levels, causes). upto: P(one of the outcomes up
    to this one | cause, level), (outcomes of one report, reports, causes, levels).
    """

    reports: tuple[Report, ...]
    spans: tuple[slice, ...]
    starts: NDArray[np.intp]
    parent: NDArray[np.intp]
    rows: tuple[Array, ...]
    free_logs: Array
    level_logs: tuple[tuple[NDArray[np.intp], Array], ...]
    upto: Array

    @classmethod
    def laid(cls, tables: Tables, layout: Hypothetical, reports: Sequence[Report]) -> Sampler:
        """The reports of a model's findings, each at most once."""
        sizes = [len(one.channel) for one in reports]
        starts = np.cumsum([0, *sizes])[:-1].astype(np.intp)
        parent = layout.parent[[one.finding for one in reports]].reshape(-1, len(tables.causes))
        rows = tuple(tables.findings[one.finding].rows @ one.channel.T for one in reports)
        given = [
            {
                number: tables.findings[one.finding].given[layout.used[number]] @ one.channel.T
                for number in np.unique(parent[place][parent[place] >= 0]).tolist()
            }
            for place, one in enumerate(reports)
        ]
        free = [np.where(on == -1, _log(table.T), 0.0) for on, table in zip(parent, rows, strict=True)]
        shape = len(tables.causes), max((span.stop - span.start for span in layout.levels), default=1)
        return cls(
            tuple(reports),
            layout.levels,
            starts,
            parent,
            rows,
            np.concatenate([np.zeros((0, shape[0])), *free]),
            tuple(_level_logs(number, span, starts, parent, given) for number, span in enumerate(layout.levels)),
            _cumulated(parent, rows, given, shape),
        )

    def of(self, places: Sequence[int]) -> Sampler:
        """Of some of the reports, in this order; nothing is laid out anew."""
        ends = [*self.starts[1:].tolist(), len(self.free_logs)]
        kept = [np.arange(self.starts[place], ends[place]) for place in places]
        among = np.concatenate([np.zeros(0, dtype=np.intp), *kept])
        new = np.full(len(self.free_logs), -1, dtype=np.intp)
        new[among] = np.arange(len(among))
        return Sampler(
            tuple(self.reports[place] for place in places),
            self.spans,
            np.cumsum([0, *(len(one) for one in kept)])[:-1].astype(np.intp),
            self.parent[places],
            tuple(self.rows[place] for place in places),
            self.free_logs[among],
            tuple(_of_outcomes(new, *logs) for logs in self.level_logs),
            self.upto[:, places],
        )

    def draw(self, rng: np.random.Generator, cause: NDArray[np.intp], levels: Array) -> NDArray[np.intp]:
        """Outcomes, (cases, reports). cause: (cases,), of each case. levels: P(level | cause), (causes, all levels)."""
        # a free report looks at a mechanism too, where every level says the same
        level = np.zeros((len(cause), len(self.spans) or 1), dtype=np.intp)
        for number in [number for number, (outcomes, _) in enumerate(self.level_logs) if outcomes.size]:
            level[:, number] = _pick(rng, levels[:, self.spans[number]].T.cumsum(axis=0)[:, cause])
        places = np.arange(len(self.reports))
        on = level[np.arange(len(cause))[:, None], self.parent[:, cause].T]
        return _pick(rng, self.upto[:, places, cause[:, None], on])

    def log_likelihood(self, outcomes: NDArray[np.intp], log_levels: Array) -> Array:
        """log P(outcomes | cause), (cases, causes), with log P(level | cause) as given, (causes, all levels).

        Unnormalised levels are taken as they are, so that answers known before are part of them.
        """
        parts = [self._scored(outcomes[start : start + CHUNK], log_levels) for start in range(0, len(outcomes), CHUNK)]
        return np.concatenate(parts)

    def _scored(self, outcomes: NDArray[np.intp], log_levels: Array) -> Array:
        shown = np.zeros((-(-len(outcomes) // TOGETHER), TOGETHER, len(self.free_logs)))
        case = np.arange(len(outcomes))[:, None]
        shown[case // TOGETHER, case % TOGETHER, self.starts + outcomes] = 1.0
        result = _product(shown, self.free_logs)
        for (places, logs), span in zip(self.level_logs, self.spans, strict=True):
            start = np.maximum(log_levels[:, span].T, NEVER)
            if not places.size:
                result += _log_sum(start)
                continue
            told = _product(shown[..., places], logs.reshape(len(places), -1))
            result += _log_sum(told.reshape(-1, *start.shape) + start)
        return np.where(result < NEVER / 2, -np.inf, result)[: len(outcomes)]

    def log_margin(self, outcomes: NDArray[np.intp], prior: Array) -> Array:
        """sum_i log P(outcome_i), (cases,): as if the reports were independent."""
        margins = np.concatenate([np.zeros(0), *(_log(prior @ rows) for rows in self.rows)])
        return np.asarray(margins[self.starts + outcomes].sum(axis=1))

    def log_own(self, outcomes: NDArray[np.intp], cause: int, log_levels: Array) -> Array:
        """log P(outcomes | one cause), (cases,), of cases that are scored under that cause alone."""
        at = self.starts + outcomes
        result = self.free_logs[at, cause].sum(axis=1)
        blocks = np.repeat(np.maximum(log_levels[cause], NEVER)[:, None], len(outcomes), axis=1)
        for number, ((places, logs), span) in enumerate(zip(self.level_logs, self.spans, strict=True)):
            on = np.flatnonzero(self.parent[:, cause] == number)
            if on.size:
                # the outcomes of a mechanism stand in order, so that a place among all is found among them
                blocks[span] += logs[np.searchsorted(places, at[:, on]), :, cause].sum(axis=1).T
        if blocks.size:
            result += _log_sums(blocks, self.spans)
        return np.where(result < NEVER / 2, -np.inf, result)


def draw_causes(rng: np.random.Generator, probability: Array, cases: int) -> NDArray[np.intp]:
    """So many causes with these probabilities."""
    return rng.choice(len(probability), size=cases, p=probability / probability.sum())


def _product(shown: Array, logs: Array) -> Array:
    """(groups, cases, outcomes) times (outcomes, columns), as (groups x cases, columns)."""
    return np.asarray(np.matmul(shown, logs).reshape(shown.shape[0] * shown.shape[1], logs.shape[1]))


def _log(p: Array) -> Array:
    return np.log(p, where=p > 0, out=np.full_like(p, NEVER))


def _log_sum(logs: Array) -> Array:
    """log of the sum over levels, the last axis but one: long last axes are several times quicker than short ones."""
    top = logs.max(axis=-2)
    return np.asarray(np.log(np.exp(logs - top[..., None, :]).sum(axis=-2)) + top)


def _level_logs(
    number: int,
    span: slice,
    starts: NDArray[np.intp],
    parent: NDArray[np.intp],
    given: Sequence[Mapping[int, Array]],
) -> tuple[NDArray[np.intp], Array]:
    """The places of a mechanism's outcomes and their log P(outcome | cause, level), 0 where they hang elsewhere."""
    places, logs = [np.zeros(0, dtype=np.intp)], [np.zeros((0, span.stop - span.start, parent.shape[1]))]
    for place, tables in enumerate(given):
        if number in tables:
            table = tables[number].transpose(2, 1, 0)
            places.append(starts[place] + np.arange(len(table)))
            logs.append(np.where(parent[place] == number, _log(table), 0.0))
    return np.concatenate(places), np.concatenate(logs)


def _cumulated(
    parent: NDArray[np.intp], rows: Sequence[Array], given: Sequence[Mapping[int, Array]], shape: tuple[int, int]
) -> Array:
    """`Sampler.upto`; shape: causes and most levels.

    Free reports have the same at every level; beyond a report's last outcome its total stands again.
    """
    upto = np.zeros((max((table.shape[1] for table in rows), default=1), len(rows), *shape))
    for place, table in enumerate(rows):
        upto[: table.shape[1], place] = table.T.cumsum(axis=0)[:, :, None]
        for number, by_level in given[place].items():
            on = parent[place] == number
            summed = by_level[on].transpose(2, 0, 1).cumsum(axis=0)
            upto[: len(summed), place, on, : summed.shape[2]] = summed
        upto[table.shape[1] :, place] = upto[table.shape[1] - 1, place]
    return upto


def _log_sums(logs: Array, spans: Sequence[slice]) -> Array:
    """The sum over some spans of rows of the log of the sum over each, (columns,)."""
    starts = [span.start for span in spans]
    top = np.maximum.reduceat(logs, starts, axis=0)
    share = np.exp(logs - np.repeat(top, [span.stop - span.start for span in spans], axis=0))
    return np.asarray((np.log(np.add.reduceat(share, starts, axis=0)) + top).sum(axis=0))


def _of_outcomes(new: NDArray[np.intp], places: NDArray[np.intp], logs: Array) -> tuple[NDArray[np.intp], Array]:
    """The logs of the outcomes that have a new place, in the order of these."""
    order = np.argsort(new[places], kind="stable")
    order = order[new[places[order]] >= 0]
    return new[places[order]], logs[order]


def _pick(rng: np.random.Generator, upto: Array) -> NDArray[np.intp]:
    """One position of each place, from cumulated probabilities, (positions, ...)."""
    # above 0 and up to 1, so that nothing of probability 0 is picked
    at = (1 - rng.random(upto.shape[1:])) * upto[-1]
    return np.asarray((upto[:-1] < at).sum(axis=0))
