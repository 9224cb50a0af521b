"""The knowledge without a mechanism: the same rows, but findings no longer go together by it."""

from __future__ import annotations

from thighdx.errors import UnknownNameError, unknown
from thighdx.knowledge import Knowledge


def flatten(knowledge: Knowledge, *mechanisms: str) -> Knowledge:
    """A new `Knowledge` in which the templates of these mechanisms (none named: of all) are flat.

    A flat template is the same row at all levels, so P(state | cause, level) is the row P(state | cause) itself: every
    published figure is kept, and given the cause the findings are independent. With all of them flat the model is naive
    Bayes on the same knowledge (Russell and Norvig, Artificial Intelligence, 12.6). What a mechanism says of grades is
    then no longer moved by answers. Raises `UnknownNameError` for an unknown mechanism.
    """
    content = knowledge.content
    for name in mechanisms:
        if name not in content.mechanisms:
            raise UnknownNameError("mechanism", unknown(name, "a mechanism", tuple(content.mechanisms)))
    return knowledge.with_overlay(
        {"mechanisms": {name: _flat(knowledge, name) for name in mechanisms or content.mechanisms}}
    )


def _flat(knowledge: Knowledge, mechanism: str) -> dict[str, object]:
    entry = knowledge.content.mechanisms[mechanism]
    templates = {}
    for finding in entry.templates:
        states = knowledge.content.findings[finding].states
        # which row it is does not matter: the tilt returns the finding's own
        same = dict.fromkeys(states, 1 / len(states))
        templates[finding] = {"reason": "flattened", "given": {level: dict(same) for level in entry.levels}}
    return {"templates": templates}
