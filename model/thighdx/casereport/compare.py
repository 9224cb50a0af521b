"""Two scenarios of one case: what is another population, one answer more or less, or the studies, worth?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from thighdx.casereport.saved import Situation
from thighdx.diagnosis import Diagnosis
from thighdx.knowledge import Knowledge


@dataclass(frozen=True)
class Difference:
    """One cause under both scenarios; `change` is the second probability less the first."""

    id: str
    name: str
    first: float
    second: float

    @property
    def change(self) -> float:
        """How much more probable it is in the second scenario."""
        return self.second - self.first


def differences(first: Diagnosis, second: Diagnosis) -> tuple[Difference, ...]:
    """Every cause of both, the one that moves most first; equals in the order of the first."""
    then = {share.id: share.probability for share in second.causes}
    rows = [Difference(share.id, share.name, share.probability, then[share.id]) for share in first.causes]
    return tuple(sorted(rows, key=lambda row: -abs(row.change)))


def with_answer(case: Situation, finding: str, cell: str) -> Situation:
    """The case with one answer given, changed or (with an empty cell) left out."""
    answers = {name: given for name, given in case.answers.items() if name != finding}
    return replace(case, answers={**answers, finding: cell} if cell else answers)


def without_kind(knowledge: Knowledge, case: Situation, kind: str) -> Situation:
    """The case without its answers of a kind of finding."""
    entries = knowledge.content.findings
    kept: Mapping[str, str] = {name: cell for name, cell in case.answers.items() if entries[name].kind != kind}
    return replace(case, answers=kept)


def in_population(case: Situation, population: str) -> Situation:
    """The case among other people; shares of the origins that were set for it go with the old ones."""
    return case if population == case.population else replace(case, population=population, origins=None)
