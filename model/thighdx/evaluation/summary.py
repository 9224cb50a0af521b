"""Sums to figures with their bootstrap intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thighdx.errors import one_of
from thighdx.evaluation import metrics
from thighdx.evaluation.results import (
    Bin,
    BrierParts,
    Calibration,
    CauseDecisions,
    Confusion,
    DecisionPoint,
    Estimate,
    Grading,
    Group,
    Scores,
    Sooner,
    Stage,
    Triage,
)
from thighdx.evaluation.sums import BINS, THRESHOLDS, Summed, Sums
from thighdx.knowledge import Knowledge
from thighdx.rows import Array
from thighdx.wording import count

KINDS = ("count", "forecast", "true")  # of the sums behind a reliability curve
FEW = 30  # cases below which a figure hardly tells anything; said as a note


@dataclass(frozen=True)
class Evidenced:
    """The sums of an evaluation; `chance` is what came true, (runs, bins), had the forecasts been right."""

    whole: Summed
    by_stage: Mapping[str, Summed]
    chance: Array
    draws: int


class Summary:
    """The parts of an `Evaluation`."""

    def __init__(self, knowledge: Knowledge, seen: Evidenced) -> None:
        self._knowledge = knowledge
        self._seen = seen

    @cached_property
    def _both(self) -> tuple[Sums, Sums]:
        return self._seen.whole.total(), self._seen.whole.resampled(self._seen.draws)

    def scores(self) -> Scores:
        """Over all cases."""
        return scores_of(*(sums["scores"] for sums in self._both))

    def brier(self) -> BrierParts:
        """Murphy's parts of the Brier score."""
        now, drawn = (
            metrics.brier_parts(
                sums["every_count"], sums["every_forecast"], sums["every_true"], sums["scores"][:, 7], _cases(sums)
            )
            for sums in self._both
        )
        return BrierParts(**{name: centred(now[name], drawn[name]) for name in now})

    def calibration(self) -> Calibration:
        """Of the leading cause's probability."""
        now, drawn = self._both
        curve = _curve(*(now[f"leading_{kind}"][0] for kind in KINDS))
        error = centred(*(_error(sums, "leading") for sums in (now, drawn)))
        chance = metrics.calibration_error(now["leading_count"], now["leading_forecast"], self._seen.chance)
        low, high = np.percentile(chance, [2.5, 97.5]).tolist()
        expected = Estimate(float(chance.mean()), low, high)
        assert error.value is not None  # noqa: S101 - there is a case
        return Calibration(curve, error, expected, float((chance >= error.value).mean()))

    def calibration_of_every_cause(self) -> Calibration:
        """Of every cause's probability in every case, all causes together."""
        now, drawn = ([sums[f"every_{kind}"].sum(axis=1) for kind in KINDS] for sums in self._both)
        error = centred(metrics.calibration_error(*now), metrics.calibration_error(*drawn))
        return Calibration(_curve(*(one[0] for one in now)), error)

    def causes(self) -> tuple[Group, ...]:
        """By true cause; causes without a case are left out."""
        names = {cause: entry.name for cause, entry in self._knowledge.content.causes.items()}
        return self._groups(names, np.eye(len(names)))

    def origins(self) -> tuple[Group, ...]:
        """By origin of the true cause."""
        return self._groups(dict(self._knowledge.content.origins), self._membership())

    def confusion_of_origins(self, counts: NDArray[np.int64]) -> Confusion:
        """The confusion of causes, summed by origin."""
        member = self._membership()
        return confusion_of(self._knowledge.origins, (member @ counts @ member.T).astype(np.int64))

    def triage(self) -> Triage:
        """Danger with everything known."""
        return _triage(self._knowledge.content.urgencies, *self._both)

    def decisions(self) -> tuple[DecisionPoint, ...]:
        """The decision curve of danger as such."""
        return self._curve_of([sums["decisions"] for sums in self._both])

    def decisions_by_cause(self) -> tuple[CauseDecisions, ...]:
        """The decision curve of each dangerous cause that a case has."""
        dangerous = [(cause, entry.name) for cause, entry in self._knowledge.content.causes.items() if entry.dangerous]
        found = []
        for number, (cause, name) in enumerate(dangerous):
            both = [sums["cause_decisions"][:, number] for sums in self._both]
            cases = round(float(both[0][0, -1, 0]))  # acting on everyone finds every case of it
            if cases:
                found.append(CauseDecisions(cause, name, cases, self._curve_of(both)))
        return tuple(found)

    def grading(self, confusion: Confusion, unread: int) -> Grading:
        """Of cases with a stated grade."""
        now, drawn = (sums["grades"] for sums in self._both)
        cases = round(float(now[0, 0]))
        means = [
            estimate(metrics.ratio(now[:, column], now[:, 0]), metrics.ratio(drawn[:, column], drawn[:, 0]))
            for column in range(1, now.shape[1])
        ]
        right, near, chance, score, commonest = means
        shares = (_share_of(right, cases), _share_of(near, cases))
        return Grading(cases, *shares, chance, score, _share_of(commonest, cases), confusion, unread)

    def _curve_of(self, both: Sequence[Array]) -> tuple[DecisionPoint, ...]:
        """From acted on, (draws, thresholds + red flags + everyone, 2), of the figure and of its draws."""
        points = []
        for number, threshold in enumerate(THRESHOLDS):
            columns = (number, len(THRESHOLDS), len(THRESHOLDS) + 1)
            benefit = [
                [
                    metrics.net_benefit(acted[:, column, 0], acted[:, column, 1], _cases(sums), threshold)
                    for acted, sums in zip(both, self._both, strict=True)
                ]
                for column in columns
            ]
            points.append(DecisionPoint(threshold, *(estimate(*one) for one in benefit)))
        return tuple(points)

    def stages(self, kinds: Mapping[str, tuple[str, ...]]) -> tuple[Stage, ...]:
        """As a case unfolds."""
        found = []
        for name, summed in self._seen.by_stage.items():
            now, drawn = summed.total(), summed.resampled(self._seen.draws)
            answers = float(now["answers"][0] / _cases(now)[0])
            scores = scores_of(now["scores"], drawn["scores"])
            found.append(
                Stage(name, kinds[name], answers, scores, _triage(self._knowledge.content.urgencies, now, drawn))
            )
        return tuple(found)

    def _membership(self) -> Array:
        causes = self._knowledge.content.causes.values()
        return np.array([[float(entry.origin == origin) for entry in causes] for origin in self._knowledge.origins])

    def _groups(self, names: Mapping[str, str], member: Array) -> tuple[Group, ...]:
        now, drawn = (np.einsum("gc,dcs->gds", member, sums["by_cause"]) for sums in self._both)
        return tuple(
            Group(name, names[name], _of_a_group(scores_of(now[number], drawn[number])))
            for number, name in enumerate(names)
            if now[number, 0, 0] > 0
        )


