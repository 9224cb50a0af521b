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
from thighdx.reasoning.bounds import base_rate_bounds
from thighdx.reasoning.expanded import expanded_entry
from thighdx.reasoning.intervals import credible_intervals
from thighdx.reasoning.pairs import two_causes
from thighdx.reasoning.sensitivity import base_rate_curve, number_curve, sensitivity
from thighdx.reasoning.sure import how_sure
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
    "base_rate_bounds",
    "base_rate_curve",
    "credible_intervals",
    "diagnose",
    "expanded_entry",
    "how_sure",
    "load_knowledge",
    "number_curve",
    "score",
    "sensitivity",
    "two_causes",
]
