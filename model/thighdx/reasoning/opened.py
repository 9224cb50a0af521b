"""A case opened for reasoning: read once, laid out once, with what is needed by more than one question about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from thighdx.assess import IMPOSSIBLE, Assessment, Model, assess, get_model, leading
from thighdx.cases import Cases, read_case
from thighdx.causenames import unknown_cause
from thighdx.cells import AT, OR, Cell
from thighdx.engine import log_sum
from thighdx.errors import ImpossibleEvidenceError, UnknownNameError
from thighdx.evidence import Evidence
from thighdx.hypothetical import Hypothetical, Outlook, Said
from thighdx.knowledge import Knowledge
from thighdx.reasoning.resolve import CaseView
from thighdx.rows import Array
from thighdx.schema import Finding
from thighdx.wording import state_label


@dataclass(frozen=True)
class OpenCase:
    """One possible case and the model that reads it. `said` has its answers in the order of the findings.

    What is more than the answers is made when it is first asked for, once.
    """

    model: Model
    cases: Cases
    tables: Hypothetical
    said: Said

    @property
    def knowledge(self) -> Knowledge:
        """The model's knowledge."""
        return self.model.knowledge

    @property
    def evidence(self) -> Evidence:
        """The answers as arrays, one case."""
        return self.cases.evidence

    @property
    def answered(self) -> list[str]:
        """Ids of the findings that have an answer."""
        return [self.knowledge.findings[position] for position in self.said.findings.tolist()]

    @cached_property
    def outlook(self) -> Outlook:
        """The posterior, and what each next answer would make of it."""
        return self.tables.outlook(self.evidence)

    @cached_property
    def assessment(self) -> Assessment:
        """What `diagnose` says of the case, to the last digit."""
        return assess(self.model, self.cases)

    @cached_property
    def view(self) -> CaseView:
        """The case, to be asked what it would be if a number of the priors were another."""
        return CaseView(self.model, self.evidence)

    @cached_property
    def leading(self) -> int:
        """Position of the leading cause; of equals the first in the vocabulary."""
        return int(leading(normalised(self.tables.log_prior + self.log_likelihood)))

    @cached_property
    def log_likelihood(self) -> Array:
        """log P(answers | cause), (causes,)."""
        return np.asarray(self.said.free.sum(axis=0) + self._blocks(self.said.given.sum(axis=0)))

    @cached_property
    def log_joint_without(self) -> Array:
        """log P(cause, all answers but one), (answers, causes), each answer left out in turn."""
        left = without_each(self.said.free) + self._blocks(without_each(self.said.given))
        return np.asarray(self.tables.log_prior + left)

    def _blocks(self, given: Array) -> Array:
        return self.tables.blocks(self.tables.log_levels + given)[1]

    def position(self, cause: str, what: str) -> int:
        """Position of a cause. Raises `UnknownNameError`, naming the option `what`."""
        if cause not in self.knowledge.causes:
            raise UnknownNameError(what, unknown_cause(self.knowledge, cause))
        return self.knowledge.causes.index(cause)

    def name(self, cause: int) -> str:
        """The name of the cause at a position."""
        return self.knowledge.content.causes[self.knowledge.causes[cause]].name

    def cell(self, finding: str) -> Cell:
        """The answer to a finding that has one."""
        answers = self.cases.answers[finding]
        return answers.cells[int(answers.index[0])]


def open_case(
    case: Mapping[str, object], knowledge: Knowledge | None = None, population: str | None = None
) -> OpenCase:
    """Read and lay out one case.

    Raises `CaseError` with every bad answer, `ImpossibleEvidenceError` where no cause can explain the answers, and
    `UnknownNameError` for an unknown population.
    """
    model = get_model(knowledge, population)
    cases = read_case(model.knowledge, case)
    tables = laid_out(model)
    opened = OpenCase(model, cases, tables, tables.said(cases.evidence))
    if not np.isfinite(opened.tables.log_prior + opened.log_likelihood).any():
        raise ImpossibleEvidenceError(IMPOSSIBLE)
    return opened


@lru_cache(maxsize=32)
def laid_out(model: Model) -> Hypothetical:
    """The tables of a model for one case at a time, made once for each model."""
    return Hypothetical(model.tables)


def without_each(values: Array) -> Array:
    """The sum of all others along the first axis, each left out in turn; no subtraction, so -inf stays where it is."""
    start = np.zeros((1, *values.shape[1:]))
    before = np.concatenate([start, values.cumsum(axis=0)[:-1]])[: len(values)]
    after = np.concatenate([start, values[::-1].cumsum(axis=0)[:-1]])[: len(values)][::-1]
    return np.asarray(before + after)


def normalised(log_joint: Array) -> Array:
    """Probabilities over the last axis of unnormalised logs; 0 throughout where all are -inf."""
    total = log_sum(log_joint)[..., None]
    return np.exp(log_joint - np.where(np.isfinite(total), total, 0.0))


def cell_label(entry: Finding, cell: Cell) -> str:
    """What a person reads for an answer: `Positive`, `Calf or Thigh`, `Yes (80 % sure)`."""
    names = [state_label(entry, entry.states[state]) for state in cell.states]
    return " or ".join(names) if cell.stated is None else f"{names[0]} (with probability {cell.stated:g})"


def cell_words(entry: Finding, cell: Cell) -> str:
    """An answer as a cell of a case says it: `yes`, `a|b`, `yes@0.8`."""
    states = OR.join(entry.states[state] for state in cell.states)
    return states if cell.stated is None else f"{states}{AT}{cell.stated:g}"
