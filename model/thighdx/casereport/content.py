"""Everything that is reported of one case, gathered once: for the printed page, the PDF and the JSON alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from thighdx.casereport.saved import Situation, in_force, saved_case
from thighdx.causecard import CauseCard, Course, cause_card
from thighdx.cells import parse_cell
from thighdx.diagnosis import Diagnosis, Share, diagnose
from thighdx.knowledge import Knowledge
from thighdx.reasoning.contributions import Explanation, explain
from thighdx.reasoning.fit import CaseFit, case_fit
from thighdx.reasoning.intervals import Intervals, credible_intervals
from thighdx.reasoning.opened import cell_label
from thighdx.schema import Content
from thighdx.wording import asked_and_said

LEADING = 3  # causes of which it is said what to do
DANGEROUS = "not to be missed"
PURPOSE = (
    "For a clinician who can review its basis. Not a medical device, and no substitute for judgement. "
    "A question not asked was never taken as normal."
)


@dataclass(frozen=True)
class Answered:
    """One answer as it reads: `Is the leg weak?`, `Markedly`, and the two together."""

    finding: str
    question: str
    label: str
    together: str


@dataclass(frozen=True)
class CaseReport:
    """One case: answers, red flags, probabilities with intervals, why, fit, and what to do about the leading causes.

    origins_set: shares of the origins set for this case by name, where they are not the population's own. marks: words
    beside the name of a cause, by id. origins: names by id. It holds no date, no name of a person and nothing else that
    was not an answer.
    """

    situation: Situation
    population_name: str
    origins_set: Mapping[str, float] | None
    origins: Mapping[str, str]
    marks: Mapping[str, str]
    answered: tuple[Answered, ...]
    diagnosis: Diagnosis
    intervals: Intervals
    explanation: Explanation
    fit: CaseFit
    cards: tuple[CauseCard, ...]
    priors_digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, fit for JSON."""
        return {
            "population_name": self.population_name,
            "answers": [asdict(one) for one in self.answered],
            "diagnosis": self.diagnosis.to_dict(),
            "intervals": self.intervals.to_dict(),
            "explanation": self.explanation.to_dict(),
            "fit": self.fit.to_dict(),
            "cards": [card.to_dict() for card in self.cards],
            "purpose": PURPOSE,
        }

    def to_json(self) -> str:
        """The case as a file to take up again (`read_saved`), with this report beside it."""
        return saved_case(self.situation, self.priors_digest, self.to_dict())


def case_report(knowledge: Knowledge, situation: Situation) -> CaseReport:
    """The report of a case; `knowledge` is without the situation's own shares of the origins, which are laid over it.

    Raises as `diagnose`, and `KnowledgeError` where the population can have no shares of its own.
    """
    used = in_force(knowledge, situation)
    told = diagnose(situation.answers, knowledge=used, population=situation.population)
    names = knowledge.content.origins
    return CaseReport(
        situation,
        knowledge.content.populations[situation.population].name,
        None if situation.origins is None else {names[one]: share for one, share in situation.origins.items()},
        names,
        not_to_be_missed(knowledge.content),
        answered(knowledge, situation.answers),
        told,
        credible_intervals(situation.answers, knowledge=used, population=situation.population),
        explain(situation.answers, knowledge=used, population=situation.population),
        case_fit(situation.answers, knowledge=used, population=situation.population),
        tuple(cause_card(used, share.id, situation.population, most=0) for share in told.causes[:LEADING]),
        knowledge.digest,
    )


def not_to_be_missed(content: Content) -> dict[str, str]:
    """Cause id -> the words that mark it, for the dangerous ones."""
    return {cause: DANGEROUS for cause, entry in content.causes.items() if entry.dangerous}


def answered(knowledge: Knowledge, answers: Mapping[str, str]) -> tuple[Answered, ...]:
    """The answers as they read, in the order given."""
    entries = knowledge.content.findings
    read = {name: cell_label(entries[name], parse_cell(cell, entries[name].states)) for name, cell in answers.items()}
    return tuple(
        Answered(name, entries[name].question, label, asked_and_said(entries[name].question, label))
        for name, label in read.items()
    )


def recovery_by_grade(card: CauseCard, grades: tuple[Share, ...]) -> dict[str, Course]:
    """Grade id -> how long it takes, for the grades of which the cause's care states it under their name."""
    courses = {} if card.care is None else {course.who.casefold(): course for course in card.care.recovery}
    return {grade.id: courses[grade.name.casefold()] for grade in grades if grade.name.casefold() in courses}


def weeks_said(course: Course) -> str:
    """`1 to 3 weeks`, or `about 4 weeks` where only a mean is known."""
    low, high = course.weeks
    return f"about {low:g} weeks" if low == high else f"{low:g} to {high:g} weeks"


def grades_said(report_grades: tuple[Share, ...], recovery: Mapping[str, Course]) -> list[tuple[str, float, str]]:
    """(name, probability, recovery or nothing) of each grade."""
    return [
        (grade.name, grade.probability, weeks_said(recovery[grade.id]) if grade.id in recovery else "")
        for grade in report_grades
    ]
