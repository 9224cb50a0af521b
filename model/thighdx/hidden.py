"""The numbers behind a mechanism: how likely its levels are under each cause, and how its findings go with them."""

from __future__ import annotations

from dataclasses import dataclass

from thighdx.baserates import SharesBehind, shares_behind
from thighdx.causecard import Document
from thighdx.errors import UnknownNameError, unknown
from thighdx.knowledge import Knowledge
from thighdx.reasoning.basis import FigureCited, document, figure_cited
from thighdx.rows import complete
from thighdx.wording import state_label


@dataclass(frozen=True)
class TemplateBehind:
    """T(state | level) of a finding, of which only the shape counts, and the reason for it.

    given: for each level the states with their shares.
    """

    finding: str
    question: str
    reason: str
    given: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    figures: tuple[FigureCited, ...]
    sources: tuple[Document, ...]


@dataclass(frozen=True)
class MechanismBehind:
    """A mechanism: P(level | cause) as rows, the background first, and its templates."""

    id: str
    name: str
    description: str
    rows: tuple[SharesBehind, ...]
    templates: tuple[TemplateBehind, ...]


def mechanism_behind(knowledge: Knowledge, mechanism: str) -> MechanismBehind:
    """What the priors say of a mechanism. Raises `UnknownNameError`."""
    content = knowledge.content
    if mechanism not in content.mechanisms:
        raise UnknownNameError("mechanism", unknown(mechanism, "a mechanism", tuple(content.mechanisms)))
    entry = content.mechanisms[mechanism]
    labels = {level: level.replace("_", " ") for level in entry.levels}
    rows = [shares_behind(content, "Background: every other cause", entry.background, labels)]
    background = complete(entry.background.p, entry.levels)
    for cause in knowledge.causes:
        if cause in entry.rows:
            name = content.causes[cause].name
            rows.append(shares_behind(content, name, entry.rows[cause], labels, background))
    templates = []
    for finding in knowledge.findings:
        if finding not in entry.templates:
            continue
        template, asked = entry.templates[finding], content.findings[finding]
        given = []
        for level in entry.levels:
            points = complete(template.given[level], asked.states).tolist()
            states = tuple((state_label(asked, state), p) for state, p in zip(asked.states, points, strict=True))
            given.append((labels[level], states))
        templates.append(
            TemplateBehind(
                finding,
                asked.question,
                template.reason,
                tuple(given),
                tuple(figure_cited(content, key) for key in template.figures),
                tuple(document(content, key) for key in template.sources),
            )
        )
    return MechanismBehind(mechanism, entry.name, entry.description, tuple(rows), tuple(templates))
