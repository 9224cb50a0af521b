"""What next: open findings ranked by how much their answer is expected to tell, as bits of what one wants to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

import numpy as np

from thighdx import __version__
from thighdx.errors import ImpossibleEvidenceError, ThighdxError, UnknownNameError, unknown
from thighdx.knowledge import Knowledge
from thighdx.reasoning.costs import UNITS, FindingCost, finding_costs
from thighdx.reasoning.goals import CAUSE, Goal, Wanted, goal_of
from thighdx.reasoning.information import Gains, best_second, entropy, gains
from thighdx.reasoning.opened import OpenCase, open_case
from thighdx.rows import Array
from thighdx.schema import Kind
from thighdx.wording import percent, state_label

CHANGES_NOTHING = "Its answer would change nothing that is asked here."


@dataclass(frozen=True)
class PossibleAnswer:
    """One state of an open finding: its probability, and what it would make of the case.

    goal: the probability of each value of the goal; for a pair, given that it is one of the two. posterior: of each
    cause. then: the best question after this answer, with its expected gain, where two steps were asked for.
    """

    state: str
    label: str
    probability: float
    goal: dict[str, float]
    posterior: dict[str, float]
    then: str | None = None
    then_bits: float | None = None


@dataclass(frozen=True)
class Question:
    """An open finding. bits: expected information gain on the goal.

    two_step_bits: expected gain of it and of the best next question given each answer, together. per_cost: bits a
    minute, or a hundred dollars, where the ranking is by cost. number_column: the column in which a number will do.
    """

    finding: str
    kind: str
    question: str
    judge: str
    number_column: str | None
    bits: float
    two_step_bits: float | None
    cost: FindingCost
    per_cost: float | None
    answers: tuple[PossibleAnswer, ...]
    why: str


@dataclass(frozen=True)
class NextQuestions:
    """Open findings, the best first. uncertainty: entropy of the goal now, bits; no gain is larger.

    goal_now: probability of each value of the goal. no_cost: open findings left out because their cost is not known.
    open_findings: how many were ranked, of which `questions` are the first.
    """

    goal: str
    goal_name: str
    goal_now: dict[str, float]
    kind: str | None
    per: str | None
    two_steps: bool
    uncertainty: float
    open_findings: int
    questions: tuple[Question, ...]
    no_cost: tuple[str, ...]
    population: str
    model_version: str
    priors_digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx next --json`."""
        return asdict(self)


def next_questions(
    case: Mapping[str, object],
    *,
    goal: Wanted = CAUSE,
    kind: str | Sequence[str] | None = None,
    per: str | None = None,
    two_steps: bool = False,
    most: int | None = None,
    knowledge: Knowledge | None = None,
    population: str | None = None,
) -> NextQuestions:
    """Open findings ranked by expected information gain, in bits, on `goal`.

    goal: `cause`, `origin`, `dangerous` (rule out the dangerous causes), or a pair of causes. kind: one or more kinds
    of finding, default all. per: rank by gain per `minute` or `dollar`; findings without such a cost are left out and
    named. two_steps: rank by the gain of the question and the best one that follows each answer, of the same kinds.
    most: at most so many questions. A finding with any answer, a soft or one-of answer included, is not open.

    Raises as `thighdx.diagnose`, and `UnknownNameError` for an unknown goal, kind or unit; two steps have no cost.
    """
    opened = open_case(case, knowledge, population)
    return ranked(opened, goal_of(opened.knowledge, goal), _kinds(kind), per, two_steps, most)


def _kinds(kind: str | Sequence[str] | None) -> tuple[str, ...]:
    asked = get_args(Kind) if kind is None else (kind,) if isinstance(kind, str) else tuple(kind)
    for one in asked:
        if one not in get_args(Kind):
            raise UnknownNameError("kind", unknown(one, "a kind of finding", get_args(Kind)))
    return tuple(asked)


def ranked(
    opened: OpenCase, goal: Goal, kinds: tuple[str, ...], per: str | None, two_steps: bool, most: int | None
) -> NextQuestions:
    """`next_questions` for a case already opened."""
    if per is not None and per not in UNITS:
        raise UnknownNameError("per", unknown(per, "a unit of cost", UNITS))
    if per is not None and two_steps:
        raise ThighdxError(
            "two steps are ranked in bits alone: their cost hangs on the answer; leave out one of the two"
        )
    costs, entries = finding_costs(opened.knowledge), opened.knowledge.content.findings
    answered = set(opened.answered)
    open_ = [name for name in opened.knowledge.findings if name not in answered and entries[name].kind in kinds]
    amount = {name: None if per is None else costs[name].amount(per) for name in open_}
    names = [name for name in open_ if per is None or amount[name] is not None]
    views = _Views(opened, goal, names, two_steps)
    order = sorted(names, key=lambda name: -views.value(name) / (amount[name] or 1.0))
    shown = order if most is None else order[:most]
    return NextQuestions(
        goal.id,
        goal.name,
        dict(zip(goal.values, views.goal_now.tolist(), strict=True)),
        None if len(kinds) == len(get_args(Kind)) else ", ".join(kinds),
        per,
        two_steps,
        views.gains.uncertainty,
        len(names),
        tuple(views.question(name, costs[name], amount[name], per) for name in shown),
        tuple(name for name in open_ if name not in names),
        opened.model.population,
        __version__,
        opened.knowledge.digest,
    )


