"""Why: what each answer contributes to the log-odds of one cause against another, or against all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import exp, log
from typing import Any, Literal

import numpy as np

from thighdx import __version__
from thighdx.assess import leading
from thighdx.engine import log_sum
from thighdx.errors import ImpossibleEvidenceError, UnknownNameError
from thighdx.knowledge import Knowledge
from thighdx.reasoning.aumann_shapley import path_weights
from thighdx.reasoning.basis import RowUsed, row_used
from thighdx.reasoning.opened import OpenCase, cell_label, cell_words, normalised, open_case
from thighdx.reasoning.shapley import Shares, log_likelihood_shares
from thighdx.rows import Array

DECIBANS = 10 / log(10)  # in one natural log-odds
MOST_RIVALS = 3  # causes of the rest whose rows are shown

Method = Literal["shapley", "owen", "aumann_shapley", "aumann_shapley_of_owen"]
Direction = Literal["supports", "opposes", "neutral"]


@dataclass(frozen=True)
class Contribution:
    """What one answer contributes, for the cause (above 0) or against it.

    log_odds: natural; likelihood_ratio and decibans say the same. posterior_without: P(cause | all other answers), and
    against_without that of the other side; leading_without: the leading cause then. rows: what it rests on.
    """

    finding: str
    kind: str
    question: str
    answer: str
    label: str
    log_odds: float
    likelihood_ratio: float
    decibans: float
    direction: Direction
    posterior_without: float
    against_without: float
    leading_without: str
    rows: tuple[RowUsed, ...]


@dataclass(frozen=True)
class Explanation:
    """The answers' contributions, the largest first; they add up to posterior less prior log-odds (`change`).

    against: a cause, or None for all others together. method: exact Shapley values of a pair; `aumann_shapley` against
    the rest; `owen` where a mechanism (`owen_mechanisms`) holds more answers than are summed over all subsets.
    residual: sum of the contributions less `change`, from rounding and quadrature alone.
    """

    cause: str
    cause_name: str
    against: str | None
    against_name: str
    method: Method
    owen_mechanisms: tuple[str, ...]
    prior: float
    posterior: float
    against_prior: float
    against_posterior: float
    prior_log_odds: float
    posterior_log_odds: float
    change: float
    residual: float
    contributions: tuple[Contribution, ...]
    rivals: tuple[str, ...]
    neutral_likelihood_ratio: float
    population: str
    model_version: str
    priors_digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx explain --json`."""
        return asdict(self)


@dataclass(frozen=True)
class _Sides:
    """The two sides as log joints (causes,), before and after the answers, and the credits of the answers."""

    prior_log_odds: float
    posterior_log_odds: float
    credit: Array
    rivals: tuple[int, ...]
    owen: tuple[int, ...]


def explain(
    case: Mapping[str, object],
    cause: str | None = None,
    against: str | None = None,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
) -> Explanation:
    """Why `cause` (default: the leading one) and not `against` (default: all others together).

    Raises as `thighdx.diagnose`, `UnknownNameError` for an unknown cause or one against itself, and
    `ImpossibleEvidenceError` where the answers are impossible under a cause compared, so that no finite contributions
    exist.
    """
    opened = open_case(case, knowledge, population)
    chosen = opened.leading if cause is None else opened.position(cause, "cause")
    other = None if against is None else opened.position(against, "against")
    if chosen == other:
        raise UnknownNameError("against", f"'{against}' is the cause itself; accepted: another cause")
    return explained(opened, chosen, other)


