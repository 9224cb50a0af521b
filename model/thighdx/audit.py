"""Every published figure the priors cite, against what the model implies: what evidence a number breaks.

A study counted people other than those the model is used for, so a figure outside its interval is a question, not an
error; a row that rests on several figures cannot meet them all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from thighdx import __version__
from thighdx.assess import Model, get_model
from thighdx.cases import read_case
from thighdx.evaluation.judged import ALWAYS
from thighdx.evaluation.metrics import wilson
from thighdx.knowledge import Knowledge
from thighdx.rows import Array, cause_row, complete, floored
from thighdx.schema import Basis, Combination, Figure, Finding, RatioRow
from thighdx.tables import base_rates

RATIOS = ("likelihood_ratio", "risk_ratio", "odds_ratio")
NOT_A_PROBABILITY = "weeks to recovery are no probability of the network"


@dataclass(frozen=True)
class Audited:
    """One figure. All numbers are in the figure's own measure but `beyond`.

    low, high: the interval it is judged by, None where it is open; `interval` says where it comes from (`published`,
    `wilson` from n, `tolerance`). implied: by the model, None where that cannot be computed, for the `reason`.
    difference: implied - value. beyond: how far P(state | cause) lies outside the interval, 0 inside, so that all
    measures can be ordered. together: how many figures the row that cites it rests on; it cannot meet them all.
    because: the written reason of the priors for a figure outside. new: whether it is outside now and was not before.
    """

    figure: str
    source: str
    title: str
    measure: str
    finding: str | None
    state: str | None
    cause: str | None
    against: str | None
    studied: str | None
    n: int | None
    cited_in: tuple[str, ...]
    together: int
    value: float | None
    low: float | None = None
    high: float | None = None
    interval: str | None = None
    implied: float | None = None
    difference: float | None = None
    beyond: float | None = None
    reason: str | None = None
    note: str | None = None
    passed_over: str | None = None
    because: str | None = None
    new: bool = False

    @property
    def outside(self) -> bool:
        """Whether the model lies outside the interval."""
        return self.beyond is not None and self.beyond > 0


@dataclass(frozen=True)
class AuditedCombination:
    """Several findings together: joint against product of single likelihood ratios, against all other causes alike.

    share: log joint / log product, to be at most `joint_share`, else not `kept`. implied: the model's value of the
    published `measure`: the joint likelihood ratio, or Cohen's kappa of two tests over all causes by base rates.
    against: the study's comparison group as a mix of causes, by which the ratio is then held; else None, all other
    causes alike, and a published ratio against look-alikes is shown, not judged by. because: the written reason of the
    priors for a value outside. new: whether it is outside, or counts too much, now and did not before.
    """

    combination: str
    name: str
    cause: str
    answers: dict[str, str]
    joint: float
    product: float
    share: float
    joint_share: float
    kept: bool
    measure: str
    value: float | None
    low: float | None
    high: float | None
    implied: float | None
    against: str | None = None
    because: str | None = None
    new: bool = False

    @property
    def outside(self) -> bool:
        """Whether a value that can be judged lies outside its interval; without one, a kappa by the value itself."""
        if self.implied is None or (self.measure != "kappa" and self.against is None):
            return False
        low, high = (self.value if end is None else end for end in (self.low, self.high))
        return (low is not None and self.implied < low) or (high is not None and self.implied > high)


@dataclass(frozen=True)
class Audit:
    """Every figure, those outside their interval first: the new ones before the others, the farthest first of each."""

    population: str
    figures: tuple[Audited, ...]
    combinations: tuple[AuditedCombination, ...]
    model_version: str
    priors_digest: str

    @property
    def outside(self) -> tuple[Audited, ...]:
        """Figures whose interval does not hold what the model implies."""
        return tuple(one for one in self.figures if one.outside)

    @property
    def new(self) -> tuple[Audited, ...]:
        """Figures that are outside now and were not before."""
        return tuple(one for one in self.figures if one.new)

    @property
    def unexplained(self) -> tuple[str, ...]:
        """Keys of the figures and combinations that are outside without a written reason."""
        figures = [one.figure for one in self.outside if one.because is None]
        return (*figures, *(one.combination for one in self.combinations if one.outside and one.because is None))

    @property
    def inside(self) -> tuple[Audited, ...]:
        """Figures that the model agrees with."""
        return tuple(one for one in self.figures if one.beyond is not None and not one.outside)

    @property
    def not_computed(self) -> tuple[Audited, ...]:
        """Figures that the network has no counterpart for, with the reason."""
        return tuple(one for one in self.figures if one.beyond is None)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx audit --json`."""
        counts = {
            kind: len(getattr(self, kind)) for kind in ("outside", "new", "unexplained", "inside", "not_computed")
        }
        return {**counts, **asdict(self)}


