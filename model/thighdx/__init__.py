"""thighdx: a Bayesian network that says what causes a pain in the back of the thigh.

>>> from thighdx import diagnose
>>> diagnose({"onset": "sudden", "pop_felt": "yes"}, population="uniform").top.origin
'acute_hamstring'
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

from thighdx.diagnosis import Diagnosis, diagnose
from thighdx.errors import (
    CaseError,
    ImpossibleEvidenceError,
    KnowledgeError,
    TableError,
    ThighdxError,
    UnknownNameError,
)
from thighdx.knowledge import Knowledge, load_knowledge
from thighdx.reasoning.contributions import Explanation, explain
from thighdx.reasoning.fit import CaseFit, case_fit
from thighdx.reasoning.questions import NextQuestions, next_questions
from thighdx.reasoning.stopping import SameDecision, same_decision

if TYPE_CHECKING:
    from thighdx.scoring.frame import score

__all__ = [
    "CaseError",
    "CaseFit",
    "Diagnosis",
    "Explanation",
    "ImpossibleEvidenceError",
    "Knowledge",
    "KnowledgeError",
    "NextQuestions",
    "SameDecision",
    "TableError",
    "ThighdxError",
    "UnknownNameError",
    "case_fit",
    "diagnose",
    "explain",
    "load_knowledge",
    "next_questions",
    "same_decision",
    "score",
]


def __getattr__(name: str) -> Any:
    """`score` on its first use: it needs Arrow, which takes a tenth of a second that a single case should not pay."""
    if name == "score":
        from thighdx.scoring.frame import score

        return score
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
