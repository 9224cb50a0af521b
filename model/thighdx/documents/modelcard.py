"""The model card: the template's words beside figures from the priors, the audit and the measured performance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import metadata
from typing import Any, get_args

from thighdx import __version__
from thighdx.documents.presentation import known_misses
from thighdx.documents.standing import OutsideFigure, RowCount, audited, outside_figure, row_counts
from thighdx.documents.template import Section, card_template
from thighdx.evaluation.performance import Performance, performance
from thighdx.knowledge import Knowledge
from thighdx.provenance import published_figures
from thighdx.rows import complete
from thighdx.schema import Basis, Kind, Population, Shares
from thighdx.wording import count


@dataclass(frozen=True)
class ShareSaid:
    """A share of an origin, with its interval where one is stated."""

    name: str
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class PopulationSaid:
    """A population: its shares of the origins, and whether they rest on published figures. weight: in cases."""

    id: str
    name: str
    description: str
    origins: tuple[ShareSaid, ...]
    published: bool
    weight: float


@dataclass(frozen=True)
class KindOfRows:
    """The findings of one kind, or the mechanisms, and their rows as the priors state them, each once."""

    kind: str
    findings: int
    rows: tuple[RowCount, ...]


@dataclass(frozen=True)
class MechanismSaid:
    """A hidden mechanism and how many findings hang on it."""

    name: str
    description: str
    levels: tuple[str, ...]
    findings: int


@dataclass(frozen=True)
class Evidence:
    """figures: published figures kept; used: those a number rests on; passed_over: kept with the reason.

    sources: documents by kind. largest weights: what a row and an estimate may be worth at most, in cases.
    """

    figures: int
    used: int
    passed_over: int
    sources: dict[str, int]
    with_address: int
    largest_weight: float
    largest_estimate_weight: float
    kinds: tuple[KindOfRows, ...]


@dataclass(frozen=True)
class CombinationSaid:
    """A set of findings whose published measure, a likelihood ratio or a kappa, the model departs from."""

    name: str
    cause: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    implied: float | None
    because: str | None


@dataclass(frozen=True)
class AuditSaid:
    """How the audit ended. combinations: sets of findings whose joint ratio is published; kept: those in bounds."""

    inside: int
    outside: tuple[OutsideFigure, ...]
    not_computed: int
    unexplained: tuple[str, ...]
    combinations: int
    kept: int
    combinations_outside: tuple[CombinationSaid, ...]


@dataclass(frozen=True)
class CauseSaid:
    """A cause as the outcome."""

    id: str
    name: str
    origin: str
    dangerous: bool


@dataclass(frozen=True)
class KnownMiss:
    """A red flag and whom it is known to pass by."""

    name: str
    misses: str


@dataclass(frozen=True)
class CardFigures:
    """Everything on the card that is no prose. measured_on_these: whether the performance is of these priors."""

    model_version: str
    priors_digest: str
    licence: str
    developer: str
    counts: dict[str, int]
    causes: tuple[CauseSaid, ...]
    populations: tuple[PopulationSaid, ...]
    mechanisms: tuple[MechanismSaid, ...]
    evidence: Evidence
    audit: AuditSaid
    known_misses: tuple[KnownMiss, ...]
    performance: Performance
    measured_on_these: bool


@dataclass(frozen=True)
class ModelCard:
    """The card: sections of words, and the figures that their `shows` name."""

    title: str
    summary: str
    standards: str
    sections: tuple[Section, ...]
    figures: CardFigures

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, fit for JSON."""
        words = [section.model_dump(mode="json") for section in self.sections]
        return {**asdict(self), "sections": words}


def model_card(knowledge: Knowledge, population: str | None = None) -> ModelCard:
    """The card of some knowledge. The population weighs the causes of an origin in the audit, as `thighdx audit` does.

    Raises `UnknownNameError` for an unknown population.
    """
    chosen, _ = knowledge.population(population)
    template, content, measured = card_template(), knowledge.content, performance()
    figures = CardFigures(
        __version__,
        knowledge.digest,
        _stated("License-Expression"),
        _stated("Author"),
        {
            "causes": len(knowledge.causes),
            "findings": len(knowledge.findings),
            "hidden mechanisms": len(content.mechanisms),
            "populations": len(knowledge.populations),
            "red flags": len(content.red_flags),
            "published figures": len(content.figures),
            "sources": len(content.sources),
        },
        tuple(
            CauseSaid(name, entry.name, content.origins[entry.origin], entry.dangerous)
            for name, entry in content.causes.items()
        ),
        tuple(_population(knowledge, name, entry) for name, entry in content.populations.items()),
        tuple(_mechanisms(knowledge)),
        _evidence(knowledge),
        _audit(knowledge, chosen),
        tuple(
            KnownMiss(flag.name, misses)
            for flag in content.red_flags.values()
            if (misses := known_misses(flag)) is not None
        ),
        measured,
        measured.priors_digest == knowledge.digest,
    )
    return ModelCard(template.title, template.summary, template.standards, template.sections, figures)