def confusion_of(names: Sequence[str], counts: NDArray[np.int64]) -> Confusion:
    """A confusion from its matrix of counts, true causes in rows."""
    return Confusion(tuple(names), tuple(tuple(row) for row in counts.tolist()))


def notes_on(
    knowledge: Knowledge, counts: NDArray[np.int64], grading: Grading, dangerous: NDArray[np.bool_]
) -> tuple[str, ...]:
    """What keeps the figures from telling much."""
    seen = counts.sum(axis=1)
    cases = int(seen.sum())
    causes = [cause for cause, number in zip(knowledge.causes, seen, strict=True) if number]
    notes = []
    if cases < FEW:
        notes.append(f"{cases} cases are too few to tell much; mind the intervals")
    if len(causes) == 1:
        notes.append(f"every case is {causes[0]}: nothing is told apart here, and there is no resolution to measure")
    if not seen[dangerous].sum():
        notes.append("no case has a dangerous cause: nothing is learnt of missed danger")
    if grading.unread:
        said = count(grading.unread, "grade is", "grades are")
        notes.append(f"{said} none; accepted: {one_of(grading.confusion.causes)}, or empty")
    if 0 < grading.cases < FEW:
        notes.append(f"grades: {count(grading.cases, 'case', 'cases')}, too few to tell much")
    return tuple(notes)


def _cases(sums: Sums) -> Array:
    return sums["scores"][:, 0]


