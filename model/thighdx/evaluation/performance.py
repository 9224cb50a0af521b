"""What the shipped model was measured to do: the figures beside the code, written by `analysis/performance.py`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from thighdx.evaluation.cohorts import Cohort, CohortStage, Danger, StudiedMiss, Subgroup
from thighdx.evaluation.results import Bin, Estimate, Evaluation, Group, Stage

NAME = "performance.json"


@dataclass(frozen=True)
class Measure:
    """A figure with its 95 % interval, None where there is none."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class MeasuredStage:
    """The cases with the findings of later kinds hidden: `answers` known on average, and how the true cause fared."""

    id: str
    answers: float
    leads: Measure
    first_three: Measure
    missed: Measure
    log_score: Measure
    unflagged: Measure


@dataclass(frozen=True)
class MeasuredUrgency:
    """Share of the dangerous and of the other cases for which a red flag at least this urgent fires."""

    urgency: str
    within: str
    dangerous: Measure
    harmless: Measure


@dataclass(frozen=True)
class MeasuredGroup:
    """The cases of one origin."""

    id: str
    name: str
    cases: int
    leads: Measure
    first_three: Measure


@dataclass(frozen=True)
class Further:
    """What is measured beside an evaluation: groups of patients, misses with their reason, and simulated cases."""

    subgroups: tuple[Subgroup, ...]
    not_first: tuple[StudiedMiss, ...]
    cohorts: tuple[Cohort, ...]
    dangers: tuple[Danger, ...]


@dataclass(frozen=True)
class MeasuredBin:
    """A point of the reliability curve of the leading cause: `count` cases, mean forecast, share that came true."""

    count: int
    forecast: float
    share: Measure


@dataclass(frozen=True)
class Performance:
    """The figures, and what they were measured on and with."""

    table: str
    cases: int
    left_out: int
    population: str
    dangerous: int
    harmless: int
    leads: Measure
    first_three: Measure
    probability: Measure
    log_score: Measure
    base_log_score: Measure
    unflagged: Measure
    missed: Measure
    over_triage: Measure
    sooner: tuple[MeasuredUrgency, ...]
    calibration_error: Measure
    calibration_by_chance: Measure
    stages: tuple[MeasuredStage, ...]
    curve: tuple[MeasuredBin, ...]
    questions: Measure
    answers: Measure
    origins: tuple[MeasuredGroup, ...]
    further: Further
    model_version: str
    priors_digest: str

    def to_json(self) -> str:
        """As kept beside the code; figures to six digits, which is more than the cases can tell."""
        return json.dumps(_rounded(asdict(self)), indent=1) + "\n"


def performance_of(found: Evaluation, table: str, further: Further) -> Performance:
    """What About and the model card show of an evaluation of the cases in `table`."""
    scores, triage = found.scores, found.triage
    chance = found.calibration.if_calibrated or Estimate(None)
    return Performance(
        table,
        scores.cases,
        found.rows - scores.cases,
        found.population,
        triage.dangerous,
        triage.harmless,
        _measure(scores.top_1),
        _measure(scores.top_3),
        _measure(scores.probability),
        _measure(scores.log_score),
        _measure(scores.base_log_score),
        _measure(triage.unflagged),
        _measure(triage.missed),
        _measure(triage.over_triage),
        tuple(
            MeasuredUrgency(one.urgency, one.within, _measure(one.dangerous), _measure(one.harmless))
            for one in triage.sooner
        ),
        _measure(found.calibration.error),
        _measure(chance),
        tuple(_stage(one) for one in found.stages),
        tuple(_bin(one) for one in found.calibration.curve if one.count and one.forecast is not None),
        _measure(found.questions.efforts[0].leading),
        _measure(found.questions.answers),
        tuple(_group(one) for one in found.origins),
        further,
        found.model_version,
        found.priors_digest,
    )


@cache
def performance() -> Performance:
    """The figures that come with the package."""
    kept = json.loads((files("thighdx.evaluation") / NAME).read_text(encoding="utf-8"))
    measures = {name: Measure(**value) for name, value in kept.items() if isinstance(value, dict) and name != "further"}
    parts = {
        "stages": tuple(_with_measures(MeasuredStage, one) for one in kept["stages"]),
        "curve": tuple(_with_measures(MeasuredBin, one) for one in kept["curve"]),
        "origins": tuple(_with_measures(MeasuredGroup, one) for one in kept["origins"]),
        "sooner": tuple(_with_measures(MeasuredUrgency, one) for one in kept["sooner"]),
        "further": _further(kept["further"]),
    }
    return Performance(**{**kept, **measures, **parts})


def _further(kept: dict[str, Any]) -> Further:
    cohorts = [
        {**one, "stages": tuple(_with_estimates(CohortStage, stage) for stage in one["stages"])}
        for one in kept["cohorts"]
    ]
    return Further(
        tuple(_with_estimates(Subgroup, one) for one in kept["subgroups"]),
        tuple(StudiedMiss(**one) for one in kept["not_first"]),
        tuple(_with_estimates(Cohort, one) for one in cohorts),
        tuple(_with_estimates(Danger, one) for one in kept["dangers"]),
    )


def _with_estimates(kind: Any, kept: dict[str, Any]) -> Any:
    return kind(**{name: Estimate(**value) if isinstance(value, dict) else value for name, value in kept.items()})


def _with_measures(kind: Any, kept: dict[str, Any]) -> Any:
    return kind(**{name: Measure(**value) if isinstance(value, dict) else value for name, value in kept.items()})


def _measure(estimate: Estimate) -> Measure:
    return Measure(estimate.value, estimate.low, estimate.high)


def _stage(stage: Stage) -> MeasuredStage:
    scores = stage.scores
    return MeasuredStage(
        stage.id,
        stage.answers,
        _measure(scores.top_1),
        _measure(scores.top_3),
        _measure(stage.triage.missed),
        _measure(scores.log_score),
        _measure(stage.triage.unflagged),
    )


def _group(group: Group) -> MeasuredGroup:
    scores = group.scores
    return MeasuredGroup(group.id, group.name, scores.cases, _measure(scores.top_1), _measure(scores.top_3))


def _bin(one: Bin) -> MeasuredBin:
    assert one.forecast is not None  # noqa: S101 - a bin with cases has a mean
    return MeasuredBin(one.count, one.forecast, _measure(one.share))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return round(value, 6) if isinstance(value, float) else value
