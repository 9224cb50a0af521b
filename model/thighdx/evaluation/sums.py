"""Everything an evaluation needs of its cases, as sums: bounded memory whatever their number, and quick resampling.

Each figure is a function of sums over cases. The sums are kept for `UNITS` groups of cases (one case each while there
are no more cases than that, thrown together at random beyond), and the bootstrap draws groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from thighdx.evaluation.judged import Judged
from thighdx.rows import Array
from thighdx.schema import ROUTINE

UNITS = 2000  # groups of cases that the bootstrap draws from
BINS = 10  # of a reliability curve, of equal width
THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)  # of the decision curve
SMALLEST = float(np.finfo(np.float64).tiny)  # a posterior that underflowed; keeps the log score finite

Sums = dict[str, Array]  # name -> (units or draws, ...)
Parts = dict[str, tuple[NDArray[np.intp] | None, tuple[int, ...], Array]]


@dataclass
class Summed:
    """Sums by group of cases. `add` takes one array a name, its first axis the cases."""

    seed: int
    sums: Sums = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng([self.seed, 0])

    def units(self, cases: int) -> NDArray[np.intp]:
        """The group of each of the next `cases` cases."""
        place = np.arange(self.count, self.count + cases)
        beyond = self._rng.integers(UNITS, size=cases)
        self.count += cases
        return np.asarray(np.where(place < UNITS, place, beyond), dtype=np.intp)

    def add(self, units: NDArray[np.intp], values: Mapping[str, Array]) -> None:
        """Add values, (cases, ...), to the sums of their groups."""
        for name, one in values.items():
            if name not in self.sums:
                self.sums[name] = np.zeros((UNITS, *one.shape[1:]))
            np.add.at(self.sums[name], units, one)

    def add_at(self, name: str, shape: tuple[int, ...], units: NDArray[np.intp], cells: Cells) -> None:
        """Add values that each belong to one cell of an array of this shape in their group."""
        size = int(np.prod(shape))
        if name not in self.sums:
            self.sums[name] = np.zeros((UNITS, *shape))
        flat = np.bincount(units * size + cells.place, weights=cells.value, minlength=UNITS * size)
        self.sums[name] += flat.reshape(UNITS, *shape)

    def total(self) -> Sums:
        """The sums over all cases, first axis 1."""
        return {name: one.sum(axis=0, keepdims=True) for name, one in self.sums.items()}

    def resampled(self, draws: int) -> Sums:
        """The sums over `draws` bootstrap samples (Efron 1979), first axis `draws`; seeded."""
        used = min(self.count, UNITS)
        rng = np.random.default_rng([self.seed, 1])
        weights = rng.multinomial(used, np.full(used, 1 / used), size=draws).astype(np.float64)
        return {
            name: (weights @ one[:used].reshape(used, -1)).reshape(draws, *one.shape[1:])
            for name, one in self.sums.items()
        }


@dataclass(frozen=True)
class Cells:
    """Values and the flat place of the one cell that each belongs to."""

    place: NDArray[np.intp]
    value: Array


def base_values(judged: Judged, prior: Array, dangerous: NDArray[np.bool_]) -> dict[str, Array]:
    """What is summed at every stage: scores, (cases, 8) in the order of `results.Scores`, triage, (cases, 6), urgency.

    urgency: (cases, 2, urgencies but routine), whether a red flag at least as urgent fires, of a dangerous and of
    another true cause.
    """
    right = judged.of_truth
    brier = (judged.probability**2).sum(axis=1) - 2 * right + 1
    scores = [
        np.ones(len(right)),
        judged.rank == 1,
        judged.rank <= 3,
        1 / judged.rank,
        right,
        np.log(np.maximum(right, SMALLEST)),
        np.log(prior[judged.truth]),
        brier,
    ]
    danger = dangerous[judged.truth]
    triage = [
        danger,
        danger & ~judged.flagged,
        danger & ~judged.flagged & (judged.rank > 3),
        ~danger,
        ~danger & judged.flagged,
        ~danger & judged.flagged & ~judged.named,
    ]
    sooner = judged.urgency[:, None] <= np.arange(judged.urgencies.index(ROUTINE))
    return {
        "urgency": np.stack([danger[:, None] & sooner, ~danger[:, None] & sooner], axis=1).astype(np.float64),
        "scores": np.stack(scores, axis=1).astype(np.float64),
        "triage": np.stack(triage, axis=1).astype(np.float64),
        "answers": judged.answers.astype(np.float64),
    }


def add_curves(summed: Summed, units: NDArray[np.intp], judged: Judged) -> None:
    """Reliability: count, forecast and what came true, by bin for the leading cause and by cause and bin for every."""
    causes = judged.probability.shape[1]
    truth = np.zeros_like(judged.probability)
    truth[np.arange(len(units)), judged.truth] = 1.0
    every = (np.arange(causes) * BINS + bin_of(judged.probability)).ravel()
    owner = np.repeat(units, causes)
    leading, right = judged.probability.max(axis=1), (judged.rank == 1).astype(np.float64)
    for kind, of_leading, of_every in (
        ("count", np.ones(len(units)), np.ones(every.size)),
        ("forecast", leading, judged.probability.ravel()),
        ("true", right, truth.ravel()),
    ):
        summed.add_at(f"leading_{kind}", (BINS,), units, Cells(bin_of(leading), of_leading))
        summed.add_at(f"every_{kind}", (causes, BINS), owner, Cells(every, of_every))


def decision_values(judged: Judged, dangerous: NDArray[np.bool_]) -> dict[str, Array]:
    """Cases acted on, true and false positives apart: (cases, thresholds + red flags + everyone, 2)."""
    probability = judged.probability[:, dangerous].sum(axis=1)
    acted = np.stack(
        [*(probability >= threshold for threshold in THRESHOLDS), judged.flagged, np.ones(len(judged.truth), bool)],
        axis=1,
    )
    danger = dangerous[judged.truth][:, None]
    return {"decisions": np.stack([acted & danger, acted & ~danger], axis=2).astype(np.float64)}


def add_cause_decisions(summed: Summed, units: NDArray[np.intp], judged: Judged, dangerous: NDArray[np.bool_]) -> None:
    """As `decision_values` for each dangerous cause alone: (dangerous causes, thresholds + red flags + everyone, 2).

    Acted on from its own probability on, or where a red flag that fires may be it.
    """
    causes = np.flatnonzero(dangerous)
    shape = (len(causes), len(THRESHOLDS) + 2, 2)
    sums = summed.sums.setdefault("cause_decisions", np.zeros((UNITS, *shape)))
    for number, cause in enumerate(causes.tolist()):
        probability, true = judged.probability[:, cause], judged.truth == cause
        acted = [probability >= threshold for threshold in THRESHOLDS]
        for column, on in enumerate([*acted, judged.suspected[:, cause], np.ones(len(true), dtype=bool)]):
            sums[:, number, column, 0] += np.bincount(units[on & true], minlength=UNITS)
            sums[:, number, column, 1] += np.bincount(units[on & ~true], minlength=UNITS)


def bin_of(probability: Array) -> NDArray[np.intp]:
    """The bin of each probability; 1 belongs to the last."""
    return np.asarray(np.minimum((probability * BINS).astype(np.intp), BINS - 1))
