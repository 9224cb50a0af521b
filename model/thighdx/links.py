"""The network for reading: causes, mechanisms and findings as two rows of names with links between them.

The whole network has thousands of links; a picture shows one cause or one mechanism at a time, or causes and
mechanisms without the findings. Distances between rows are total variation, 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thighdx.assess import get_model
from thighdx.causenames import unknown_cause
from thighdx.errors import UnknownNameError, unknown
from thighdx.knowledge import Knowledge
from thighdx.rows import Array, complete
from thighdx.tables import Tables
from thighdx.wording import percent

MOST_LINKS = 18  # of a cause: the strongest; more cannot be read
DIRECT = "direct"  # in place of a mechanism: findings that hang on the cause alone


@dataclass(frozen=True)
class Node:
    """A name in the picture; `group` is the origin of a cause, the kind of a finding, or `mechanism`."""

    id: str
    name: str
    group: str


@dataclass(frozen=True)
class Link:
    """A line between two names; `strength`, 0 to 1, is what its width shows, and `said` says it in words."""

    left: str
    right: str
    strength: float
    said: str


@dataclass(frozen=True)
class Picture:
    """Names on the left and right, and the links between them; `hub` is a mechanism that all links pass through."""

    title: str
    left: tuple[Node, ...]
    right: tuple[Node, ...]
    links: tuple[Link, ...]
    hub: str | None
    caption: str


def causes_and_mechanisms(knowledge: Knowledge) -> Picture:
    """Which causes show which mechanisms: a link where a cause states levels of its own for a mechanism."""
    tables = get_model(knowledge).tables
    mechanisms = tuple(Node(name, entry.name, "mechanism") for name, entry in knowledge.content.mechanisms.items())
    links = tuple(
        link for mechanism in knowledge.content.mechanisms for link in _shown_by(knowledge, tables, mechanism)
    )
    caption = "How likely the mechanism is at work under the cause. Empty where only the background is known."
    return Picture(
        "Causes and their mechanisms", _cause_nodes(knowledge, knowledge.causes), mechanisms, links, None, caption
    )


def around_mechanism(knowledge: Knowledge, mechanism: str) -> Picture:
    """The causes that show a mechanism, and the findings that go with it. Raises `UnknownNameError`."""
    content = knowledge.content
    if mechanism not in content.mechanisms:
        raise UnknownNameError("mechanism", unknown(mechanism, "a mechanism", tuple(content.mechanisms)))
    entry = content.mechanisms[mechanism]
    shown_by = _shown_by(knowledge, get_model(knowledge).tables, mechanism)
    findings = tuple(name for name in knowledge.findings if name in entry.templates)
    goes_with = []
    for name in findings:
        states, given = content.findings[name].states, entry.templates[name].given
        levels = np.array([complete(given[level], states) for level in entry.levels])
        goes_with.append(Link(mechanism, name, _spread(levels), entry.templates[name].reason))
    causes = tuple(link.left for link in shown_by)
    caption = (
        "Left: how likely the mechanism is at work under the cause. Right: how far the finding moves over its levels."
    )
    return Picture(
        entry.name,
        _cause_nodes(knowledge, causes),
        _finding_nodes(knowledge, findings),
        (*shown_by, *goes_with),
        mechanism,
        caption,
    )


def around_cause(knowledge: Knowledge, cause: str, *, most: int = MOST_LINKS) -> Picture:
    """The mechanisms that a cause shows and the findings that hang on them under it, the `most` strongest links.

    Of the findings that hang on no mechanism under the cause, those with a row of its own are linked to `DIRECT`.
    Raises `UnknownNameError`.
    """
    content = knowledge.content
    if cause not in content.causes:
        raise UnknownNameError("cause", unknown_cause(knowledge, cause))
    links = sorted(_hanging_on(knowledge, cause), key=lambda link: -link.strength)
    shown = links[:most]
    names = {name: entry.name for name, entry in content.mechanisms.items()} | {DIRECT: "No mechanism"}
    left = [mechanism for mechanism in names if any(link.left == mechanism for link in shown)]
    shown.sort(key=lambda link: (left.index(link.left), -link.strength))
    caption = (
        "Width: how far the finding moves over the levels of the mechanism under this cause; without a mechanism, how "
        f"far the cause's own row is from the background. The {len(shown)} strongest of {len(links)} links."
    )
    return Picture(
        content.causes[cause].name,
        tuple(Node(mechanism, names[mechanism], "mechanism") for mechanism in left),
        _finding_nodes(knowledge, tuple(link.right for link in shown)),
        tuple(shown),
        None,
        caption,
    )


def _hanging_on(knowledge: Knowledge, cause: str) -> list[Link]:
    """A link for every finding that this cause's own rows or own levels of a mechanism tell something of."""
    content, tables = knowledge.content, get_model(knowledge).tables
    place = tables.causes.index(cause)
    links = []
    for finding in tables.findings:
        parent = int(finding.parent[place])
        if parent == -1:
            if cause in content.findings[finding.id].rows:
                moved = _distance(finding.rows[place], _background(knowledge, finding.id))
                said = f"on the cause alone: {moved:.2f} from the background"
                links.append(Link(DIRECT, finding.id, moved, said))
            continue
        mechanism = tables.mechanisms[parent].id
        if cause in content.mechanisms[mechanism].rows:
            moved = _spread(finding.given[parent][place])
            said = f"moves by {moved:.2f} over the levels of {content.mechanisms[mechanism].name}"
            links.append(Link(mechanism, finding.id, moved, said))
    return links


def _shown_by(knowledge: Knowledge, tables: Tables, mechanism: str) -> list[Link]:
    entry = knowledge.content.mechanisms[mechanism]
    (table,) = [one for one in tables.mechanisms if one.id == mechanism]
    links = []
    for place, cause in enumerate(tables.causes):
        if cause in entry.rows:
            at_work = 1.0 - float(table.prior[place, 0])
            name = knowledge.content.causes[cause].name
            links.append(Link(cause, mechanism, at_work, f"{entry.name} at work in {percent(at_work)} of {name}"))
    return links


def _background(knowledge: Knowledge, finding: str) -> Array:
    entry = knowledge.content.findings[finding]
    return complete(entry.background.p, entry.states)


def _distance(one: Array, other: Array) -> float:
    """Total variation between two rows, 0 to 1."""
    return float(np.abs(one - other).sum() / 2)


def _spread(levels: Array) -> float:
    """The largest total variation between the rows of two levels, (levels, states)."""
    return max(_distance(one, other) for one in levels for other in levels)


def _cause_nodes(knowledge: Knowledge, causes: tuple[str, ...]) -> tuple[Node, ...]:
    entries = knowledge.content.causes
    ordered = sorted(dict.fromkeys(causes), key=lambda cause: knowledge.origins.index(entries[cause].origin))
    return tuple(Node(cause, entries[cause].name, entries[cause].origin) for cause in ordered)


def _finding_nodes(knowledge: Knowledge, findings: tuple[str, ...]) -> tuple[Node, ...]:
    entries = knowledge.content.findings
    return tuple(Node(finding, entries[finding].question, entries[finding].kind) for finding in findings)