def _stated(field: str) -> str:
    """What the package's metadata state, if anything."""
    return ", ".join(metadata("thighdx").get_all(field) or ["not stated"])


def _population(knowledge: Knowledge, name: str, entry: Population) -> PopulationSaid:
    stated = entry.origins or entry.causes
    assert stated is not None  # noqa: S101 - one of the two is stated, checked on loading
    shares = _origins(knowledge, entry.origins)
    return PopulationSaid(name, entry.name, entry.description, shares, stated.estimate is None, stated.weight)


def _origins(knowledge: Knowledge, stated: Shares | None) -> tuple[ShareSaid, ...]:
    """Shares of the origins; none where the population states shares of causes outright."""
    if stated is None:
        return ()
    names = knowledge.content.origins
    values = complete(stated.p, knowledge.origins).tolist()
    return tuple(
        ShareSaid(names[origin], share, *stated.interval.get(origin, (None, None)))
        for origin, share in zip(knowledge.origins, values, strict=True)
    )


def _mechanisms(knowledge: Knowledge) -> Iterable[MechanismSaid]:
    findings = knowledge.content.findings.values()
    for name, entry in knowledge.content.mechanisms.items():
        hanging = sum(name in finding.mechanisms for finding in findings)
        yield MechanismSaid(entry.name, entry.description, entry.levels, hanging)


def _evidence(knowledge: Knowledge) -> Evidence:
    content, figures = knowledge.content, published_figures(knowledge)
    kinds = []
    for kind in get_args(Kind):
        of_kind = [entry for entry in content.findings.values() if entry.kind == kind]
        stated: list[tuple[bool, Basis]] = [(False, entry.background) for entry in of_kind]
        stated += [(True, row) for entry in of_kind for row in entry.rows.values()]
        if of_kind:
            kinds.append(KindOfRows(kind, len(of_kind), _counts(stated)))
    mechanisms: list[tuple[bool, Basis]] = [(False, entry.background) for entry in content.mechanisms.values()]
    mechanisms += [(True, row) for entry in content.mechanisms.values() for row in entry.rows.values()]
    kinds.append(KindOfRows("hidden mechanism", len(content.mechanisms), _counts(mechanisms)))
    by_kind: dict[str, int] = {}
    for source in content.sources.values():
        by_kind[source.kind] = by_kind.get(source.kind, 0) + 1
    return Evidence(
        len(figures),
        sum(one.used for one in figures),
        sum(one.passed_over is not None for one in figures),
        by_kind,
        sum(source.url is not None for source in content.sources.values()),
        content.thresholds.largest_weight,
        content.thresholds.largest_estimate_weight,
        tuple(kinds),
    )


def _counts(stated: Iterable[tuple[bool, Basis]]) -> tuple[RowCount, ...]:
    return row_counts((own, basis.estimate is None, basis.weight) for own, basis in stated)


def _audit(knowledge: Knowledge, population: str) -> AuditSaid:
    found = audited(knowledge, population)
    return AuditSaid(
        len(found.inside),
        tuple(outside_figure(knowledge, one) for one in found.outside),
        len(found.not_computed),
        found.unexplained,
        len(found.combinations),
        sum(one.kept for one in found.combinations),
        tuple(
            CombinationSaid(
                one.name,
                knowledge.content.causes[one.cause].name,
                one.measure,
                one.value,
                one.low,
                one.high,
                one.implied,
                one.because,
            )
            for one in found.combinations
            if one.outside
        ),
    )


def counted(counts: dict[str, int]) -> str:
    """`31 causes, 84 findings`; a single one loses its s."""
    return ", ".join(count(number, name.removesuffix("s"), name) for name, number in counts.items())