def _error(sums: Sums, name: str) -> Array:
    return metrics.calibration_error(*(sums[f"{name}_{kind}"] for kind in KINDS))


def _curve(count: Array, forecast: Array, true: Array) -> tuple[Bin, ...]:
    """From sums by bin; Wilson's interval, since a bootstrap of a handful that agrees has no width."""
    bins = []
    for number, size in enumerate(count.tolist()):
        low, high = number / BINS, (number + 1) / BINS
        if not size:
            bins.append(Bin(low, high, 0, None, Estimate(None)))
            continue
        share = float(true[number] / size)
        estimate = Estimate(share, *metrics.wilson(share, size))
        bins.append(Bin(low, high, round(size), float(forecast[number] / size), estimate))
    return tuple(bins)


def estimate(now: Array, drawn: Array) -> Estimate:
    """The figure and the 2.5th and 97.5th percentile of its draws; draws without a case in them say nothing."""
    value = float(now[0])
    told = drawn[np.isfinite(drawn)]
    if not np.isfinite(value):
        return Estimate(None)
    low, high = np.percentile(told, [2.5, 97.5]).tolist() if told.size else (None, None)
    return Estimate(value, low, high)


def centred(now: Array, drawn: Array) -> Estimate:
    """As `estimate`, the draws moved so that their mean is the figure.

    Figures made of squared or absolute differences grow by drawing with repetition, by more than their own spread.
    """
    moved = estimate(now, drawn - drawn.mean() + now[0])
    assert moved.value is not None  # noqa: S101 - there is a case
    assert moved.low is not None  # noqa: S101 - so every draw says something
    return Estimate(moved.value, max(moved.low, 0.0) if moved.value >= 0 else moved.low, moved.high)


def scores_of(now: Array, drawn: Array) -> Scores:
    """From sums in the order of `sums.base_values`, (draws, 8)."""
    means = [
        estimate(metrics.ratio(now[:, column], now[:, 0]), metrics.ratio(drawn[:, column], drawn[:, 0]))
        for column in range(1, now.shape[1])
    ]
    return Scores(round(float(now[0, 0])), *means)


def _of_a_group(scores: Scores) -> Scores:
    """Wilson's interval for shares, since a bootstrap of a handful of cases that agree has no width."""
    shares = {}
    for name in ("top_1", "top_3"):
        shares[name] = _share_of(getattr(scores, name), scores.cases)
    rest = ("mean_reciprocal_rank", "probability", "log_score", "base_log_score", "brier")
    alone = {
        name: Estimate(getattr(scores, name).value) if scores.cases == 1 else getattr(scores, name) for name in rest
    }
    return Scores(scores.cases, **shares, **alone)


def _share_of(one: Estimate, cases: int) -> Estimate:
    """A share with Wilson's interval in place of the bootstrap's."""
    return one if one.value is None else Estimate(one.value, *metrics.wilson(one.value, cases))


def _counted(part: float, cases: int) -> Estimate:
    """A share of cases with Wilson's interval, which is of some width where none or all of them count."""
    return _share_of(Estimate(part / cases), cases) if cases else Estimate(None)


def _triage(urgencies: Mapping[str, str], now: Sums, drawn: Sums) -> Triage:
    """From the sums of `sums.base_values`."""
    dangerous, harmless = 0, 3

    def share(part: int, whole: int) -> Estimate:
        return estimate(*(metrics.ratio(sums["triage"][:, part], sums["triage"][:, whole]) for sums in (now, drawn)))

    cases = {whole: round(float(now["triage"][0, whole])) for whole in (dangerous, harmless)}
    flagged = now["urgency"][0]  # (dangerous and harmless, urgencies)
    sooner = [
        Sooner(
            urgency,
            urgencies[urgency],
            *(_counted(part, cases[whole]) for part, whole in zip(parts, cases, strict=True)),
        )
        for urgency, parts in zip(urgencies, flagged.T, strict=False)
    ]
    return Triage(
        cases[dangerous],
        share(1, dangerous),
        share(2, dangerous),
        cases[harmless],
        share(4, harmless),
        share(5, harmless),
        tuple(sooner),
    )
