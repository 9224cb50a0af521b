"""A cause on one card: what it is, what to do, which study shows it, and what speaks for it and against it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np

from thighdx import __version__
from thighdx.assess import TIE, get_model
from thighdx.causenames import unknown_cause
from thighdx.errors import UnknownNameError
from thighdx.knowledge import Knowledge
from thighdx.rows import Array
from thighdx.schema import Care, Content, Recovery, Study
from thighdx.tables import Tables
from thighdx.wording import state_label

MOST_SPEAKING = 6


@dataclass(frozen=True)
class Document:
    """A document that the card rests on."""

    id: str
    title: str
    kind: str
    year: int | None
    url: str | None


@dataclass(frozen=True)
class Course:
    """How long recovery takes for `who`, in weeks from low to high; the two are equal where only a mean is known.

    `estimate` is the reason where no published figure supports the weeks; `documents` are the ids, among the
    card's `sources`, of those they rest on.
    """

    who: str
    weeks: tuple[float, float]
    estimate: str | None
    note: str | None
    documents: tuple[str, ...]


@dataclass(frozen=True)
class Advice:
    """What to do, what to avoid, whom to see and how soon; `note` says where the documents disagree or are silent."""

    first_line: tuple[str, ...]
    avoid: tuple[str, ...]
    see: str
    note: str | None
    recovery: tuple[Course, ...]


@dataclass(frozen=True)
class BestStudy:
    """The study that shows the cause best, or why there is none (`finding` and all after `why` are None then)."""

    finding: str | None
    question: str | None
    why: str | None
    name: str | None = None
    shows: str | None = None
    limits: str | None = None
    price_usd: tuple[float, float] | None = None
    price_note: str | None = None


@dataclass(frozen=True)
class Speaking:
    """A state of a finding that speaks for or against a cause: `bits` is log2(`p_here` / `p_elsewhere`).

    `p_here` is P(state | cause), `p_elsewhere` P(state | any other cause), the others weighted by their base rates.
    """

    finding: str
    kind: str
    question: str
    state: str
    label: str
    p_here: float
    p_elsewhere: float
    bits: float


@dataclass(frozen=True)
class CauseCard:
    """Everything the priors say of a cause, for a clinician. `care` is None where priors laid over state none."""

    id: str
    name: str
    also_called: tuple[str, ...]
    description: str
    origin: str
    origin_name: str
    dangerous: bool
    population: str
    base_rate: float
    care: Advice | None
    best_study: BestStudy
    speaks_for: tuple[Speaking, ...]
    speaks_against: tuple[Speaking, ...]
    sources: tuple[Document, ...]
    model_version: str
    priors_digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and tuples, fit for JSON: bits without bound (a probability of zero) are None."""
        return finite_bits(asdict(self))


def finite_bits(card: dict[str, Any]) -> dict[str, Any]:
    """A card as a plain dict, in which bits without bound are None: JSON has no infinity."""
    for one in (*card["speaks_for"], *card["speaks_against"]):
        one["bits"] = one["bits"] if isfinite(one["bits"]) else None
    return card


def cause_card(
    knowledge: Knowledge, cause: str, population: str | None = None, *, most: int = MOST_SPEAKING
) -> CauseCard:
    """The card of a cause, with the `most` findings that speak for it and against it in a population.

    Raises `UnknownNameError` for an unknown cause or population.
    """
    content = knowledge.content
    if cause not in content.causes:
        raise UnknownNameError("cause", unknown_cause(knowledge, cause))
    model = get_model(knowledge, population)
    entry = content.causes[cause]
    speaks_for, speaks_against = speaking(content, model.tables, cause, most)
    return CauseCard(
        cause,
        entry.name,
        entry.also_called,
        entry.description,
        entry.origin,
        content.origins[entry.origin],
        entry.dangerous,
        model.population,
        float(model.tables.prior[model.tables.causes.index(cause)]),
        None if entry.care is None else _advice(content, entry.care),
        _best_study(content, entry.care),
        speaks_for,
        speaks_against,
        _documents(content, cause),
        __version__,
        knowledge.digest,
    )


def elsewhere(rows: Array, prior: Array, cause: int) -> Array:
    """P(state | any other cause), (states,), from rows P(state | cause), (causes, states), and base rates (causes,)."""
    others = prior.copy()
    others[cause] = 0.0
    return np.asarray(others @ rows / others.sum())


def log_ratios(rows: Array, prior: Array, cause: int) -> Array:
    """log2(P(state | cause) / P(state | any other cause)), (states,), in bits; 0 where both are 0."""
    here, there = rows[cause], elsewhere(rows, prior, cause)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((here == 0) & (there == 0), 0.0, np.log2(here / there))


def speaking(
    content: Content, tables: Tables, cause: str, most: int = MOST_SPEAKING
) -> tuple[tuple[Speaking, ...], tuple[Speaking, ...]]:
    """What most speaks for a cause, and what most against it, strongest first; each finding by one state at most.

    Of each finding the state with the largest (the smallest) ratio counts; ties keep the order of the vocabulary.
    """
    if most < 1:
        return (), ()
    index = tables.causes.index(cause)
    best: list[Speaking] = []
    worst: list[Speaking] = []
    for finding in tables.findings:
        entry = content.findings[finding.id]
        bits = log_ratios(finding.rows, tables.prior, index)
        there = elsewhere(finding.rows, tables.prior, index)
        for into, place in ((best, int(bits.argmax())), (worst, int(bits.argmin()))):
            state = finding.states[place]
            into.append(
                Speaking(
                    finding.id,
                    entry.kind,
                    entry.question,
                    state,
                    state_label(entry, state),
                    float(finding.rows[index, place]),
                    float(there[place]),
                    float(bits[place]),
                )
            )
    stronger = sorted((one for one in best if one.bits > TIE), key=lambda one: -one.bits)
    weaker = sorted((one for one in worst if one.bits < -TIE), key=lambda one: one.bits)
    return tuple(stronger[:most]), tuple(weaker[:most])


def _advice(content: Content, care: Care) -> Advice:
    recovery = tuple(Course(one.who, one.weeks, one.estimate, one.note, _behind(content, one)) for one in care.recovery)
    return Advice(care.first_line, care.avoid, care.see, care.note, recovery)


def _best_study(content: Content, care: Care | None) -> BestStudy:
    finding = None if care is None else care.best_study
    why = None if care is None else care.best_study_why
    question = None if finding is None else content.findings[finding].question
    study = _study(content, finding)
    if study is None:
        return BestStudy(finding, question, why)
    return BestStudy(finding, question, why, study.name, study.shows, study.limits, study.price_usd, study.price_note)


def _study(content: Content, finding: str | None) -> Study | None:
    """The kind of study behind an imaging finding."""
    return next((study for study in content.studies.values() if finding in study.findings), None)


def _documents(content: Content, cause: str) -> tuple[Document, ...]:
    """What the card rests on: the cause's own documents, those of its care and recovery, and of the best study."""
    entry = content.causes[cause]
    keys = list(entry.sources)
    if entry.care is not None:
        keys += entry.care.sources
        keys += [key for one in entry.care.recovery for key in _behind(content, one)]
        study = _study(content, entry.care.best_study)
        keys += () if study is None else study.sources
    found = {key: content.sources[key] for key in keys}
    return tuple(Document(key, one.title, one.kind, one.year, one.url) for key, one in found.items())


def _behind(content: Content, recovery: Recovery) -> tuple[str, ...]:
    """Source keys of a course of recovery, those of its figures first, each once."""
    return tuple(dict.fromkeys((*(content.figures[key].source for key in recovery.figures), *recovery.sources)))