class _Implied(NamedTuple):
    """What the model implies: the figure's measure, P(state | cause) behind it, and who it is held against."""

    value: float
    probability: float
    against: str | None = None


def audit(
    knowledge: Knowledge | None = None,
    population: str | None = None,
    *,
    passed_over: bool = False,
    before: Audit | None = None,
) -> Audit:
    """The audit of the priors; `passed_over` takes in the figures that no row uses.

    before: the audit of the priors that these were made from; what is outside now and was not then is marked as new.

    P(state | cause) is that of the rows, with ages, sexes and the like held against each finding's own background and
    not a population's mix, since the studies were made elsewhere; `population` weighs the causes of an origin and those
    behind a kappa. Raises `UnknownNameError` for an unknown population.
    """
    model = get_model(knowledge, population)
    figures = model.knowledge.content.figures
    auditor = _Auditor(model)
    found = [auditor.figure(name, entry) for name, entry in figures.items() if entry.passed_over is None or passed_over]
    combinations = tuple(
        _combination(model, name, entry) for name, entry in model.knowledge.content.combinations.items()
    )
    if before is not None:
        known = _broken(before)
        found = [replace(one, new=one.outside and one.figure not in known) for one in found]
        combinations = tuple(
            replace(one, new=(one.outside or not one.kept) and one.combination not in known) for one in combinations
        )
    return Audit(
        model.population,
        tuple(sorted(found, key=_order)),
        tuple(sorted(combinations, key=lambda one: (not one.new, one.kept))),
        __version__,
        model.knowledge.digest,
    )


def _broken(found: Audit) -> frozenset[str]:
    """Keys of the figures and combinations that the model does not meet."""
    together = [one.combination for one in found.combinations if one.outside or not one.kept]
    return frozenset((*(one.figure for one in found.outside), *together))


def _order(one: Audited) -> tuple[bool, bool, float, float]:
    """New before outside before inside before not computed, the farthest first."""
    return one.beyond is None, not one.new, -(one.beyond or 0.0), -abs(one.difference or 0.0)


