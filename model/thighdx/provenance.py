"""Where every P(state | cause) comes from: its row, what the row is worth, its figures and documents, or its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from thighdx.assess import get_model
from thighdx.causecard import Document
from thighdx.knowledge import Knowledge
from thighdx.ranges import ranges
from thighdx.reasoning.basis import OWN, FigureCited, document, figure_cited, row_behind
from thighdx.rows import believed
from thighdx.schema import Basis, Combination, Content, Figure, RatioRow, Row
from thighdx.wording import asked_and_said, percent, state_label

HEADINGS = [
    "finding", "state", "cause", "probability", "low", "high", "believed_low", "believed_high", "row", "weight",
    "published", "estimate", "figures", "sources", "note",
]  # fmt: skip


@dataclass(frozen=True)
class StateChance:
    """P(state | cause) of one state, as the tables have it (completed, floored).

    low, high: the 95 % range that the row's weight leaves it, holding it (`thighdx.ranges`). believed: of an estimate,
    the lowest and the highest number that readings of their own came to.
    """

    state: str
    label: str
    probability: float
    low: float
    high: float
    believed: tuple[float, float] | None


@dataclass(frozen=True)
class Provenance:
    """One row P(state | cause), and where it comes from.

    row: the cause's own row, the background that stands for every cause without one, or the population's mix in its
    place. ratio: whether the row is stated as a ratio to the background. weight: what it is worth, in cases. An
    `estimate` has its reason; a row without one rests on figures.
    """

    finding: str
    question: str
    kind: str
    cause: str
    cause_name: str
    row: str
    ratio: bool
    mechanism: str | None
    chances: tuple[StateChance, ...]
    weight: float
    estimate: str | None
    figures: tuple[FigureCited, ...]
    sources: tuple[Document, ...]
    note: str | None

    @property
    def published(self) -> bool:
        """Whether it rests on published figures."""
        return self.estimate is None

    @property
    def own(self) -> bool:
        """Whether the cause has a row of its own."""
        return self.row == OWN

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Every document behind it, those of its figures first, each once."""
        found = {one.id: one for one in (*(figure.document for figure in self.figures), *self.sources)}
        return tuple(found.values())

    @cached_property
    def words(self) -> str:
        """Everything that can be searched for, in small letters."""
        parts = [self.finding, self.question, self.cause, self.cause_name, self.estimate, self.note]
        parts += [chance.label for chance in self.chances]
        parts += [text for one in self.documents for text in (one.title, str(one.year or ""))]
        parts += [figure.population for figure in self.figures]
        return " ".join(filter(None, parts)).casefold()


@lru_cache(maxsize=8)
def provenance(knowledge: Knowledge, population: str | None = None) -> tuple[Provenance, ...]:
    """A `Provenance` for every finding and cause, findings then causes in the order of the vocabulary.

    Raises `UnknownNameError` for an unknown population.
    """
    model = get_model(knowledge, population)
    return tuple(
        _provenance(
            knowledge.content, model.population, table.id, cause, table.rows[place].tolist(), int(table.parent[place])
        )
        for table in model.tables.findings
        for place, cause in enumerate(model.tables.causes)
    )


def _provenance(
    content: Content, population: str, finding: str, cause: str, chances: list[float], parent: int
) -> Provenance:
    entry = content.findings[finding]
    row, basis = row_behind(content, population, finding, cause)
    value = np.array(chances)
    low, high = ranges(value, np.full(len(value), basis.weight))
    read = [_believed(basis, entry.states, state, p) for state, p in zip(entry.states, chances, strict=True)]
    shown = zip(entry.states, chances, low.tolist(), high.tolist(), read, strict=True)
    return Provenance(
        finding,
        entry.question,
        entry.kind,
        cause,
        content.causes[cause].name,
        row,
        isinstance(basis, RatioRow),
        None if parent == -1 else tuple(content.mechanisms.values())[parent].name,
        tuple(StateChance(state, state_label(entry, state), *numbers) for state, *numbers in shown),
        basis.weight,
        basis.estimate,
        tuple(figure_cited(content, key) for key in basis.figures),
        tuple(document(content, key) for key in basis.sources),
        basis.note,
    )


def _believed(basis: Basis, states: Sequence[str], state: str, p: float) -> tuple[float, float] | None:
    """What readings say of a state.

    Readings of a ratio: what the state would have in place of `p`, were its ratio that and the others as they are.
    """
    if isinstance(basis, RatioRow):
        return _by_ratio(basis, state, p)
    return believed(basis, states, state) if isinstance(basis, Row) else None


def _by_ratio(row: RatioRow, state: str, p: float) -> tuple[float, float] | None:
    """See `thighdx.rows.from_ratio`."""
    if state not in row.believed:
        return None
    low, high = (end / row.ratio[state] for end in row.believed[state])
    if row.ratio_kind == "likelihood_ratio":
        return low * p, min(high * p, 1.0)
    return low * p / (1 - p + low * p), high * p / (1 - p + high * p)


def matching(
    rows: Iterable[Provenance],
    *,
    text: str = "",
    finding: str | None = None,
    cause: str | None = None,
    estimates_only: bool = False,
    own_only: bool = False,
) -> tuple[Provenance, ...]:
    """Those of the rows that meet every condition; of `text` every word must occur, case aside."""
    words = text.casefold().split()
    return tuple(
        row
        for row in rows
        if (finding is None or row.finding == finding)
        and (cause is None or row.cause == cause)
        and not (estimates_only and row.published)
        and not (own_only and not row.own)
        and all(word in row.words for word in words)
    )


