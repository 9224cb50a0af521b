"""What an evaluation says, as plain values. Every figure that a sample moves is an `Estimate` with its interval."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; all None where there is no case to judge by, bounds None for a single case."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Scores:
    """How the true causes fared among `cases` cases.

    top_1, top_3: share of cases with the true cause leading, or among the first three. mean_reciprocal_rank: of its
    place. probability: its mean posterior. log_score: mean natural logarithm of its posterior, base_log_score that of
    its base rate. brier: mean sum over causes of (posterior - truth)^2, 0 to 2 (Brier 1950).
    """

    cases: int
    top_1: Estimate
    top_3: Estimate
    mean_reciprocal_rank: Estimate
    probability: Estimate
    log_score: Estimate
    base_log_score: Estimate
    brier: Estimate


@dataclass(frozen=True)
class Group:
    """The cases of one true cause or origin."""

    id: str
    name: str
    scores: Scores


@dataclass(frozen=True)
class Sooner:
    """Share of the dangerous and of the other cases for which a red flag at least this urgent fires."""

    urgency: str
    within: str
    dangerous: Estimate
    harmless: Estimate


@dataclass(frozen=True)
class Triage:
    """Danger, and what the red flags and the posterior make of it.

    dangerous: cases whose true cause the priors mark as dangerous. unflagged: share of them for which no red flag
    fires, not even possibly. missed: share for which none fires and the true cause is not among the first three.
    harmless: the other cases. over_triage: share of these for which a red flag of any urgency fires; over_triage_other:
    share for which one fires and none of those that fire names the true cause among what it may be. sooner: the most
    urgent first; the last is any red flag.
    """

    dangerous: int
    unflagged: Estimate
    missed: Estimate
    harmless: int
    over_triage: Estimate
    over_triage_other: Estimate
    sooner: tuple[Sooner, ...]


@dataclass(frozen=True)
class Stage:
    """The same cases with the findings of later kinds hidden; `answers` is the mean number of findings known."""

    id: str
    kinds: tuple[str, ...]
    answers: float
    scores: Scores
    triage: Triage


@dataclass(frozen=True)
class BrierParts:
    """brier = reliability - resolution + uncertainty + within_bins, summed over causes (Murphy 1973).

    within_bins is what grouping forecasts into bins leaves over (Stephenson, Coelho and Jolliffe 2008).
    """

    reliability: Estimate
    resolution: Estimate
    uncertainty: Estimate
    within_bins: Estimate


@dataclass(frozen=True)
class Bin:
    """A point of a reliability curve: `count` forecasts from `low` to `high`, their mean, and the share come true."""

    low: float
    high: float
    count: int
    forecast: float | None
    share: Estimate


@dataclass(frozen=True)
class Calibration:
    """A reliability curve over ten equal bins, and the expected calibration error (Naeini et al. 2015).

    if_calibrated is the error that chance alone gives forecasts as these when they are right, with the interval from
    2.5 to 97.5 % of it, and p_value the share of such runs with an error at least as large (Broecker and Smith 2007).
    Both are None for the curve of every cause.
    """

    curve: tuple[Bin, ...]
    error: Estimate
    if_calibrated: Estimate | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class DecisionPoint:
    """Net benefit of acting on a case as dangerous from a probability `threshold` on (Vickers and Elkin 2006).

    In true positives per case: TP/n - FP/n * threshold/(1 - threshold); by the posterior of all dangerous causes
    together, by red flags, by acting on everyone; acting on no one is 0.
    """

    threshold: float
    model: Estimate
    red_flags: Estimate
    everyone: Estimate


@dataclass(frozen=True)
class CauseDecisions:
    """The decision curve of one dangerous cause alone, which `cases` cases have.

    By its own posterior, by the red flags that may be it, by acting on everyone.
    """

    id: str
    name: str
    cases: int
    points: tuple[DecisionPoint, ...]


@dataclass(frozen=True)
class Grading:
    """Grades of cases whose cause has grades and whose column `grade` states one, the true cause taken as known.

    top_1: share with the true grade the likeliest; within_one: at most a grade off. probability: mean probability of
    the true grade, log_score: mean natural logarithm of it; commonest: share with the grade that is likeliest before
    anything is answered. confusion: true grades in rows, likeliest ones in columns. unread: grades that are none.
    """

    cases: int
    top_1: Estimate
    within_one: Estimate
    probability: Estimate
    log_score: Estimate
    commonest: Estimate
    confusion: Confusion
    unread: int


@dataclass(frozen=True)
class Effort:
    """How many answers it takes, medians over cases with quartiles as bounds.

    leading: until the leading cause is that of all answers, and stays. near: until the posterior is within the stated
    distance of that of all answers (total variation), and stays.
    """

    order: str
    leading: Estimate
    near: Estimate


@dataclass(frozen=True)
class Questions:
    """How many of a case's answers are needed, asked by expected information gain and in the order of the table.

    What a case does not answer cannot be asked. `given` are answers known at the start (context), `answers` those that
    could be asked for, both medians with quartiles.
    """

    cases: int
    distance: float
    given: Estimate
    answers: Estimate
    efforts: tuple[Effort, ...]


@dataclass(frozen=True)
class Confusion:
    """How many cases of each true cause (rows) each cause leads in (columns), causes in the vocabulary's order.

    The same for origins and grades.
    """

    causes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def largest(self, most: int) -> list[tuple[str, str, int]]:
        """The commonest confusions: (true cause, leading cause, cases), at most `most` of them."""
        pairs = [
            (true, led, count)
            for true, row in zip(self.causes, self.counts, strict=True)
            for led, count in zip(self.causes, row, strict=True)
            if count and true != led
        ]
        return sorted(pairs, key=lambda pair: -pair[2])[:most]


@dataclass(frozen=True)
class LeftOut:
    """Rows that were not evaluated, by reason."""

    faulty: int = 0
    unlabelled: int = 0
    doubtful: int = 0


@dataclass(frozen=True)
class MissedCase:
    """A dangerous case that no red flag fires for and whose cause is not among the first three."""

    case_id: str
    cause: str
    rank: int
    probability: float


@dataclass(frozen=True)
class NotFirst:
    """A case whose true cause is not ranked first, and the cause that leads instead."""

    case_id: str
    cause: str
    led_by: str
    place: int
    probability: float


@dataclass(frozen=True)
class Evaluation:
    """The model against labelled cases. `stages` run from history alone to everything known.

    missed_cases and not_first name a hundred cases at most, the first of the table.
    decisions_by_cause: of the dangerous causes that a case has.
    """

    rows: int
    left_out: LeftOut
    population: str
    scores: Scores
    brier: BrierParts
    calibration: Calibration
    calibration_of_every_cause: Calibration
    causes: tuple[Group, ...]
    origins: tuple[Group, ...]
    confusion: Confusion
    confusion_of_origins: Confusion
    triage: Triage
    missed_cases: tuple[MissedCase, ...]
    not_first: tuple[NotFirst, ...]
    decisions: tuple[DecisionPoint, ...]
    decisions_by_cause: tuple[CauseDecisions, ...]
    grading: Grading
    stages: tuple[Stage, ...]
    questions: Questions
    notes: tuple[str, ...]
    draws: int
    seed: int
    model_version: str
    priors_digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx evaluate --json`."""
        plain: dict[str, Any] = _finite(asdict(self))
        return plain


def _finite(value: Any) -> Any:
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
