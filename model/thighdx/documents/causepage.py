"""The worked page of a cause: its card, and all that the model itself can say of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from thighdx.causecard import CauseCard, Document, cause_card, finite_bits
from thighdx.documents.lookalikes import EXAMINED, LookAlike, TestWorth, best_tests, look_alikes
from thighdx.documents.presentation import AnswerGroup, Flagged, flagged, presentation
from thighdx.documents.standing import Standing, standing
from thighdx.documents.worked import WorkedExample, worked_example
from thighdx.encounter import STUDY
from thighdx.knowledge import Knowledge
from thighdx.simulate import CHUNK

MOST_ANSWERS, MOST_SPEAKING = 16, 8
LOOK_ALIKES, MIMICS = 3, 3
MOST_DISTINGUISHING = 5
MOST_TESTS = 3


@dataclass(frozen=True)
class CausePage:
    """Everything there is to say of a cause.

    look_alikes: the causes it is taken for most; mimics: the dangerous ones among all, some of them look-alikes too.
    tests, studies: what tells it from its look-alikes best. simulated: cases behind `taken_for`, all causes together.
    sources: every document behind the page, in the order of its numbers.
    """

    card: CauseCard
    population_name: str
    presentation: tuple[AnswerGroup, ...]
    look_alikes: tuple[LookAlike, ...]
    mimics: tuple[LookAlike, ...]
    example: WorkedExample
    tests: tuple[TestWorth, ...]
    studies: tuple[TestWorth, ...]
    red_flags: Flagged
    standing: Standing
    simulated: int
    sources: tuple[Document, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and tuples, fit for JSON."""
        page = asdict(self)
        page["card"] = finite_bits(page["card"])
        return page


def cause_page(knowledge: Knowledge, cause: str, population: str | None = None) -> CausePage:
    """The page of a cause in a population, deterministic: what is simulated has a fixed seed.

    Raises `UnknownNameError` for an unknown cause or population.
    """
    card = cause_card(knowledge, cause, population, most=MOST_SPEAKING)
    chosen = card.population
    dangerous = [name for name, entry in knowledge.content.causes.items() if entry.dangerous]
    nearest = look_alikes(knowledge, chosen, cause, knowledge.causes, most=LOOK_ALIKES, findings=MOST_DISTINGUISHING)
    mimics = look_alikes(knowledge, chosen, cause, dangerous, most=MIMICS, findings=MOST_DISTINGUISHING)
    group = [cause, *(one.cause for one in nearest)]
    sure = standing(knowledge, chosen, cause)
    flags = flagged(knowledge, chosen, cause)
    documents = (*card.sources, *(one for flag in flags.flags for one in flag.documents), *sure.documents)
    return CausePage(
        card,
        knowledge.content.populations[chosen].name,
        presentation(knowledge, chosen, cause, MOST_ANSWERS),
        nearest,
        mimics,
        worked_example(knowledge, chosen, cause),
        best_tests(knowledge, chosen, group, EXAMINED, MOST_TESTS),
        best_tests(knowledge, chosen, group, (STUDY,), MOST_TESTS),
        flags,
        sure,
        CHUNK,
        tuple({one.id: one for one in documents}.values()),
    )
