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
from thighdx.evaluation.metrics import calibration_error
from thighdx.evaluation.results import Estimate, Scores
from thighdx.evaluation.summary import centred, estimate, scores_of
from thighdx.evaluation.sums import BINS, Summed, base_values, bin_of
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

    def only(self, *names: str) -> Comparison:
        """The first contender and those of these ids. Raises `KeyError` for another word."""
        kept = [self.of(name) for name in names]
        first, *others = self.contenders
        return replace(self, contenders=(first, *(one for one in others if one in kept)))

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
    at = {
        name: _Scored(model, contenders, only_kinds(model.knowledge, cases, kinds), truth, rows, seed, draws)
        for name, kinds in stages(model.knowledge).items()
    }
    *_, whole = at.values()
    return Comparison(
        len(rows),
        len(frame) - len(rows),
        model.population,
        tuple(
            Compared(
                one.id,
                one.name,
                whole.scores(place),
                whole.calibration_error(place),
                whole.earned(place),
                {name: scored.scores(place) for name, scored in at.items()},
            )
            for place, one in enumerate(contenders)
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


class _Scored:
    """Sums of every contender over the same cases, the same draws for all, so that differences are paired."""

    def __init__(
        self,
        model: Model,
        contenders: Sequence[Contender],
        cases: Cases,
        truth: NDArray[np.intp],
        rows: NDArray[np.intp],
        seed: int,
        draws: int,
    ) -> None:
        dangerous = np.array([entry.dangerous for entry in model.knowledge.content.causes.values()], dtype=bool)
        judged = judge(model, cases, truth, rows)
        evidence = cases.evidence.take(rows)
        all_ = [_as(one.predict(evidence), judged) for one in contenders]
        scores = [base_values(one, model.tables.prior, dangerous)["scores"] for one in all_]
        summed = Summed(seed)
        values = {
            "scores": np.stack(scores, axis=1),
            "leading": np.stack([_leading_curve(one) for one in all_], axis=1),
        }
        summed.add(summed.units(len(rows)), values)
        self._both = summed.total(), summed.resampled(draws)

    def scores(self, place: int) -> Scores:
        """Of the contender at a place."""
        return scores_of(*(sums["scores"][:, place] for sums in self._both))

    def calibration_error(self, place: int) -> Estimate:
        """Of the leading cause's probability."""
        curves = (np.moveaxis(sums["leading"][:, place], 1, 0) for sums in self._both)
        return centred(*(calibration_error(*curve) for curve in curves))

    def earned(self, place: int) -> Earned:
        """By the first contender over the one at a place."""
        differences = {}
        for name, (column, sign) in DIFFERENCES.items():
            sums = [both["scores"] for both in self._both]
            differences[name] = estimate(
                *(sign * (one[:, 0, column] - one[:, place, column]) / one[:, 0, 0] for one in sums)
            )
        return Earned(**differences)


def _as(probability: Array, judged: Judged) -> Judged:
    """The cases with another posterior; red flags, which ask no probability, are everyone's."""
    return replace(judged, probability=probability, rank=rank_of(probability, judged.truth), top=leading(probability))


def _leading_curve(judged: Judged) -> Array:
    """Count, forecast and what came true of the leading cause, by bin, (cases, 3, bins)."""
    forecast = judged.probability.max(axis=1)
    inside = np.eye(BINS)[bin_of(forecast)]
    told = np.stack([np.ones(len(forecast)), forecast, (judged.rank == 1).astype(np.float64)], axis=1)
    return np.asarray(told[:, :, None] * inside[:, None, :])
