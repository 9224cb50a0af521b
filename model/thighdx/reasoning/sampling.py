"""Cases drawn from the model, and their likelihoods under every cause, many at a time.

What is drawn are outcomes of reports: a report is a finding seen through a channel P(outcome | state). The identity is
a plain answer; see `channel` for one-of and soft answers. Outcomes are drawn cause first, then levels, then outcomes,
and scored by one product of matrices a mechanism.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.cells import Cell, likelihood
from thighdx.hypothetical import Hypothetical
from thighdx.rows import Array
from thighdx.tables import Tables

CHUNK = 2048  # cases scored at once; some 20 MB
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


class Sampler:
    """Reports laid out to be drawn and scored, from the tables of a model. Read-only once made."""

    def __init__(self, tables: Tables, layout: Hypothetical, reports: Sequence[Report]) -> None:
        self.reports = tuple(reports)
        self._layout = layout
        self._rows = [tables.findings[one.finding].rows @ one.channel.T for one in self.reports]
        sizes = [len(one.channel) for one in self.reports]
        self._starts = np.cumsum([0, *sizes])[:-1].astype(np.intp)
        self._outcomes = int(sum(sizes))
        self._parent = layout.parent[[one.finding for one in self.reports]].reshape(-1, len(tables.causes))
        self._given = [
            {
                number: tables.findings[one.finding].given[layout.used[number]] @ one.channel.T
                for number in set(self._parent[place].tolist()) - {-1}
            }
            for place, one in enumerate(self.reports)
        ]
        self._free_logs, self._level_logs = self._logs(len(tables.causes))

    def _logs(self, causes: int) -> tuple[Array, list[tuple[NDArray[np.intp], Array]]]:
        """(outcomes, causes) of the reports on no mechanism; for each mechanism its outcomes' places and
        (outcomes, levels, causes).
        """  # noqa: D205 - two things, one sentence
        free = np.zeros((self._outcomes, causes))
        levels = []
        for place, start in enumerate(self._starts):
            rows = self._rows[place].T
            free[start : start + len(rows)] = np.where(self._parent[place] == -1, _log(rows), 0.0)
        for number, span in enumerate(self._layout.levels):
            here = [place for place, given in enumerate(self._given) if number in given]
            places, logs = [np.zeros(0, dtype=np.intp)], [np.zeros((0, span.stop - span.start, causes))]
            for place in here:
                table = self._given[place][number].transpose(2, 1, 0)
                used = self._parent[place] == number
                places.append(self._starts[place] + np.arange(len(table)))
                logs.append(np.where(used, _log(table), 0.0))
            levels.append((np.concatenate(places), np.concatenate(logs)))
        return free, levels

    def draw(self, rng: np.random.Generator, cause: NDArray[np.intp], levels: Array) -> NDArray[np.intp]:
        """Outcomes, (cases, reports). cause: (cases,), of each case. levels: P(level | cause), (causes, all levels)."""
        level = {
            number: _pick(rng, levels[:, self._layout.levels[number]].T.cumsum(axis=0)[:, cause])
            for number in sorted(set().union(*self._given))
        }
        result = np.zeros((len(cause), len(self.reports)), dtype=np.intp)
        for place, rows in enumerate(self._rows):
            upto = rows.T.cumsum(axis=0)[:, cause]
            parent = self._parent[place][cause]
            for number, table in self._given[place].items():
                on = np.flatnonzero(parent == number)
                upto[:, on] = table.transpose(2, 0, 1).cumsum(axis=0)[:, cause[on], level[number][on]]
            result[:, place] = _pick(rng, upto)
        return result

    def log_likelihood(self, outcomes: NDArray[np.intp], log_levels: Array) -> Array:
        """log P(outcomes | cause), (cases, causes), with log P(level | cause) as given, (causes, all levels).

        Unnormalised levels are taken as they are, so that answers known before are part of them.
        """
        parts = [self._scored(outcomes[start : start + CHUNK], log_levels) for start in range(0, len(outcomes), CHUNK)]
        return np.concatenate(parts)

    def _scored(self, outcomes: NDArray[np.intp], log_levels: Array) -> Array:
        shown = np.zeros((len(outcomes), self._outcomes))
        shown[np.arange(len(outcomes))[:, None], self._starts + outcomes] = 1.0
        result = shown @ self._free_logs
        for (places, logs), span in zip(self._level_logs, self._layout.levels, strict=True):
            start = np.maximum(log_levels[:, span].T, NEVER)
            if not places.size:
                result += _log_sum(start)
                continue
            told = shown[:, places] @ logs.reshape(len(places), -1)
            result += _log_sum(told.reshape(-1, *start.shape) + start)
        return np.where(result < NEVER / 2, -np.inf, result)

    def log_margin(self, outcomes: NDArray[np.intp], prior: Array) -> Array:
        """sum_i log P(outcome_i), (cases,): as if the reports were independent."""
        margins = np.concatenate([np.zeros(0), *(_log(prior @ rows) for rows in self._rows)])
        return np.asarray(margins[self._starts + outcomes].sum(axis=1))

    def log_own(self, outcomes: NDArray[np.intp], cause: int, log_levels: Array) -> Array:
        """log P(outcomes | one cause), (cases,), of cases that are scored under that cause alone."""
        at = self._starts + outcomes
        result = self._free_logs[at, cause].sum(axis=1)
        for number, ((places, logs), span) in enumerate(zip(self._level_logs, self._layout.levels, strict=True)):
            start = np.maximum(log_levels[cause, span], NEVER)[:, None]
            on = np.flatnonzero(self._parent[:, cause] == number)
            # the outcomes of a mechanism stand in order, so that a place among all is found among them
            told = logs[np.searchsorted(places, at[:, on]), :, cause].sum(axis=1)
            result += _log_sum(told.T + start)
        return np.where(result < NEVER / 2, -np.inf, result)


def draw_causes(rng: np.random.Generator, probability: Array, cases: int) -> NDArray[np.intp]:
    """So many causes with these probabilities."""
    return rng.choice(len(probability), size=cases, p=probability / probability.sum())


def _log(p: Array) -> Array:
    return np.log(p, where=p > 0, out=np.full_like(p, NEVER))


def _log_sum(logs: Array) -> Array:
    """log of the sum over levels, the last axis but one: long last axes are several times quicker than short ones."""
    top = logs.max(axis=-2)
    return np.asarray(np.log(np.exp(logs - top[..., None, :]).sum(axis=-2)) + top)


def _pick(rng: np.random.Generator, upto: Array) -> NDArray[np.intp]:
    """One position a column, from cumulated probabilities, (positions, columns)."""
    # above 0 and up to 1, so that nothing of probability 0 is picked
    at = (1 - rng.random(upto.shape[1])) * upto[-1]
    return np.asarray((upto[:-1] < at).sum(axis=0))
