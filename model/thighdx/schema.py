"""Format 1 of the priors: what each table of the TOML files may hold, as frozen models.

This module says which keys there are, their types and ranges. What must agree between tables (ids, sums, used
sources) is checked in `thighdx.checks`. `priors/README.md` explains the same format to someone who reads no Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

V = TypeVar("V")

CAUSE = "cause"  # the node of the causes in an exported network; findings and mechanisms keep their ids
ROUTINE = "routine"  # the urgency of a case in which nothing presses
NONE = "none"  # in place of a mechanism: a finding that hangs on none under a cause

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
StateId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=80)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Weeks = Annotated[float, Field(ge=0, le=520, allow_inf_nan=False)]
FrozenMap = Annotated[Mapping[str, V], AfterValidator(MappingProxyType)]
# Lines of answers, each finding -> its state or any of several: one line is enough, within it every answer is needed.
Lines = tuple[FrozenMap[StateId | Annotated[tuple[StateId, ...], Field(strict=False)]], ...]


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


Kind = Literal["context", "history", "sign", "test", "imaging"]
Urgency = Literal["emergency", "urgent", "soon", "routine"]
RatioKind = Literal["risk_ratio", "odds_ratio", "likelihood_ratio"]
Measure = Literal[
    "sensitivity",
    "specificity",
    "probability",
    "base_rate",
    "likelihood_ratio",
    "risk_ratio",
    "odds_ratio",
    "recovery_weeks",
]


class Table(BaseModel):
    """A TOML table: unknown keys are faults, nothing can be changed after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Basis(Table):
    """Where a number comes from: published figures, or an estimate with its reason; and what it is worth.

    `weight` is the number of cases the row is worth (pseudo-cases of a Dirichlet row).
    """

    weight: Positive
    figures: tuple[Id, ...] = Field(default=(), strict=False)
    estimate: Text | None = None
    sources: tuple[Id, ...] = Field(default=(), strict=False)
    note: Text | None = None


Span = Annotated[tuple[Probability, Probability], Field(strict=False)]  # low, high


class Row(Basis):
    """A probability row. States left out share the rest: in background proportion, or equally where there is none.

    `believed`: of states of an estimate, the lowest and the highest number that readings of their own came to.
    """

    p: FrozenMap[Probability]
    believed: FrozenMap[Span] = Field(default_factory=_empty)


class RatioRow(Basis):
    """A row given as a ratio to the background by state; states left out have ratio 1 (see `thighdx.rows`).

    `believed`: as of a `Row`, of ratios.
    """

    ratio: FrozenMap[Positive]
    ratio_kind: RatioKind
    believed: FrozenMap[Annotated[tuple[Positive, Positive], Field(strict=False)]] = Field(default_factory=_empty)


def _row_shape(value: Any) -> str:
    return "row:ratio" if isinstance(value, dict | RatioRow) and "ratio" in dict(value) else "row:p"


AnyRow = Annotated[Annotated[Row, Tag("row:p")] | Annotated[RatioRow, Tag("row:ratio")], Discriminator(_row_shape)]


class Shares(Row):
    """Shares of origins or causes; `interval` (low, high) bounds a share in draws and bounds.

    `exact`: the shares are a convention and no estimate of anything, so draws leave them as they are.
    """

    interval: FrozenMap[Span] = Field(default_factory=_empty)
    exact: bool = False


class Grading(Table):
    """Which level of which mechanism is which grade of a cause."""

    mechanism: Id
    levels: FrozenMap[Id]


class Recovery(Table):
    """How long recovery takes for `who` (a grade, a treatment, everyone): weeks, low to high."""

    who: Text
    weeks: Annotated[tuple[Weeks, Weeks], Field(strict=False)]
    figures: tuple[Id, ...] = Field(default=(), strict=False)
    estimate: Text | None = None
    sources: tuple[Id, ...] = Field(default=(), strict=False)
    note: Text | None = None


class Care(Table):
    """What to do about a cause, and what not. `best_study` is the imaging finding that shows it best."""

    first_line: tuple[Text, ...] = Field(strict=False, min_length=1)
    avoid: tuple[Text, ...] = Field(default=(), strict=False)
    see: Text
    best_study: Id | None = None
    best_study_why: Text | None = None
    recovery: tuple[Recovery, ...] = Field(default=(), strict=False)
    sources: tuple[Id, ...] = Field(default=(), strict=False)
    note: Text | None = None


class Study(Table):
    """A kind of study behind one or more imaging findings: what it shows, its limits, its price (US dollars)."""

    name: Text
    findings: tuple[Id, ...] = Field(strict=False, min_length=1)
    shows: Text
    limits: Text
    price_usd: Annotated[tuple[Positive, Positive], Field(strict=False)] | None = None
    price_note: Text | None = None
    sources: tuple[Id, ...] = Field(default=(), strict=False)


