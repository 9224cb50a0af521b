"""What each state of a finding says among the causes: likelihood ratios of one cause against all others together."""

from __future__ import annotations

from dataclasses import dataclass

from thighdx.assess import get_model
from thighdx.causecard import elsewhere
from thighdx.errors import UnknownNameError, unknown
from thighdx.knowledge import Knowledge
from thighdx.wording import state_label


@dataclass(frozen=True)
class CauseRatio:
    """P(state | cause) / P(state | any other cause), the others weighted by their base rates.

    `p_elsewhere` and `ratio` are None where the population holds no other cause; `own`: the cause has its own row.
    """

    cause: str
    name: str
    origin: str
    p_here: float
    p_elsewhere: float | None
    ratio: float | None
    own: bool


@dataclass(frozen=True)
class StateRatios:
    """The ratios of one state, the largest first; equal ones in the order of the vocabulary."""

    state: str
    label: str
    causes: tuple[CauseRatio, ...]


@dataclass(frozen=True)
class FindingRatios:
    """The ratios of every state of a finding in a population."""

    finding: str
    question: str
    population: str
    states: tuple[StateRatios, ...]

    def of(self, state: str) -> StateRatios:
        """The ratios of a state. Raises `UnknownNameError`."""
        for one in self.states:
            if one.state == state:
                return one
        names = [one.state for one in self.states]
        raise UnknownNameError(self.finding, unknown(state, "a state", names))


def finding_ratios(knowledge: Knowledge, finding: str, population: str | None = None) -> FindingRatios:
    """The likelihood ratios of a finding (Deeks and Altman 2004, BMJ 329:168), "disease absent" being the other causes.

    Raises `UnknownNameError` for an unknown finding or population.
    """
    content = knowledge.content
    if finding not in content.findings:
        raise UnknownNameError("finding", unknown(finding, "a finding", knowledge.findings))
    model = get_model(knowledge, population)
    entry, tables = content.findings[finding], model.tables
    rows = tables.findings[tables.finding_index[finding]].rows
    alone = [float(prior) == 1.0 for prior in tables.prior]
    others = [None if alone[place] else elsewhere(rows, tables.prior, place) for place in range(len(tables.causes))]
    states = []
    for column, state in enumerate(entry.states):
        found = []
        for place, cause in enumerate(tables.causes):
            here, there = float(rows[place, column]), others[place]
            p_there = None if there is None else float(there[column])
            ratio = here / p_there if p_there else None
            name, origin = content.causes[cause].name, content.causes[cause].origin
            found.append(CauseRatio(cause, name, origin, here, p_there, ratio, cause in entry.rows))
        found.sort(key=lambda one: -(one.ratio or 0.0))
        states.append(StateRatios(state, state_label(entry, state), tuple(found)))
    return FindingRatios(finding, entry.question, model.population, tuple(states))
