"""thighdx: a Bayesian network that says what causes a pain in the back of the thigh.

>>> from thighdx import diagnose
>>> diagnose({"onset": "sudden", "pop_felt": "yes"}, population="uniform").top.origin
'acute_hamstring'
"""

from __future__ import annotations

from importlib import import_module
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
from thighdx.score import score

if TYPE_CHECKING:
    from thighdx.reasoning.bounds import base_rate_bounds
    from thighdx.reasoning.expanded import expanded_entry
    from thighdx.reasoning.intervals import credible_intervals
    from thighdx.reasoning.pairs import two_causes
    from thighdx.reasoning.sensitivity import base_rate_curve, number_curve, sensitivity
    from thighdx.reasoning.sure import how_sure

_LATER = {
    "base_rate_bounds": "bounds",
    "base_rate_curve": "sensitivity",
    "credible_intervals": "intervals",
    "expanded_entry": "expanded",
    "how_sure": "sure",
    "number_curve": "sensitivity",
    "sensitivity": "sensitivity",
    "two_causes": "pairs",
}  # function -> its module in thighdx.reasoning, imported when first asked for: scoring and the page's start need none

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


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"thighdx.reasoning.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
