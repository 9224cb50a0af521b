"""The questions in the order of a visit: grouped, the most telling first, and found by a word."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from thighdx.knowledge import Knowledge
from thighdx.schema import Kind
from thighdx.wording import state_label

KIND_NAMES: dict[Kind, str] = {
    "context": "Who",
    "history": "The story",
    "sign": "Look and feel",
    "test": "Bedside tests",
    "imaging": "Studies",
}  # of the groups where priors state none
STUDY: Kind = "imaging"


@dataclass(frozen=True)
class QuestionGroup:
    """A group of questions; `findings` are ids in the order of the group, then of the vocabulary."""

    id: str
    name: str
    findings: tuple[str, ...]


def question_groups(knowledge: Knowledge) -> tuple[QuestionGroup, ...]:
    """Every finding in exactly one group: that which names it, else that of its kind; empty groups are left out.

    Priors without `groups` have one for each kind; so has a kind that no group of theirs takes.
    """
    content = knowledge.content
    named = {finding for group in content.groups.values() for finding in group.findings}
    taken = {kind for group in content.groups.values() for kind in group.kinds}

    def of_kinds(kinds: Collection[str]) -> tuple[str, ...]:
        return tuple(name for name, entry in content.findings.items() if entry.kind in kinds and name not in named)

    groups = [
        QuestionGroup(name, group.name, (*group.findings, *of_kinds(group.kinds)))
        for name, group in content.groups.items()
    ]
    groups += [QuestionGroup(kind, KIND_NAMES[kind], of_kinds((kind,))) for kind in get_args(Kind) if kind not in taken]
    return tuple(group for group in groups if group.findings)


def most_telling_first(findings: Sequence[str], bits: Mapping[str, float]) -> tuple[str, ...]:
    """The findings by expected gain, the largest first; those without one (answered already) last, as they stood."""
    return tuple(sorted(findings, key=lambda name: -bits.get(name, -1.0)))


def found_by_word(knowledge: Knowledge, words: str) -> tuple[str, ...]:
    """The findings in whose question, labels or way of judging every word occurs; those of the question first."""
    wanted = words.casefold().split()
    if not wanted:
        return ()
    in_question, elsewhere = [], []
    for name, entry in knowledge.content.findings.items():
        labels = " ".join(state_label(entry, state) for state in entry.states)
        asked = entry.question.casefold()
        whole = f"{asked} {labels} {entry.judge} {name.replace('_', ' ')}".casefold()
        if all(word in asked for word in wanted):
            in_question.append(name)
        elif all(word in whole for word in wanted):
            elsewhere.append(name)
    return (*in_question, *elsewhere)


def bedside_kinds() -> tuple[Kind, ...]:
    """The kinds of findings that are had in the visit itself, so all but studies."""
    return tuple(kind for kind in get_args(Kind) if kind != STUDY)