class Cause(Table):
    """One of the causes told apart. `urgency`: how soon a dangerous one is to be seen to, once it is likely enough.

    `also_called`: what patients and doctors say; a name of no other cause.
    """

    name: Text
    also_called: tuple[Text, ...] = Field(default=(), strict=False, max_length=20)
    origin: Id
    grades: tuple[Id, ...] = Field(default=(), strict=False)
    description: Text
    grading: Grading | None = None
    dangerous: bool = False
    urgency: Urgency = "urgent"
    care: Care | None = None
    sources: tuple[Id, ...] = Field(default=(), strict=False)


class FromNumber(Table):
    """How a number in another column becomes a state: `cut_points[i]` is the least number of state i + 1."""

    column: Id
    unit: Text
    lowest: Finite
    highest: Finite
    cut_points: tuple[Finite, ...] = Field(strict=False)


class Finding(Table):
    """One thing that can be told about a case, with P(state | cause) as a background row and exceptions by cause."""

    kind: Kind
    states: tuple[StateId, ...] = Field(strict=False, min_length=2)
    ordered: bool = False
    column: Text | None = None
    question: Text
    judge: Text
    labels: FrozenMap[Text] = Field(default_factory=_empty)
    from_number: FromNumber | None = None
    mechanism: Id = "none"
    mechanism_by_cause: FrozenMap[Id] = Field(default_factory=_empty)
    background: Row
    rows: FrozenMap[AnyRow] = Field(default_factory=_empty)

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The mechanisms it names over all causes, its usual one first."""
        named = dict.fromkeys((self.mechanism, *self.mechanism_by_cause.values()))
        return tuple(name for name in named if name != NONE)


class Template(Table):
    """How a finding goes with the levels of a mechanism: T(state | level), strictly positive."""

    reason: Text
    given: FrozenMap[FrozenMap[Probability]]
    figures: tuple[Id, ...] = Field(default=(), strict=False)
    sources: tuple[Id, ...] = Field(default=(), strict=False)


class Mechanism(Table):
    """A hidden node below the cause: why findings go together."""

    name: Text
    description: Text
    levels: tuple[Id, ...] = Field(strict=False, min_length=2)
    background: Row
    rows: FrozenMap[Row] = Field(default_factory=_empty)
    templates: FrozenMap[Template]


class NotFor(Table):
    """Cases that a population's base rates are not meant for; it moves no number, it is told.

    Holds where every answer of any one line of `when` is present, and of no line of `unless`. `text` is what a
    clinician reads; `rather` are populations that fit better.
    """

    when: Lines = Field(strict=False, min_length=1)
    unless: Lines = Field(default=(), strict=False)
    text: Text
    rather: tuple[Id, ...] = Field(default=(), strict=False)


class Population(Table):
    """Base rates of the causes among the people it is for, and the mix of people at risk.

    Either `origins` and `within` (shares of origins times shares within each), or `causes` outright. `not_for`: the
    cases they are not meant for.
    """

    name: Text
    description: Text
    origins: Shares | None = None
    within: FrozenMap[Shares] = Field(default_factory=_empty)
    causes: Shares | None = None
    mix: FrozenMap[Row] = Field(default_factory=_empty)
    not_for: tuple[NotFor, ...] = Field(default=(), strict=False)

    @property
    def is_convention(self) -> bool:
        """Whether its shares say nothing of how common the causes are among anybody."""
        return self.causes is not None and self.causes.exact


class Misses(Table):
    """What a red flag is known to miss, with the documents that counted it or, by `basis`, why it is thought so."""

    text: Text
    sources: tuple[Id, ...] = Field(default=(), strict=False)
    basis: Text | None = None


class RedFlag(Table):
    """A rule on findings alone. Fires when every answer of any one of the alternatives in `when` is present.

    It rests on `sources`, or says by `basis` on what accepted practice. `misses` says whom it passes by.
    """

    name: Text
    urgency: Urgency
    when: Lines = Field(strict=False, min_length=1)
    may_be: tuple[Id, ...] = Field(default=(), strict=False)
    action: Text
    sources: tuple[Id, ...] = Field(default=(), strict=False)
    basis: Text | None = None
    misses: Misses | None = None


class Thresholds(Table):
    """The few numbers of the model that belong to no row."""

    floor: Annotated[float, Field(gt=0, le=0.05)]
    soft_red_flag: Probability
    largest_weight: Positive
    largest_estimate_weight: Positive
    neutral_likelihood_ratio: Annotated[float, Field(ge=1, le=1e6)] = 1.0
    fit_tail: Probability | None = None
    fit_candidate: Probability | None = None
    disagreement_bits: Positive | None = None
    audit_tolerance: Annotated[float, Field(gt=0, lt=1)] = 0.1


class TriageRule(Table):
    """From which posterior mass on, of the dangerous causes that are as urgent or more, a case is."""

    dangerous_mass: Annotated[float, Field(gt=0, le=1)]
    estimate: Text | None = None
    sources: tuple[Id, ...] = Field(default=(), strict=False)


class TwoCauses(Table):
    """Two causes at once: how often, and from which P(answer | cause) down an answer is not explained by a cause."""

    rate: Annotated[float, Field(gt=0, lt=1)]
    unexplained: Annotated[float, Field(gt=0, lt=1)]
    estimate: Text | None = None
    sources: tuple[Id, ...] = Field(default=(), strict=False)


class Source(Table):
    """A document the figures and statements were read in."""

    title: Text
    kind: Literal["study", "review", "guideline", "reference", "lay", "expert"]
    year: Annotated[int, Field(ge=1800, le=2100)] | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=500)] | None = None
    note: Text | None = None


class Figure(Table):
    """One published figure. `comparison` names the comparison group, `comparison_mix` states it as shares of causes.

    `outside_because` says why the model departs from it where the audit finds it outside its interval.
    """

    source: Id
    measure: Measure
    finding: Id | None = None
    state: StateId | None = None
    cause: Id | None = None
    population: Text | None = None
    comparison: Text | None = None
    comparison_mix: FrozenMap[Probability] = Field(default_factory=_empty)
    value: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    low: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    n: Annotated[int, Field(gt=0)] | None = None
    note: Text | None = None
    passed_over: Text | None = None
    outside_because: Text | None = None


class Combination(Table):
    """What is published of several findings together: a check on dependence, not an input of the model.

    The logarithm of the joint likelihood ratio of `answers` for `cause` is to be at most the share `joint_share` of the
    sum of the single ones. `value` is what the source gives for something like these answers; `note` says how like.
    `comparison_mix` states the study's comparison group as shares of causes; then the joint ratio is held against it.
    """

    name: Text
    cause: Id
    answers: FrozenMap[StateId]
    joint_share: Annotated[float, Field(gt=0, lt=1)]
    measure: Literal["likelihood_ratio", "kappa"]
    value: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    low: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    n: Annotated[int, Field(gt=0)] | None = None
    comparison_mix: FrozenMap[Probability] = Field(default_factory=_empty)
    population: Text
    sources: tuple[Id, ...] = Field(strict=False, min_length=1)
    note: Text
    outside_because: Text | None = None


class Asked(Table):
    """How much simulated cases know of a kind of finding, or of one: the share of cases, and of findings in these."""

    cases: Probability = 1.0
    findings: Probability
    estimate: Text | None = None
    sources: tuple[Id, ...] = Field(default=(), strict=False)


class Cost(Table):
    """What it takes to answer one finding: minutes of the visit, from `sources` or an `estimate` with its reason."""

    minutes: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
    estimate: Text | None = None
    sources: tuple[Id, ...] = Field(default=(), strict=False)


class Costs(Table):
    """Costs by kind of finding, and of the findings that differ from their kind. Prices are in `studies`."""

    kinds: FrozenMap[Cost] = Field(default_factory=_empty)
    findings: FrozenMap[Cost] = Field(default_factory=_empty)


class Group(Table):
    """A group of questions, as a visit goes: the findings it names, and those of its kinds that no group names."""

    name: Text
    kinds: tuple[Kind, ...] = Field(default=(), strict=False)
    findings: tuple[Id, ...] = Field(default=(), strict=False)


class Content(Table):
    """Everything the priors say, merged from all files."""

    format: Literal[1]
    default_population: Id
    origins: FrozenMap[Text]
    causes: FrozenMap[Cause]
    findings: FrozenMap[Finding]
    mechanisms: FrozenMap[Mechanism]
    populations: FrozenMap[Population]
    red_flags: FrozenMap[RedFlag]
    urgencies: FrozenMap[Text]
    thresholds: Thresholds
    triage: FrozenMap[TriageRule] = Field(default_factory=_empty)
    two_causes: TwoCauses | None = None
    sources: FrozenMap[Source]
    figures: FrozenMap[Figure] = Field(default_factory=_empty)
    studies: FrozenMap[Study] = Field(default_factory=_empty)
    combinations: FrozenMap[Combination] = Field(default_factory=_empty)
    asked: FrozenMap[Asked] = Field(default_factory=_empty)
    costs: Costs = Field(default_factory=Costs)
    groups: FrozenMap[Group] = Field(default_factory=_empty)
