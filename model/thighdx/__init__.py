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

if TYPE_CHECKING:
    from thighdx.scoring.frame import score

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


def __getattr__(name: str) -> Any:
    """`score` on its first use: it needs Arrow, which takes a tenth of a second that a single case should not pay."""
    if name == "score":
        from thighdx.scoring.frame import score

        return score
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