def explained(opened: OpenCase, cause: int, against: int | None) -> Explanation:
    """`explain` for a case already opened, causes by position."""
    rest = [against] if against is not None else [one for one in range(len(opened.knowledge.causes)) if one != cause]
    sides = _sides(opened, cause, np.array(rest, dtype=np.intp))
    prior, posterior = np.exp(opened.tables.log_prior), opened.outlook.probability
    change = sides.posterior_log_odds - sides.prior_log_odds
    whole = against is None
    mechanisms = opened.model.tables.mechanisms
    return Explanation(
        opened.knowledge.causes[cause],
        opened.name(cause),
        None if against is None else opened.knowledge.causes[against],
        "all other causes" if against is None else opened.name(against),
        _method(whole, bool(sides.owen)),
        tuple(mechanisms[opened.tables.used[number]].id for number in sides.owen),
        float(prior[cause]),
        float(posterior[cause]),
        float(prior[rest].sum()),
        float(posterior[rest].sum()),
        sides.prior_log_odds,
        sides.posterior_log_odds,
        change,
        float(sides.credit.sum()) - change,
        _contributions(opened, cause, rest, sides),
        tuple(opened.knowledge.causes[rival] for rival in sides.rivals),
        opened.knowledge.content.thresholds.neutral_likelihood_ratio,
        opened.model.population,
        __version__,
        opened.knowledge.digest,
    )


def _method(whole: bool, owen: bool) -> Method:
    if whole:
        return "aumann_shapley_of_owen" if owen else "aumann_shapley"
    return "owen" if owen else "shapley"


def _sides(opened: OpenCase, cause: int, rest: np.ndarray) -> _Sides:
    compared = np.array([cause, *rest.tolist()], dtype=np.intp)
    impossible = compared[~np.isfinite((opened.tables.log_prior + opened.log_likelihood)[compared])]
    if not rest.size or impossible.size:
        names = ", ".join(opened.name(one) for one in impossible) or "the only cause there is"
        raise ImpossibleEvidenceError(f"no finite log-odds: prior or answers have probability 0 under {names}")
    shares = _shares(opened, compared)
    log_prior = opened.tables.log_prior[compared]
    log_joint = log_prior + opened.log_likelihood[compared]
    if len(rest) == 1:
        weights = np.ones(1)
    else:
        prior = np.exp(log_prior[1:] - log_sum(log_prior[1:]))
        weights = path_weights(prior, shares.phi[:, 1:])
    order = np.argsort(-weights, kind="stable")[:MOST_RIVALS]
    return _Sides(
        float(log_prior[0] - log_sum(log_prior[1:])),
        float(log_joint[0] - log_sum(log_joint[1:])),
        shares.phi[:, 0] - shares.phi[:, 1:] @ weights,
        tuple(int(rest[place]) for place in order),
        tuple(np.flatnonzero(shares.owen.any(axis=1)).tolist()),
    )


def _shares(opened: OpenCase, causes: np.ndarray) -> Shares:
    kinds = [opened.knowledge.content.findings[name].kind for name in opened.answered]
    return log_likelihood_shares(opened.tables, opened.said, causes, kinds)


def _contributions(opened: OpenCase, cause: int, rest: list[int], sides: _Sides) -> tuple[Contribution, ...]:
    content, causes = opened.knowledge.content, opened.knowledge.causes
    without = normalised(opened.log_joint_without)
    found = []
    for place, finding in enumerate(opened.answered):
        entry, cell, credit = content.findings[finding], opened.cell(finding), float(sides.credit[place])
        found.append(
            Contribution(
                finding,
                entry.kind,
                entry.question,
                cell_words(entry, cell),
                cell_label(entry, cell),
                credit,
                exp(credit),
                credit * DECIBANS,
                direction(credit, content.thresholds.neutral_likelihood_ratio),
                float(without[place, cause]),
                float(without[place, rest].sum()),
                causes[int(leading(without[place]))],
                tuple(row_used(opened, finding, cell, one) for one in (cause, *sides.rivals)),
            )
        )
    return tuple(sorted(found, key=lambda one: -abs(one.log_odds)))


def direction(log_odds: float, neutral_likelihood_ratio: float) -> Direction:
    """Which way an answer points; between the ratio and its inverse, neither."""
    if abs(log_odds) < log(neutral_likelihood_ratio) or log_odds == 0:
        return "neutral"
    return "supports" if log_odds > 0 else "opposes"
