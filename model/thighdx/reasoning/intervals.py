"""How sure: 95 % credible intervals of a posterior, from what rows, levels and base rates leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from thighdx.assess import Model
from thighdx.diagnosis import Share, diagnosis_of
from thighdx.knowledge import Knowledge
from thighdx.reasoning.draws import DRAWS, DrawnPosterior, get_draws
from thighdx.reasoning.opened import OpenCase, open_case
from thighdx.rows import Array
from thighdx.triage import dangerous_mass

ENDS = (0.025, 0.975)  # of the draws: what a 95 % interval means


@dataclass(frozen=True)
class Interval:
    """The probability of a cause, an origin or a grade with its 95 % credible interval, beside its base rate."""

    id: str
    name: str
    probability: float
    low: float
    high: float
    base_rate: float | None = None
    origin: str | None = None


@dataclass(frozen=True)
class Intervals:
    """How sure the posterior of one case is. The order of `Diagnosis`.

    dangerous: for each urgency with a rule in `[triage]`, the mass of the dangerous causes that are as urgent or more.
    draws: how many tables were drawn.
    """

    population: str
    draws: int
    causes: tuple[Interval, ...]
    origins: tuple[Interval, ...]
    grades: tuple[Interval, ...]
    dangerous: tuple[Interval, ...]
    note: str

    def of(self, name: str) -> Interval:
        """The interval of a cause, an origin or a grade by its id. Raises `KeyError` for another word."""
        return {entry.id: entry for entry in (*self.causes, *self.origins, *self.grades)}[name]

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists."""
        return asdict(self)


def credible_intervals(
    case: Mapping[str, object],
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    draws: int = DRAWS,
) -> Intervals:
    """95 % credible intervals of causes, origins and grades: percentiles over `draws` tables drawn from the priors.

    Each row is Dirichlet by its weight and the base rates run over their intervals (`reasoning.draws`); an interval is
    widened to hold its point, which is the posterior of the rows as they stand. The same case always gives the same
    interval. Tables of a finding are drawn when it is first answered. Raises as `diagnose` does.
    """
    return intervals_of(open_case(case, knowledge, population), draws)


def intervals_of(opened: OpenCase, draws: int = DRAWS) -> Intervals:
    """`credible_intervals` of a case already opened."""
    drawn = get_draws(opened.knowledge, opened.model.population, draws).posterior(opened.evidence)
    told = diagnosis_of(opened.model, opened.assessment, opened.cases, {})
    causes = dict(zip(opened.model.tables.causes, drawn.probability.T, strict=True))
    content = opened.knowledge.content
    origins = {
        origin: np.sum([causes[name] for name, entry in content.causes.items() if entry.origin == origin], axis=0)
        for origin in opened.knowledge.origins
    }
    grades = _drawn_grades(opened.model, drawn)
    point = dangerous_mass(opened.knowledge, opened.assessment.probability)
    mass = dangerous_mass(opened.knowledge, drawn.probability)
    dangerous = [Share(urgency, f"dangerous causes, {urgency}", float(point[urgency][0])) for urgency in mass]
    return Intervals(
        opened.model.population,
        draws,
        _intervals(told.causes, causes),
        _intervals(told.origins, origins),
        _intervals(told.grades, grades),
        _intervals(dangerous, mass),
        f"95 % credible intervals from {draws} draws of rows and base rates by their weights and intervals",
    )


def _drawn_grades(model: Model, drawn: DrawnPosterior) -> dict[str, Array]:
    """P(grade | cause, e) under every draw, (draws,)."""
    tables = model.tables
    numbers = {mechanism.id: number for number, mechanism in enumerate(tables.mechanisms)}
    result: dict[str, Array] = {}
    for cause, entry in model.knowledge.content.causes.items():
        if entry.grading is None:
            continue
        number = numbers[entry.grading.mechanism]
        names = tables.mechanisms[number].levels
        columns = [names.index(level) for level in entry.grading.levels.values()]
        levels = drawn.level(number, tables.causes.index(cause))[:, columns]
        total = levels.sum(axis=1, keepdims=True)
        shares = levels / np.where(total > 0, total, 1.0)
        result |= dict(zip(entry.grading.levels, shares.T, strict=True))
    return result


def _intervals(shares: Sequence[Share], drawn: Mapping[str, Array]) -> tuple[Interval, ...]:
    """Of each share its percentiles over the draws, (draws,) by its id, widened to hold its point."""
    if not shares:
        return ()
    ends = np.quantile(np.array([drawn[share.id] for share in shares]), ENDS, axis=1).T.tolist()
    return tuple(
        Interval(
            share.id,
            share.name,
            share.probability,
            min(low, share.probability),
            max(high, share.probability),
            share.base_rate,
            share.origin,
        )
        for share, (low, high) in zip(shares, ends, strict=True)
    )
