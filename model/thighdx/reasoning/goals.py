"""What one wants to know of a case: the cause, its origin, whether it is dangerous, or which of two causes it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thighdx.causenames import unknown_cause
from thighdx.errors import UnknownNameError, unknown
from thighdx.knowledge import Knowledge
from thighdx.rows import Array

CAUSE, ORIGIN, DANGEROUS = "cause", "origin", "dangerous"
GOALS = (CAUSE, ORIGIN, DANGEROUS)
Wanted = str | tuple[str, str]


@dataclass(frozen=True)
class Goal:
    """A partition of the causes, or of two of them.

    values, names: of each part, as an id and as a person reads it. matrix: (causes, values), 1 where the cause is of
    the part. one_sided: whether the first value's probability says it all.
    """

    id: str
    name: str
    values: tuple[str, ...]
    names: tuple[str, ...]
    matrix: Array
    one_sided: bool


def goal_of(knowledge: Knowledge, wanted: Wanted) -> Goal:
    """The goal by its name, or a pair of causes. Raises `UnknownNameError`."""
    content, causes = knowledge.content, knowledge.causes
    if not isinstance(wanted, str):
        return _pair(knowledge, wanted)
    if wanted == CAUSE:
        names = tuple(content.causes[cause].name for cause in causes)
        return Goal(CAUSE, "which cause it is", causes, names, np.eye(len(causes)), one_sided=False)
    if wanted == ORIGIN:
        of = [content.causes[cause].origin for cause in causes]
        matrix = np.array([[float(origin == one) for one in knowledge.origins] for origin in of])
        names = tuple(content.origins[origin] for origin in knowledge.origins)
        return Goal(ORIGIN, "of which origin it is", knowledge.origins, names, matrix, one_sided=False)
    if wanted == DANGEROUS:
        is_so = np.array([content.causes[cause].dangerous for cause in causes], dtype=np.float64)
        if not is_so.any():
            raise UnknownNameError("goal", f"no cause of these priors is marked dangerous; use {CAUSE} or {ORIGIN}")
        names = ("a dangerous cause", "no dangerous cause")
        matrix = np.stack([is_so, 1 - is_so], axis=1)
        return Goal(DANGEROUS, "whether it is dangerous", (DANGEROUS, "other"), names, matrix, one_sided=True)
    raise UnknownNameError("goal", unknown(wanted, "a goal", GOALS))


def _pair(knowledge: Knowledge, pair: tuple[str, str]) -> Goal:
    for cause in pair:
        if cause not in knowledge.causes:
            raise UnknownNameError("goal", unknown_cause(knowledge, cause))
    if pair[0] == pair[1]:
        raise UnknownNameError("goal", f"'{pair[0]}' is named twice; accepted: two causes")
    matrix = np.array([[float(cause == one) for one in pair] for cause in knowledge.causes])
    names = tuple(knowledge.content.causes[cause].name for cause in pair)
    return Goal("pair", f"{names[0]} or {names[1]}", pair, names, matrix, one_sided=True)
