"""What does each part earn? Contenders scored on the same cases, with paired differences from the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thighdx import __version__
from thighdx.assess import Model, get_model, leading
from thighdx.cases import Cases, read_columns
from thighdx.errors import TableError
from thighdx.evaluation.contenders import Contender
from thighdx.evaluation.judged import Judged, judge, only_kinds, rank_of, stages
from thighdx.evaluation.labels import NO_LABEL, check_columns, read_labels
from thighdx.evaluation.results import Estimate, Scores
from thighdx.evaluation.summary import Evidenced, Summary
from thighdx.evaluation.sums import BINS, Summed, add_curves, base_values
from thighdx.knowledge import Knowledge
from thighdx.rows import Array

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 1000  # bootstrap samples
# name of a difference -> its column in `sums.base_values`, and whether more is better
DIFFERENCES = {"top_1": (1, 1), "top_3": (2, 1), "log_score": (5, 1), "brier": (7, -1)}


@dataclass(frozen=True)
class Earned:
    """By how much the first contender is better, mean over cases, with its 95 % interval; below 0 it is worse.

    top_1, top_3: shares of cases. log_score: natural logarithm. brier: 0 to 2. Cases are drawn in pairs, the same for
    both (Efron and Tibshirani 1993, An introduction to the bootstrap).
    """

    top_1: Estimate
    top_3: Estimate
    log_score: Estimate
    brier: Estimate


@dataclass(frozen=True)
class Compared:
    """One contender. calibration_error: of the leading cause's probability. earned: by the first over this one.

    stages: last kind of finding known -> its scores with the findings of later kinds hidden.
    """

    id: str
    name: str
    scores: Scores
    calibration_error: Estimate
    earned: Earned
    stages: dict[str, Scores]


@dataclass(frozen=True)
class Comparison:
    """All contenders on the same `cases` cases, in the order given; `left_out` rows could not be judged by."""

    cases: int
    left_out: int
    population: str
    contenders: tuple[Compared, ...]
    draws: int
    seed: int
    model_version: str
    priors_digest: str

    def of(self, name: str) -> Compared:
        """A contender by its id. Raises `KeyError` for another word."""
        return {entry.id: entry for entry in self.contenders}[name]

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists."""
        return asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """A row for each contender: its scores, and what the first earns over it with the interval."""
        import pandas as pd

        rows = [
            {
                "contender": one.name,
                "leads": one.scores.top_1.value,
                "among first 3": one.scores.top_3.value,
                "log score": one.scores.log_score.value,
                "Brier": one.scores.brier.value,
                "calibration error": one.calibration_error.value,
                "log score earned": one.earned.log_score.value,
                "low": one.earned.log_score.low,
                "high": one.earned.log_score.high,
            }
            for one in self.contenders
        ]
        return pd.DataFrame(rows).set_index("contender")


def compare(
    frame: pd.DataFrame,
    contenders: Sequence[Contender],
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    without_doubtful: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Every contender on a pandas frame of cases with their true causes in a column `diagnosis`.

    `knowledge` and `population` say how cases are read and what the base rates are. Rows that cannot be read, have no
    label, or are doubtful where `without_doubtful`, are left out. Raises `TableError` where there is no column of
    labels or no case is left, `ValueError` for no contender or two of one id, `UnknownNameError` for an unknown
    population.
    """
    ids = [one.id for one in contenders]
    if not ids or len(set(ids)) < len(ids):
        raise ValueError(f"contenders: {', '.join(ids) or 'none'}; accepted: at least one, each id once")
    model = get_model(knowledge, population)
    cases, truth, rows = _labelled(model, frame, without_doubtful=without_doubtful)
    seen = {name: only_kinds(model.knowledge, cases, kinds) for name, kinds in stages(model.knowledge).items()}
    judged = {name: judge(model, one, truth, rows) for name, one in seen.items()}
    summed = [
        {name: _summed(model, _as(one, judged[name], seen[name], rows), seed) for name in seen} for one in contenders
    ]
    last = list(seen)[-1]
    return Comparison(
        len(rows),
        len(frame) - len(rows),
        model.population,
        tuple(
            _compared(model.knowledge, one, sums, summed[0][last], draws)
            for one, sums in zip(contenders, summed, strict=True)
        ),
        draws,
        seed,
        __version__,
        model.knowledge.digest,
    )


def _labelled(
    model: Model, frame: pd.DataFrame, *, without_doubtful: bool
) -> tuple[Cases, NDArray[np.intp], NDArray[np.intp]]:
    """The cases, the true cause of each, and the rows to judge by."""
    names = [str(name) for name in frame.columns]
    check_columns(names, "the frame", without_doubtful=without_doubtful)
    columns = {name: frame.iloc[:, position].tolist() for position, name in enumerate(names)}
    cases = read_columns(model.knowledge, columns, len(frame))
    labels = read_labels(model.knowledge, columns, len(frame))
    good = labels.truth != NO_LABEL
    good[[problem.row for problem in (*cases.problems, *labels.problems)]] = False
    good &= ~(labels.doubtful & without_doubtful)
    if good.any():
        good &= model.engine.posterior(cases.evidence).possible
    if not good.any():
        raise TableError(f"the frame: no case is left to compare on ({len(frame)} rows)")
    return cases, labels.truth, np.flatnonzero(good)


def _as(contender: Contender, judged: Judged, cases: Cases, rows: NDArray[np.intp]) -> Judged:
    """What the contender makes of the cases; red flags, which ask no probability, are everyone's."""
    probability = contender.predict(cases.evidence.take(rows))
    return replace(judged, probability=probability, rank=rank_of(probability, judged.truth), top=leading(probability))


def _summed(model: Model, judged: Judged, seed: int) -> Summed:
    """Sums by group of cases; the same groups for every contender, so that differences are paired."""
    dangerous = np.array([entry.dangerous for entry in model.knowledge.content.causes.values()], dtype=bool)
    summed = Summed(seed)
    units = summed.units(len(judged.truth))
    summed.add(units, base_values(judged, model.tables.prior, dangerous))
    add_curves(summed, units, judged)
    return summed


def _compared(
    knowledge: Knowledge, contender: Contender, by_stage: dict[str, Summed], first: Summed, draws: int
) -> Compared:
    *_, last = by_stage.values()
    at = {name: _summary(knowledge, one, draws) for name, one in by_stage.items()}
    *_, whole = at.values()
    mine, its = ([one.total()["scores"], one.resampled(draws)["scores"]] for one in (last, first))
    earned = {
        name: _difference(
            *(sign * (b[:, column] / b[:, 0] - a[:, column] / a[:, 0]) for a, b in zip(mine, its, strict=True))
        )
        for name, (column, sign) in DIFFERENCES.items()
    }
    scores = {name: one.scores() for name, one in at.items()}
    return Compared(contender.id, contender.name, whole.scores(), whole.calibration().error, Earned(**earned), scores)


def _summary(knowledge: Knowledge, summed: Summed, draws: int) -> Summary:
    """Without the runs of what chance alone gives, which are not asked for here."""
    return Summary(knowledge, Evidenced(summed, {}, np.zeros((1, BINS)), draws))


def _difference(now: Array, drawn: Array) -> Estimate:
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return Estimate(float(now[0]), low, high)
