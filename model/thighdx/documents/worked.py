"""A worked example: the answers a cause is known by, given one after the other as a visit goes, and what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from thighdx.assess import TIE, Model, get_model, leading
from thighdx.cases import read_case
from thighdx.documents.lookalikes import alike
from thighdx.encounter import STUDY, bedside_kinds, question_groups
from thighdx.hypothetical import Hypothetical, Outlook
from thighdx.knowledge import Knowledge
from thighdx.reasoning.information import gains
from thighdx.reasoning.opened import laid_out
from thighdx.reasoning.questions import next_questions
from thighdx.rows import Array
from thighdx.wording import state_label

A_GROUP, STUDIES = 2, 1  # questions shown of each part of a visit, and of the studies
SECOND_WORTH = 0.5  # a second question is shown where it tells at least so much of what the first did


@dataclass(frozen=True)
class Step:
    """One answer. p_answer: P(answer | cause, the answers before). probability: of the cause after it.

    place: of the cause among all after it, from 1. leader: the leading cause after it.
    """

    group: str
    finding: str
    question: str
    state: str
    label: str
    p_answer: float
    probability: float
    place: int
    leader: str
    leader_name: str
    leader_probability: float


@dataclass(frozen=True)
class NextBest:
    """The open finding that is expected to tell most of the cause, in bits, and why in a sentence."""

    finding: str
    question: str
    bits: float
    why: str


@dataclass(frozen=True)
class Pause:
    """What to find out next, after the first `after` answers: at the bedside, and by a study."""

    after: int
    group: str
    bedside: NextBest | None
    study: NextBest | None


@dataclass(frozen=True)
class WorkedExample:
    """A textbook case. base_rate: of the cause, in the population, before anything is asked.

    quiet_probability, quiet_place: of the cause after the same questions, each with its commonest answer instead.
    """

    base_rate: float
    quiet_probability: float
    quiet_place: int
    steps: tuple[Step, ...]
    pauses: tuple[Pause, ...]


def worked_example(knowledge: Knowledge, population: str, cause: str) -> WorkedExample:
    """In each part of a visit the questions that tell most of this cause, each with the answer it is known by.

    A question is chosen by its expected gain on whether it is this cause, all causes alike before the visit and given
    the answers so far; the answer is the state with the largest part of the Kullback-Leibler divergence of the cause
    from the others, given these answers. Probabilities are those of the population.
    """
    model = get_model(knowledge, population)
    here = model.tables.causes.index(cause)
    flat, laid = _laid_out_alike(knowledge, population), laid_out(model)
    given: dict[str, str] = {}
    steps: list[Step] = []
    pauses: list[Pause] = []
    kind_before = None
    for group in question_groups(knowledge):
        kind = knowledge.content.findings[group.findings[-1]].kind
        if steps and kind != kind_before and len(given) > A_GROUP:
            pauses.append(_pause(knowledge, population, given, steps[-1].group))
        kind_before, first = kind, 0.0
        for _ in range(STUDIES if kind == STUDY else A_GROUP):
            seen = flat.outlook(read_case(knowledge, given).evidence)
            found = _most_telling(knowledge, flat, seen, here, [one for one in group.findings if one not in given])
            if found is None or found[1] < SECOND_WORTH * first:
                break
            finding, first = found[0], max(first, found[1])
            state, chance = _known_by(knowledge, flat, seen, here, finding)
            given[finding] = state
            steps.append(_step(model, laid, given, group.name, chance, here))
    probability, place = _quiet(knowledge, flat, laid, [step.finding for step in steps], here)
    return WorkedExample(float(model.tables.prior[here]), probability, place, tuple(steps), tuple(pauses))


@lru_cache(maxsize=8)
def _laid_out_alike(knowledge: Knowledge, population: str) -> Hypothetical:
    return Hypothetical(alike(get_model(knowledge, population)).tables)


def _most_telling(
    knowledge: Knowledge, tables: Hypothetical, seen: Outlook, here: int, open_: list[str]
) -> tuple[str, float] | None:
    """The open finding whose answer is expected to tell most of whether it is the cause, and how much, in bits."""
    if not open_:
        return None
    of_cause = seen.predictive * seen.probability_if[:, here]
    joint = np.stack([of_cause, np.maximum(seen.predictive - of_cause, 0.0)], axis=1)
    bits = dict(zip(knowledge.findings, gains(joint, tables.first).tolist(), strict=True))
    best = max(open_, key=lambda name: bits[name])
    return best, bits[best]


def _chances(knowledge: Knowledge, tables: Hypothetical, seen: Outlook, here: int, finding: str) -> tuple[Array, Array]:
    """P(state | cause, answers) and P(state | any other cause, answers), (states,)."""
    states = tables.states[knowledge.findings.index(finding)]
    of_cause = seen.predictive[states] * seen.probability_if[states, here]
    rest = np.maximum(seen.predictive[states] - of_cause, 0.0)
    return np.asarray(of_cause / of_cause.sum()), np.asarray(rest / rest.sum())


def _known_by(knowledge: Knowledge, tables: Hypothetical, seen: Outlook, here: int, finding: str) -> tuple[str, float]:
    """The state by which the cause is known, given the answers so far, and how probable it is under the cause."""
    mine, others = _chances(knowledge, tables, seen, here, finding)
    with np.errstate(divide="ignore"):
        place = int((mine * np.log(mine / others)).argmax())
    return knowledge.content.findings[finding].states[place], float(mine[place])


def _quiet(
    knowledge: Knowledge, flat: Hypothetical, laid: Hypothetical, findings: list[str], here: int
) -> tuple[float, int]:
    """The cause's probability and place after these questions, each with the answer commonest under the cause."""
    given: dict[str, str] = {}
    for finding in findings:
        seen = flat.outlook(read_case(knowledge, given).evidence)
        mine, _ = _chances(knowledge, flat, seen, here, finding)
        given[finding] = knowledge.content.findings[finding].states[int(mine.argmax())]
    probability = laid.outlook(read_case(knowledge, given).evidence).probability
    return float(probability[here]), _place(probability, here)


def _place(probability: Array, here: int) -> int:
    return int(1 + (probability > probability[here] + TIE).sum())


def _step(model: Model, tables: Hypothetical, given: Mapping[str, str], group: str, chance: float, here: int) -> Step:
    content = model.knowledge.content
    finding, state = list(given.items())[-1]
    entry = content.findings[finding]
    probability = tables.outlook(read_case(model.knowledge, given).evidence).probability
    first = int(leading(probability))
    leader = model.tables.causes[first]
    return Step(
        group,
        finding,
        entry.question,
        state,
        state_label(entry, state),
        chance,
        float(probability[here]),
        _place(probability, here),
        leader,
        content.causes[leader].name,
        float(probability[first]),
    )


def _pause(knowledge: Knowledge, population: str, given: Mapping[str, str], group: str) -> Pause:
    return Pause(
        len(given),
        group,
        _next_best(knowledge, population, given, bedside_kinds()),
        _next_best(knowledge, population, given, (STUDY,)),
    )


def _next_best(
    knowledge: Knowledge, population: str, given: Mapping[str, str], kinds: tuple[str, ...]
) -> NextBest | None:
    found = next_questions(given, kind=kinds, most=1, knowledge=knowledge, population=population).questions
    return NextBest(found[0].finding, found[0].question, found[0].bits, found[0].why) if found else None
