"""The posterior as a function of one entry of a conditional table, not solved anew: a ratio of two linear functions.

(Castillo, Gutierrez and Hadi 1997, IEEE SMC-A 27:412; Coupe and van der Gaag 2002, Annals of Mathematics and Artificial
Intelligence 36:323.) Here the entry itself moves, and with it the margin that `priors/` states; `reasoning.sensitivity`
keeps the margins and moves them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from thighdx.errors import UnknownNameError, unknown
from thighdx.knowledge import Knowledge
from thighdx.reasoning.opened import open_case
from thighdx.rows import Array


@dataclass(frozen=True)
class LinearRatio:
    """P(cause | e) = (a x + b) / (c x + d), x being the entry; `value` is the entry as it stands."""

    cause: str
    value: float
    a: float
    b: float
    c: float
    d: float

    def __call__(self, x: float | Array) -> float | Array:
        """The posterior at another value of the entry, 0 to 1."""
        return (self.a * x + self.b) / (self.c * x + self.d)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists."""
        return asdict(self)


def expanded_entry(
    case: Mapping[str, object],
    finding: str,
    under: str,
    state: str,
    *,
    level: str | None = None,
    cause: str | None = None,
    knowledge: Knowledge | None = None,
    population: str | None = None,
) -> LinearRatio:
    """How P(`cause` | case) depends on P(`state` | `under`, `level`), the other states of the row in their proportion.

    level: of the mechanism that the finding hangs on under the cause `under`, None where it hangs on none. cause: where
    it is not named, `under`. Raises `UnknownNameError` for words that are none of these, else as `diagnose` does.
    """
    view = open_case(case, knowledge, population).view
    tables = view.tables
    table = tables.findings[_place(finding, "a finding", [one.id for one in tables.findings])]
    position, column = tables.finding_index[finding], _place(state, "a state", table.states)
    place, asked = (_place(name, "a cause", tables.causes) for name in (under, under if cause is None else cause))
    parent = int(table.parent[place])
    if parent == -1:
        _place(level or "none", "a level", ["none"])
        row = table.rows[place]
    else:
        at = _place(level or "none", "a level", tables.mechanisms[parent].levels)
        row = table.given[parent][place, at]
    log = view.log_likelihood
    scale = float(log.max())
    joint = tables.prior * np.exp(log - scale)
    # P(answer | cause, level) is linear in the entry, and so is P(e | cause)
    said = view.said.get(position, np.ones(len(row)))
    others = np.where(np.arange(len(row)) == column, 0.0, row)
    slope = said[column] - others @ said / others.sum()
    if parent == -1:
        share = float(np.exp(log[place] - scale) / (row @ said))
    else:
        # P(level | cause, e) in proportion
        if parent in view.levels:
            block = view.levels[parent][place]
            level_share = np.exp(block - block.max())
        else:
            level_share = tables.mechanisms[parent].prior[place]
        share = float(np.exp(log[place] - scale) * level_share[at] / level_share.sum() / (row @ said))
    gain = float(tables.prior[place] * share * slope)
    value = float(row[column])
    a = gain if asked == place else 0.0
    return LinearRatio(
        tables.causes[asked], value, a, float(joint[asked]) - a * value, gain, float(joint.sum()) - gain * value
    )


def _place(name: str, what: str, accepted: Sequence[str]) -> int:
    if name not in accepted:
        raise UnknownNameError(what.partition(" ")[2], unknown(name, what, accepted))
    return accepted.index(name)
