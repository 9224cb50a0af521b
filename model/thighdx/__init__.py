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
from thighdx.score import score

__all__ = [
    "CaseError",
    "Diagnosis",
    "ImpossibleEvidenceError",
    "Knowledge",
    "KnowledgeError",
    "TableError",
    "ThighdxError",
    "UnknownNameError",
    "diagnose",
    "load_knowledge",
    "score",
]
