"""thighdx: a Bayesian network that says what causes a pain in the back of the thigh.

>>> from thighdx import diagnose
>>> diagnose({"onset": "sudden", "pop_felt": "yes"}, population="uniform").top.origin
'acute_hamstring'
"""

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
from thighdx.score import score

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
