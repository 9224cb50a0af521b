"""How good the model is on labelled cases: ranks, scores, calibration, triage, decisions, each with its interval."""

from thighdx.evaluation.evaluate import evaluate, evaluate_file
from thighdx.evaluation.results import Evaluation

__all__ = ["Evaluation", "evaluate", "evaluate_file"]