class _Auditor:
    """The rows of a model, laid out to be asked for what figures measure."""

    def __init__(self, model: Model) -> None:
        self._knowledge, self._prior = model.knowledge, model.tables.prior
        content = model.knowledge.content
        self._floor, self._tolerance = content.thresholds.floor, content.thresholds.audit_tolerance
        self._cited: dict[str, list[str]] = defaultdict(list)
        self._together: dict[str, int] = {}
        for place, keys in citations(model.knowledge):
            for key in keys:
                self._cited[key].append(place)
                self._together[key] = max(len(keys), self._together.get(key, 0))

    def figure(self, name: str, entry: Figure) -> Audited:
        """One figure beside what the model implies."""
        title = self._knowledge.content.sources[entry.source].title
        found = Audited(
            name,
            entry.source,
            title,
            entry.measure,
            entry.finding,
            entry.state,
            entry.cause,
            None,
            entry.population,
            entry.n,
            tuple(self._cited[name]),
            self._together.get(name, 0),
            entry.value,
            entry.low,
            entry.high,
            note=entry.note,
            passed_over=entry.passed_over,
            because=entry.outside_because,
        )
        implied = self._implied(entry, found.cited_in)
        if isinstance(implied, str):
            return replace(found, reason=implied)
        found = replace(found, against=implied.against, implied=implied.value)
        return _judged(found, implied, self._tolerance)

    def _implied(self, entry: Figure, cited_in: Sequence[str]) -> _Implied | str:
        """What the model implies, or why that cannot be said."""
        if entry.measure == "recovery_weeks":
            return NOT_A_PROBABILITY
        if entry.measure == "base_rate":
            return self._base_rate(entry, cited_in)
        if entry.finding is None or entry.state is None:
            return "names no finding and state"
        return self._of_finding(entry, entry.finding, entry.state)

    def _of_finding(self, entry: Figure, name: str, state_id: str) -> _Implied:
        finding = self._knowledge.content.findings[name]
        state = finding.states.index(state_id)
        row = self._row(name, entry.cause)
        mine = float(row[state])
        if entry.measure in ("sensitivity", "probability"):
            return _Implied(mine, mine, None if entry.cause else "background row")
        compared, against = self._comparison(entry, name)
        other = float(compared[state])
        if entry.measure == "specificity":
            return _Implied(1 - other, 1 - other, against)
        if entry.measure == "likelihood_ratio":
            return _Implied(mine / other, mine, against)
        if entry.measure == "odds_ratio" and (entry.comparison_mix or finding.kind != ALWAYS):
            return _Implied(_odds(mine) / _odds(other), mine, against)
        return self._risk_ratio(entry, finding, state, row)

    def _risk_ratio(self, entry: Figure, finding: Finding, state: int, row: Array) -> _Implied:
        """Risk in one state relative to a reference: the states a ratio row leaves at 1, else all others."""
        mix = floored(complete(finding.background.p, finding.states), self._floor)
        stated = finding.rows.get(str(entry.cause))
        named = set(stated.ratio) if isinstance(stated, RatioRow) else set()
        reference = [place for place, name in enumerate(finding.states) if name not in named and place != state]
        if not reference or finding.states[state] not in named:
            reference = [place for place in range(len(finding.states)) if place != state]
        ratio = (row[state] / mix[state]) / (row[reference].sum() / mix[reference].sum())
        names = ", ".join(finding.states[place] for place in reference)
        return _Implied(float(ratio), float(row[state]), f"people with {names}")

    def _base_rate(self, entry: Figure, cited_in: Sequence[str]) -> _Implied | str:
        """The share of a cause or origin in the population that cites the figure, within an origin if cited there."""
        places = [place.split(".") for place in cited_in if place.startswith("populations.")]
        if not places:
            return "is cited by no population"
        if entry.cause is None:
            return "names no cause"
        _, population, part, *origin = places[0]
        prior = base_rates(self._knowledge, self._knowledge.content.populations[population])
        share = float(prior[self._members(entry.cause)].sum())
        if part == "within":
            return _Implied(
                share / float(prior[self._members(origin[0])].sum()),
                share / float(prior[self._members(origin[0])].sum()),
                f"{population}, within {origin[0]}",
            )
        return _Implied(share, share, population)

    def _comparison(self, entry: Figure, finding: str) -> tuple[Array, str]:
        """The row of the comparison group: its mix of causes, or the background row."""
        if not entry.comparison_mix:
            return self._row(finding, None), "background row"
        rows = [share * self._row(finding, cause) for cause, share in entry.comparison_mix.items()]
        return np.sum(rows, axis=0), _mix_named(entry.comparison_mix)

    def _row(self, finding: str, group: str | None) -> Array:
        """P(state | cause), of an origin by the base rates of its causes, or the background row."""
        entry = self._knowledge.content.findings[finding]
        mix = complete(entry.background.p, entry.states)
        if group is None:
            return floored(mix, self._floor)
        members = self._members(group)
        rows = [
            floored(cause_row(entry.rows.get(self._knowledge.causes[place]), entry.states, mix), self._floor)
            for place in members
        ]
        return np.asarray(self._prior[members] @ np.array(rows) / self._prior[members].sum())

    def _members(self, group: str) -> list[int]:
        """Positions of a cause, or of the causes of an origin."""
        causes = self._knowledge.content.causes
        return [place for place, (name, entry) in enumerate(causes.items()) if group in (name, entry.origin)]


def _judged(found: Audited, implied: _Implied, tolerance: float) -> Audited:
    """With the interval the figure is judged by, and how far outside it the model lies."""
    low, high, basis = found.low, found.high, "published"
    if found.low is None and found.high is None:
        if found.value is None:
            return replace(found, reason="states neither a value nor an interval")
        if found.measure not in RATIOS and found.n is not None:
            low, high = wilson(found.value, found.n)
            basis = "wilson"
        else:
            asked = _probability(found.value, found.measure, implied)
            low, high = (
                _back(min(1.0, max(0.0, asked + side * tolerance)), found.measure, implied) for side in (-1, 1)
            )
            basis = "tolerance"
    below = 0.0 if low is None or implied.value >= low else _probability(low, found.measure, implied)
    above = 0.0 if high is None or implied.value <= high else _probability(high, found.measure, implied)
    beyond = below - implied.probability if below else implied.probability - above if above else 0.0
    return replace(
        found,
        low=low,
        high=high,
        interval=basis,
        difference=None if found.value is None else implied.value - found.value,
        beyond=max(beyond, 0.0),
    )