def provenance_table(rows: Iterable[Provenance]) -> list[list[str]]:
    """A heading row and a row for each state, as texts; probabilities to twelve digits."""
    return [
        HEADINGS,
        *(
            [
                row.finding,
                chance.state,
                row.cause,
                f"{chance.probability:.12g}",
                f"{chance.low:.4g}",
                f"{chance.high:.4g}",
                *("" if chance.believed is None else f"{end:.4g}" for end in chance.believed or (0, 0)),
                row.row,
                f"{row.weight:g}",
                "yes" if row.published else "no",
                row.estimate or "",
                "; ".join(figure.id for figure in row.figures),
                "; ".join(one.url or one.title for one in row.documents),
                row.note or "",
            ]
            for row in rows
            for chance in row.chances
        ),
    ]


@dataclass(frozen=True)
class PublishedFigure:
    """A published figure as the priors keep it. `used`: whether a row or a base rate rests on it; if not, why not.

    outside_because: why the model departs from it, where it does.
    """

    id: str
    measure: str
    about: str
    said: str
    n: int | None
    population: str | None
    comparison: str | None
    document: Document
    note: str | None
    used: bool
    passed_over: str | None
    outside_because: str | None

    @cached_property
    def words(self) -> str:
        """Everything that can be searched for, in small letters."""
        parts = [self.id, self.measure, self.about, self.population, self.comparison, self.note, self.passed_over]
        return " ".join(filter(None, [*parts, self.outside_because, self.document.title])).casefold()


@dataclass(frozen=True)
class PublishedCombination:
    """What is published of several answers together for a cause: a check on the model, not an input of it.

    joint_share: the most of the sum of the single log likelihood ratios that the joint one may come to.
    outside_because: why the model departs from it, where it does.
    """

    id: str
    name: str
    cause_name: str
    answers: tuple[str, ...]
    measure: str
    said: str
    n: int | None
    population: str
    joint_share: float
    documents: tuple[Document, ...]
    note: str
    outside_because: str | None


@lru_cache(maxsize=8)
def published_figures(knowledge: Knowledge) -> tuple[PublishedFigure, ...]:
    """Every published figure, in the order of the priors."""
    content = knowledge.content
    used = set(_cited(content))
    return tuple(
        PublishedFigure(
            key,
            figure.measure.replace("_", " "),
            _about(content, figure),
            figure_said(figure),
            figure.n,
            figure.population,
            figure.comparison,
            document(content, figure.source),
            figure.note,
            key in used,
            figure.passed_over,
            figure.outside_because,
        )
        for key, figure in content.figures.items()
    )


@lru_cache(maxsize=8)
def published_combinations(knowledge: Knowledge) -> tuple[PublishedCombination, ...]:
    """Every combination of findings that something is published of, in the order of the priors."""
    content = knowledge.content
    return tuple(
        PublishedCombination(
            key,
            entry.name,
            content.causes[entry.cause].name,
            tuple(
                asked_and_said(content.findings[finding].question, state_label(content.findings[finding], state))
                for finding, state in entry.answers.items()
            ),
            entry.measure.replace("_", " "),
            figure_said(entry),
            entry.n,
            entry.population,
            entry.joint_share,
            tuple(document(content, source) for source in entry.sources),
            entry.note,
            entry.outside_because,
        )
        for key, entry in content.combinations.items()
    )


def figures_with(figures: Iterable[PublishedFigure], text: str) -> tuple[PublishedFigure, ...]:
    """The figures in which every word of the text occurs, case aside."""
    words = text.casefold().split()
    return tuple(one for one in figures if all(word in one.words for word in words))


def figure_said(figure: Figure | FigureCited | Combination) -> str:
    """The value with its interval or range: `47.0 %, 35.0 to 59.0 %`; ratios and weeks as plain numbers."""
    share = figure.measure in {"sensitivity", "specificity", "probability", "base_rate"}
    unit = " weeks" if figure.measure == "recovery_weeks" else ""

    def number(value: float) -> str:
        return percent(value) if share else f"{value:g}{unit}"

    said = [] if figure.value is None else [number(figure.value)]
    if figure.low is not None and figure.high is not None:
        said.append(f"{number(figure.low)} to {number(figure.high)}")
    return ", ".join(said) or "no number"


def _about(content: Content, figure: Figure) -> str:
    """What a figure is of: cause or origin, finding and state, by name."""
    names = {name: entry.name for name, entry in content.causes.items()} | dict(content.origins)
    parts = [] if figure.cause is None else [names[figure.cause]]
    if figure.finding is not None:
        entry = content.findings[figure.finding]
        parts.append(entry.question if figure.state is None else f"{entry.question} {state_label(entry, figure.state)}")
    return ": ".join(parts)


def _cited(content: Content) -> Iterable[str]:
    """Keys of the figures that a row, a template, a base rate or a recovery rests on."""
    for finding in content.findings.values():
        for row in (finding.background, *finding.rows.values()):
            yield from row.figures
    for mechanism in content.mechanisms.values():
        for basis in (mechanism.background, *mechanism.rows.values()):
            yield from basis.figures
        for template in mechanism.templates.values():
            yield from template.figures
    for population in content.populations.values():
        for shares in (population.origins, population.causes, *population.within.values(), *population.mix.values()):
            yield from () if shares is None else shares.figures
    for cause in content.causes.values():
        for recovery in () if cause.care is None else cause.care.recovery:
            yield from recovery.figures
