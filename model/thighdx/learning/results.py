"""What cases taught, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thighdx.learning.base_rates import LearntBaseRates
from thighdx.learning.sureness import Sureness


@dataclass(frozen=True)
class LearntRow:
    """P(state | cause) of one finding and cause: `before` is worth `weight` cases, `counts` were seen, `after` is both.

    counts: answers by state, expected ones where answers or causes are not known for certain. told: share of the
    numbers that the data decide, sure / (sure + weight), sure being as many answers as the counts are worth that were
    told for certain. moved: total variation from before to after. state: the one that moved most, with the share seen
    and Wilson's 95 % interval of it at that many answers.
    """

    finding: str
    cause: str
    states: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    counts: tuple[float, ...]
    weight: float
    told: float
    moved: float
    state: str
    seen: float
    low: float
    high: float


@dataclass(frozen=True)
class LearntLevels:
    """P(level | cause) of one mechanism and cause, which no case states: `before` is worth `weight` cases.

    cases: expected cases of the cause with two answers or more on the mechanism, the fewest that tell of its level.
    error: standard errors of `after`. told: share of the numbers that the cases decide beside the priors, by their
    information. moved: total variation from before to after.
    """

    mechanism: str
    cause: str
    levels: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    error: tuple[float, ...]
    cases: float
    weight: float
    told: float
    moved: float


@dataclass(frozen=True)
class Learnt:
    """What cases taught; `what` of it was asked for. `rows` and `levels` run from the most to the least moved.

    rows_from: whether rows were learnt from labelled cases alone or from all. sureness: of base rates, None where they
    were not asked for. rows_trace, levels_trace: log posterior before and after each step, empty where there were none.
    warnings: what the cases could not tell.
    """

    place: str
    population: str
    what: tuple[str, ...]
    rows_from: str
    rows_read: int
    faulty: int
    base_rates: LearntBaseRates
    sureness: Sureness | None
    causes: tuple[str, ...]
    rows: tuple[LearntRow, ...]
    levels: tuple[LearntLevels, ...]
    rows_trace: tuple[float, ...]
    levels_trace: tuple[float, ...]
    warnings: tuple[str, ...]
    model_version: str
    priors_digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx learn --json`."""
        rates = self.base_rates
        return {
            "cases": self.place,
            "population": self.population,
            "what": list(self.what),
            "rows_from": self.rows_from,
            "rows_read": self.rows_read,
            "faulty": self.faulty,
            "labelled": rates.labelled,
            "unlabelled": rates.unlabelled,
            "prior_weight": rates.weight,
            "steps": max(len(rates.trace) - 1, 0),
            "log_posterior": list(rates.trace),
            "base_rates": self._rates(),
            "rows": [vars(row) for row in self.rows],
            "rows_log_posterior": list(self.rows_trace),
            "levels": [vars(one) for one in self.levels],
            "levels_log_posterior": list(self.levels_trace),
            "warnings": list(self.warnings),
            "model_version": self.model_version,
            "priors_digest": self.priors_digest,
        }

    def _rates(self) -> list[dict[str, Any]]:
        rates, sure = self.base_rates, self.sureness
        if sure is None:
            return []
        return [
            {
                "cause": cause,
                "before": float(rates.before[place]),
                "after": float(rates.after[place]),
                "error": float(rates.error[place]),
                "low": float(sure.low[place]),
                "high": float(sure.high[place]),
                "expected_cases": float(rates.expected[place]),
                "told": None if np.isnan(sure.told[place]) else float(sure.told[place]),
                "prior_share": float(sure.prior_share[place]),
                "mixed_with": None if sure.mixed_with[place] < 0 else self.causes[sure.mixed_with[place]],
            }
            for place, cause in enumerate(self.causes)
        ]
