"""A case looked at by a function of this folder: the model, the answers read, and the engine's posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from thighdx.assess import Assessment, Model, assess, get_model
from thighdx.cases import OK, read_case
from thighdx.errors import ImpossibleEvidenceError
from thighdx.evidence import Evidence
from thighdx.knowledge import Knowledge
from thighdx.rows import Array


@dataclass(frozen=True)
class Look:
    """One case under one model; `assessment` is of this case alone."""

    model: Model
    evidence: Evidence
    assessment: Assessment

    @property
    def knowledge(self) -> Knowledge:
        """The knowledge of the model."""
        return self.model.knowledge

    @property
    def probability(self) -> Array:
        """P(cause | e), (causes,)."""
        return np.asarray(self.assessment.probability[0])

    @property
    def leading(self) -> int:
        """Position of the leading cause."""
        return int(self.assessment.top[0])


def look_at(case: Mapping[str, object], knowledge: Knowledge | None, population: str | None) -> Look:
    """The case as read and assessed.

    Raises `CaseError` with every bad answer, `ImpossibleEvidenceError` where no cause can explain the answers, and
    `UnknownNameError` for an unknown population.
    """
    model = get_model(knowledge, population)
    cases = read_case(model.knowledge, case)
    assessment = assess(model, cases)
    if assessment.status[0] != OK:
        raise ImpossibleEvidenceError(assessment.status[0])
    return Look(model, cases.evidence, assessment)
