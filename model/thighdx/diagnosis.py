"""One case, answered: causes against base rates, origins, grades, red flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from thighdx import __version__
from thighdx.assess import Assessment, Model, assess, get_model
from thighdx.cases import OK, Cases, cell_text, read_case
from thighdx.errors import ImpossibleEvidenceError
from thighdx.knowledge import Knowledge
from thighdx.suitability import Unsuited, unsuited
from thighdx.triage import Fired, triage_reasons


@dataclass(frozen=True)
class Share:
    """The probability of a cause, an origin or a grade, beside its base rate (None for a grade)."""

    id: str
    name: str
    probability: float
    base_rate: float | None = None
    origin: str | None = None


@dataclass(frozen=True)
class RedFlagRaised:
    """A red flag that fires; `possible` where a one-of answer only includes its state.

    `misses` says whom the rule is known to pass by, None where that is not stated.
    """

    id: str
    name: str
    urgency: str
    within: str
    possible: bool
    may_be: tuple[str, ...]
    action: str
    sources: tuple[str, ...]
    misses: str | None = None


@dataclass(frozen=True)
class Diagnosis:
    """What the model says of one case. `causes` run from the most to the least probable; `conflict` is in bits.

    `triage` is the highest urgency among the red flags, `triage_posterior` what the posterior mass on dangerous causes
    asks for (None where the base rates are a convention); `triage_reasons` says which rules and which mass made them.
    `not_for` says why the population's base rates are not meant for this case, mostly nothing.
    """

    answers: dict[str, str]
    population: str
    triage: str
    triage_posterior: str | None
    triage_reasons: tuple[str, ...]
    red_flags: tuple[RedFlagRaised, ...]
    not_for: tuple[Unsuited, ...]
    causes: tuple[Share, ...]
    origins: tuple[Share, ...]
    grades: tuple[Share, ...]
    conflict: float
    model_version: str
    priors_digest: str

    @property
    def top(self) -> Share:
        """The leading cause."""
        return self.causes[0]

    def probability(self, cause: str) -> float:
        """P(cause | answers). Raises `KeyError` for an unknown cause."""
        return {share.id: share.probability for share in self.causes}[cause]

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx diagnose --json`."""
        return asdict(self)


def diagnose(
    case: Mapping[str, object], *, knowledge: Knowledge | None = None, population: str | None = None
) -> Diagnosis:
    """The diagnosis of one case, a mapping finding id -> cell.

    Raises `CaseError` with every bad answer, `ImpossibleEvidenceError` where no cause can explain the answers, and
    `UnknownNameError` for an unknown population.
    """
    model = get_model(knowledge, population)
    cases = read_case(model.knowledge, case)
    assessment = assess(model, cases)
    if assessment.status[0] != OK:
        raise ImpossibleEvidenceError(assessment.status[0])
    given = {name: cell_text(cell) for name, cell in case.items()}
    return diagnosis_of(model, assessment, cases, {name: text for name, text in given.items() if text})


def diagnosis_of(model: Model, assessment: Assessment, cases: Cases, given: dict[str, str]) -> Diagnosis:
    """The diagnosis of the one case assessed, whose answers as given are `given`, read `cases`."""
    content, tables = model.knowledge.content, model.tables
    base = dict(zip(tables.causes, tables.prior.tolist(), strict=True))
    causes = [
        Share(cause, content.causes[cause].name, probability, base[cause], content.causes[cause].origin)
        for cause, probability in zip(tables.causes, assessment.probability[0].tolist(), strict=True)
    ]
    top = causes[assessment.top[0]]
    ranked = sorted(causes, key=lambda share: (share is not top, -share.probability))
    base_origin = {
        origin: sum(base[cause] for cause in tables.causes if content.causes[cause].origin == origin)
        for origin in model.knowledge.origins
    }
    origins = [
        Share(origin, content.origins[origin], probability, base_origin[origin])
        for origin, probability in zip(model.knowledge.origins, assessment.origins[0].tolist(), strict=True)
    ]
    grades = [Share(grade, grade.replace("_", " "), float(share[0])) for grade, share in assessment.grades.items()]
    return Diagnosis(
        given,
        model.population,
        assessment.flags.urgency[0],
        list(content.urgencies)[assessment.triage[0]] if assessment.triage[0] >= 0 else None,
        triage_reasons(model.knowledge, model.population, assessment.flags.of(0), assessment.probability[0]),
        raised(model.knowledge, assessment.flags.of(0)),
        unsuited(model.knowledge, model.rates_of or model.population, cases),
        tuple(ranked),
        tuple(origins),
        tuple(grades),
        float(assessment.conflict[0]),
        __version__,
        model.knowledge.digest,
    )


def raised(knowledge: Knowledge, fired: Mapping[str, Fired]) -> tuple[RedFlagRaised, ...]:
    """The red flags that fire, the most urgent first."""
    content = knowledge.content
    flags = [
        RedFlagRaised(
            name,
            content.red_flags[name].name,
            content.red_flags[name].urgency,
            content.urgencies[content.red_flags[name].urgency],
            surely == Fired.POSSIBLE,
            content.red_flags[name].may_be,
            content.red_flags[name].action,
            _rests_on(knowledge, name),
            None if (misses := content.red_flags[name].misses) is None else misses.text,
        )
        for name, surely in fired.items()
    ]
    order = list(content.urgencies)
    return tuple(sorted(flags, key=lambda flag: order.index(flag.urgency)))


def _rests_on(knowledge: Knowledge, flag: str) -> tuple[str, ...]:
    """Titles of the documents behind a red flag, or the practice it follows."""
    entry = knowledge.content.red_flags[flag]
    titles = tuple(knowledge.content.sources[source].title for source in entry.sources)
    return titles if entry.basis is None else (*titles, entry.basis)