def _probability(value: float, measure: str, implied: _Implied) -> float:
    """P(state | cause) that a figure asks for, all else as it is."""
    if measure not in RATIOS:
        return value
    if measure == "likelihood_ratio":
        return min(1.0, implied.probability * value / implied.value)
    odds = _odds(implied.probability) * value / implied.value
    return odds / (1 + odds)


def _back(probability: float, measure: str, implied: _Implied) -> float:
    """The inverse of `_probability`."""
    if measure not in RATIOS:
        return probability
    if measure == "likelihood_ratio":
        return probability * implied.value / implied.probability
    return _odds(probability) * implied.value / _odds(implied.probability)


def _odds(probability: float) -> float:
    return probability / max(1 - probability, float(np.finfo(np.float64).tiny))


def _combination(model: Model, name: str, entry: Combination) -> AuditedCombination:
    answers = dict(entry.answers)
    joint = _against_others(model, entry.cause, _likelihood(model, answers))
    single = [_against_others(model, entry.cause, _likelihood(model, {key: answers[key]})) for key in answers]
    product = float(np.prod(single))
    share = float(np.log(joint) / np.log(product))
    against = _mix_named(entry.comparison_mix) if entry.comparison_mix else None
    if entry.measure == "kappa":
        implied = _kappa(model, answers)
    else:
        implied = _against_mix(model, entry, _likelihood(model, answers)) if against else joint
    return AuditedCombination(
        name,
        entry.name,
        entry.cause,
        answers,
        joint,
        product,
        share,
        entry.joint_share,
        share <= entry.joint_share,
        entry.measure,
        entry.value,
        entry.low,
        entry.high,
        implied,
        against,
        entry.outside_because,
    )


def _mix_named(mix: Mapping[str, float]) -> str:
    return ", ".join(f"{cause} {share:.0%}" for cause, share in mix.items())


def _likelihood(model: Model, answers: Mapping[str, str]) -> Array:
    """P(answers | cause), (causes,)."""
    return np.asarray(np.exp(model.engine.log_likelihood(read_case(model.knowledge, answers).evidence)[0]))


def _against_others(model: Model, cause: str, likelihood: Array) -> float:
    """Likelihood ratio of a cause against the others, each alike."""
    position = model.tables.causes.index(cause)
    return float(likelihood[position] / np.delete(likelihood, position).mean())


def _against_mix(model: Model, entry: Combination, likelihood: Array) -> float:
    """Likelihood ratio of the cause against the comparison group of the study."""
    position = {name: place for place, name in enumerate(model.tables.causes)}
    other = sum(share * likelihood[position[cause]] for cause, share in entry.comparison_mix.items())
    return float(likelihood[position[entry.cause]] / other)


def _kappa(model: Model, answers: Mapping[str, str]) -> float | None:
    """Agreement of two findings beyond chance over all causes (Cohen 1960); None for another number of findings."""
    if len(answers) != 2:
        return None
    both = float(model.tables.prior @ _likelihood(model, answers))
    first, second = (float(model.tables.prior @ _likelihood(model, {key: answers[key]})) for key in answers)
    agree = 1 - first - second + 2 * both
    chance = first * second + (1 - first) * (1 - second)
    return (agree - chance) / (1 - chance)


def citations(knowledge: Knowledge) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every place of the priors that cites figures, as a dotted key, with the figures."""
    content = knowledge.content
    bases: dict[str, Basis] = {}
    for name, finding in content.findings.items():
        bases[f"findings.{name}.background"] = finding.background
        bases |= {f"findings.{name}.rows.{cause}": row for cause, row in finding.rows.items()}
    for name, mechanism in content.mechanisms.items():
        bases[f"mechanisms.{name}.background"] = mechanism.background
        bases |= {f"mechanisms.{name}.rows.{cause}": row for cause, row in mechanism.rows.items()}
    for name, population in content.populations.items():
        for part, row in (("origins", population.origins), ("causes", population.causes)):
            if row is not None:
                bases[f"populations.{name}.{part}"] = row
        bases |= {f"populations.{name}.within.{origin}": row for origin, row in population.within.items()}
        bases |= {f"populations.{name}.mix.{finding}": row for finding, row in population.mix.items()}
    yield from ((place, basis.figures) for place, basis in bases.items() if basis.figures)
    for name, mechanism in content.mechanisms.items():
        for finding_id, template in mechanism.templates.items():
            if template.figures:
                yield f"mechanisms.{name}.templates.{finding_id}", template.figures
    for name, cause_entry in content.causes.items():
        for course in cause_entry.care.recovery if cause_entry.care is not None else ():
            if course.figures:
                yield f"causes.{name}.care.recovery", course.figures
