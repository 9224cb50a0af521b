"""How a cause presents: the answers it is known by, how often they are given, and what those numbers rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import get_model
from thighdx.causecard import Document, elsewhere, log_ratios
from thighdx.documents.lookalikes import own_cases, typical_cases
from thighdx.encounter import question_groups
from thighdx.evidence import NOT_KNOWN
from thighdx.knowledge import Knowledge
from thighdx.reasoning.basis import OWN, document, row_behind
from thighdx.schema import RedFlag
from thighdx.simulate import Simulated
from thighdx.wording import state_label

PUBLISHED, ESTIMATE, SHARED = "published", "estimate", "as in others"


@dataclass(frozen=True)
class TypicalAnswer:
    """An answer by which a cause is known. rests_on: `published`, `estimate`, or `as in others` (no row of its own).

    `p_elsewhere` is P(state | any other cause), the others weighted by their base rates.
    """

    finding: str
    kind: str
    question: str
    state: str
    label: str
    p_here: float
    p_elsewhere: float
    rests_on: str


@dataclass(frozen=True)
class AnswerGroup:
    """The answers of one part of a visit."""

    id: str
    name: str
    answers: tuple[TypicalAnswer, ...]


@dataclass(frozen=True)
class FlagOfCause:
    """A red flag that names the cause. fires: in how many simulated cases of it, with every finding known.

    misses: whom the rule is known to pass by, where the priors say so. basis: the practice it rests on where it has no
    documents.
    """

    id: str
    name: str
    urgency: str
    within: str
    action: str
    fires: float
    misses: str | None
    documents: tuple[Document, ...]
    basis: str | None


@dataclass(frozen=True)
class Flagged:
    """Red flags and a cause. any_fires: share of its simulated cases in which at least one that names it fires.

    in_a_visit: the same with no more known than in an ordinary visit. cases: behind each of the two shares.
    """

    flags: tuple[FlagOfCause, ...]
    any_fires: float
    in_a_visit: float
    cases: int


def presentation(knowledge: Knowledge, population: str, cause: str, most: int) -> tuple[AnswerGroup, ...]:
    """The `most` findings that set the cause apart most from the others, each by its state that does so, by visit.

    Ranked by the state's part of the Kullback-Leibler divergence of the cause's row from that of the others.
    """
    content, tables = knowledge.content, get_model(knowledge, population).tables
    here = tables.causes.index(cause)
    ranked: list[tuple[float, TypicalAnswer]] = []
    for finding in tables.findings:
        entry = content.findings[finding.id]
        parts = finding.rows[here] * log_ratios(finding.rows, tables.prior, here)
        place = int(np.argmax(parts))
        state = finding.states[place]
        row, basis = row_behind(content, population, finding.id, cause)
        rests_on = SHARED if row != OWN else PUBLISHED if basis.estimate is None else ESTIMATE
        there = float(elsewhere(finding.rows, tables.prior, here)[place])
        answer = TypicalAnswer(
            finding.id,
            entry.kind,
            entry.question,
            state,
            state_label(entry, state),
            float(finding.rows[here, place]),
            there,
            rests_on,
        )
        ranked.append((float(parts[place]), answer))
    chosen = {one.finding: one for _, one in sorted(ranked, key=lambda pair: -pair[0])[:most]}
    groups = [
        AnswerGroup(group.id, group.name, tuple(chosen[name] for name in group.findings if name in chosen))
        for group in question_groups(knowledge)
    ]
    return tuple(group for group in groups if group.answers)


def flagged(knowledge: Knowledge, population: str, cause: str) -> Flagged:
    """The red flags that name a cause, the most urgent first, and how often they fire for it."""
    content = knowledge.content
    here = knowledge.causes.index(cause)
    asked_all, visit = (_flags_of(knowledge, typical_cases(knowledge, population, complete=it), cause, here)
                        for it in (True, False))  # fmt: skip
    order = list(content.urgencies)
    flags = [
        FlagOfCause(
            name,
            flag.name,
            flag.urgency,
            content.urgencies[flag.urgency],
            flag.action,
            float(asked_all[name].mean()),
            known_misses(flag),
            tuple(document(content, key) for key in flag.sources),
            flag.basis,
        )
        for name, flag in content.red_flags.items()
        if cause in flag.may_be
    ]
    flags.sort(key=lambda one: (order.index(one.urgency), -one.fires))
    cases = int((typical_cases(knowledge, population).cause == here).sum())
    if not flags:
        return Flagged((), 0.0, 0.0, cases)
    either = [np.array(list(fired.values())).any(axis=0).mean() for fired in (asked_all, visit)]
    return Flagged(tuple(flags), float(either[0]), float(either[1]), cases)


def known_misses(flag: RedFlag) -> str | None:
    """Whom a rule is known to pass by; None where the priors, or their format, say nothing of it."""
    said = getattr(flag, "misses", None)
    return None if said is None else str(said.text)


def _flags_of(knowledge: Knowledge, drawn: Simulated, cause: str, here: int) -> dict[str, NDArray[np.bool_]]:
    codes = own_cases(drawn, here)
    flags = knowledge.content.red_flags
    return {name: fires(knowledge, flag, codes) for name, flag in flags.items() if cause in flag.may_be}


def fires(knowledge: Knowledge, flag: RedFlag, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether a rule fires for each case, (cases,), from hard answers `codes`, (findings, cases)."""
    fired = np.zeros(codes.shape[1], dtype=bool)
    for alternative in flag.when:
        every = np.ones(codes.shape[1], dtype=bool)
        for name, wanted in alternative.items():
            states = knowledge.content.findings[name].states
            named = [
                states.index(state) + NOT_KNOWN + 1 for state in ((wanted,) if isinstance(wanted, str) else wanted)
            ]
            every &= np.isin(codes[knowledge.findings.index(name)], named)
        fired |= every
    return fired
