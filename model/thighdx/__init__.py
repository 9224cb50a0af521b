"""thighdx: a Bayesian network that says what causes a pain in the back of the thigh.

>>> from thighdx import diagnose
>>> diagnose({"onset": "sudden", "pop_felt": "yes"}, population="uniform").top.origin
'acute_hamstring'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
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
    from thighdx.reasoning.contributions import explain
    from thighdx.reasoning.expanded import expanded_entry
    from thighdx.reasoning.fit import case_fit
    from thighdx.reasoning.intervals import credible_intervals
    from thighdx.reasoning.pairs import two_causes
    from thighdx.reasoning.questions import next_questions
    from thighdx.reasoning.sensitivity import base_rate_curve, number_curve, sensitivity
    from thighdx.reasoning.stopping import same_decision
    from thighdx.reasoning.sure import how_sure
    from thighdx.scoring.frame import score

# Name -> its module, imported when first asked for: a diagnosis alone does not need all of them, Arrow takes a while,
# and the command line is to heed Ctrl-C before any of them is there.
_LATER = {
    "CaseError": "errors",
    "Diagnosis": "diagnosis",
    "ImpossibleEvidenceError": "errors",
    "Knowledge": "knowledge",
    "KnowledgeError": "errors",
    "TableError": "errors",
    "ThighdxError": "errors",
    "UnknownNameError": "errors",
    "base_rate_bounds": "reasoning.bounds",
    "base_rate_curve": "reasoning.sensitivity",
    "case_fit": "reasoning.fit",
    "credible_intervals": "reasoning.intervals",
    "diagnose": "diagnosis",
    "expanded_entry": "reasoning.expanded",
    "explain": "reasoning.contributions",
    "how_sure": "reasoning.sure",
    "load_knowledge": "knowledge",
    "next_questions": "reasoning.questions",
    "number_curve": "reasoning.sensitivity",
    "same_decision": "reasoning.stopping",
    "score": "scoring.frame",
    "sensitivity": "reasoning.sensitivity",
    "two_causes": "reasoning.pairs",
}

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
    "case_fit",
    "credible_intervals",
    "diagnose",
    "expanded_entry",
    "explain",
    "how_sure",
    "load_knowledge",
    "next_questions",
    "number_curve",
    "same_decision",
    "score",
    "sensitivity",
    "two_causes",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"thighdx.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