class _Views:
    """The numbers of a case from which questions are ranked and told."""

    def __init__(self, opened: OpenCase, goal: Goal, candidates: Sequence[str], two_steps: bool) -> None:
        self.opened, self.goal = opened, goal
        outlook = opened.outlook
        within = outlook.probability @ goal.matrix
        if not within.sum() > 0:
            raise ImpossibleEvidenceError(f"these answers have probability 0 for the goal: {goal.name}")
        self.goal_now = within / within.sum()
        # P(cause, state | e) by state
        self.joint = outlook.predictive[:, None] * outlook.probability_if @ goal.matrix / within.sum()
        first = gains(self.joint, opened.tables.first)
        self.index = opened.model.tables.finding_index
        self.gains = Gains(float(entropy(self.goal_now)), first)
        if two_steps:
            mask = np.zeros(len(first), dtype=bool)
            mask[[self.index[name] for name in candidates]] = True
            rows = np.flatnonzero(mask[opened.tables.owner] & (outlook.predictive > 0))
            second, then = best_second(opened.tables, opened.evidence, outlook.probability_if, goal.matrix, rows, mask)
            self.gains = Gains(self.gains.uncertainty, first, second, then)

    def value(self, name: str) -> float:
        """What a question is ranked by, in bits."""
        two = self.two_steps(name)
        return float(self.gains.first[self.index[name]]) if two is None else two

    def two_steps(self, name: str) -> float | None:
        """Expected gain of the question and the best next one; None unless asked for."""
        if self.gains.second is None:
            return None
        states = self.opened.outlook.states[self.index[name]]
        follow = float(self.joint[states].sum(axis=1) @ self.gains.second[states])
        return float(self.gains.first[self.index[name]]) + follow

    def question(self, name: str, cost: FindingCost, amount: float | None, per: str | None) -> Question:
        """One open finding, told in full."""
        entry = self.opened.knowledge.content.findings[name]
        bits = float(self.gains.first[self.index[name]])
        answers = self._answers(name)
        scale = {None: 1.0, UNITS[0]: 1.0, UNITS[1]: 100.0}[per]
        return Question(
            name,
            entry.kind,
            entry.question,
            entry.judge,
            None if entry.from_number is None else entry.from_number.column,
            bits,
            self.two_steps(name),
            cost,
            None if amount is None else scale * bits / amount,
            answers,
            why_ask(self.goal, self.goal_now, self.joint[self.opened.outlook.states[self.index[name]]], answers),
        )

    def _answers(self, name: str) -> tuple[PossibleAnswer, ...]:
        entry, outlook = self.opened.knowledge.content.findings[name], self.opened.outlook
        states = outlook.states[self.index[name]]
        told = self.joint[states]
        total = told.sum(axis=1, keepdims=True)
        goal = told / np.where(total > 0, total, 1.0)
        rows = zip(
            entry.states,
            outlook.predictive[states].tolist(),
            goal.tolist(),
            outlook.probability_if[states].tolist(),
            self._then(states),
            strict=True,
        )
        causes = self.opened.knowledge.causes
        return tuple(
            PossibleAnswer(
                state,
                state_label(entry, state),
                probability,
                dict(zip(self.goal.values, values, strict=True)),
                dict(zip(causes, posterior, strict=True)),
                *then,
            )
            for state, probability, values, posterior, then in rows
        )

    def _then(self, states: slice) -> list[tuple[str | None, float | None]]:
        second, then = self.gains.second, self.gains.then
        if second is None or then is None:
            return [(None, None)] * (states.stop - states.start)
        findings = self.opened.knowledge.findings
        pairs = zip(then[states].tolist(), second[states].tolist(), strict=True)
        return [(None, None) if place < 0 else (findings[place], bits) for place, bits in pairs]


def why_ask(goal: Goal, now: Array, joint: Array, answers: Sequence[PossibleAnswer]) -> str:
    """What the answers to a question would do to the value of the goal that they move most.

    now: (values,). joint: P(state, value | e), (states, values).
    """
    shift = joint - joint.sum(axis=1, keepdims=True) * now
    moved = 0 if goal.one_sided else int(np.abs(shift).sum(axis=0).argmax())
    if np.abs(shift[:, moved]).max() < 1e-12:
        return CHANGES_NOTHING
    up, down = int(shift[:, moved].argmax()), int(shift[:, moved].argmin())
    value = goal.values[moved]
    return (
        f"Speaks most to {goal.names[moved]}, now {percent(float(now[moved]))}: "
        f'"{answers[up].label}" would make it {percent(answers[up].goal[value])}, '
        f'"{answers[down].label}" {percent(answers[down].goal[value])}.'
    )
