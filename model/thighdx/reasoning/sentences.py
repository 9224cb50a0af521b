"""Reasons in one sentence each, the same in a terminal and on the page."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from thighdx.reasoning.basis import RowUsed
from thighdx.reasoning.contributions import Explanation
from thighdx.reasoning.fit import CaseFit
from thighdx.reasoning.stopping import SameDecision, Stays
from thighdx.wording import percent

MOST_LOG_ODDS = log(1e6)  # beyond, odds are not written out


def how_shared(explanation: Explanation) -> str:
    """By what rule the change was shared among the answers."""
    whole = explanation.against is None
    exact = "Aumann-Shapley values along the shares under each cause" if whole else "Exact Shapley values"
    mechanisms = [name.replace("_", " ") for name in explanation.owen_mechanisms]
    if not mechanisms:
        return f"{exact}; they add up to the change in log-odds."
    owen = f"Owen values for the many answers on {', '.join(mechanisms)} (answers of one kind enter together)"
    return f"{exact}, with {owen}; they add up to the change in log-odds."


def odds(log_odds: float) -> str:
    """`7.3 : 1` or `1 : 39`; odds without bound are said as such."""
    size = abs(log_odds)
    if size > MOST_LOG_ODDS:
        return "over a million : 1" if log_odds > 0 else "1 : over a million"
    shown = f"{exp(size):.3g}" if size < log(1000) else f"{exp(size):,.0f}"
    return f"{shown} : 1" if log_odds >= 0 else f"1 : {shown}"


def row_sentence(row: RowUsed, labels: Sequence[str]) -> str:
    """`18 % of Hamstring strain: own row worth 8 cases; an estimate, "reason"`."""
    where = row.kind if row.mechanism is None else f"{row.kind}, on {row.mechanism.replace('_', ' ')}"
    basis = f'an estimate, "{row.estimate}"' if row.estimate is not None else _cited(row)
    share = f"{' or '.join(labels)}: {percent(sum(row.p.values()))} in {row.cause_name}"
    return f"{share} ({where}, worth {row.weight:g} cases; {basis})"


def _cited(row: RowUsed) -> str:
    titles = dict.fromkeys(
        figure.document.title + (f" <{figure.document.url}>" if figure.document.url else "") for figure in row.figures
    )
    return "from " + "; ".join(titles)


def stays_sentence(decision: SameDecision) -> str:
    """How likely the leading cause and the triage stay, in patients: for whoever asks on or stops now."""
    if not decision.considered:
        return "Nothing is left to ask, so nothing can change."
    asked_on, left = len(decision.considered), decision.open_findings
    if asked_on == left:
        which = "the one open question" if left == 1 else f"all {left} open questions"
    else:
        which = "the most telling open question" if asked_on == 1 else f"the {asked_on} most telling open questions"
    return (
        f"After {which}, {decision.cause.name} would still lead in {_of_a_hundred(decision.cause.probability)} "
        f"patients like this, and the triage would stay {decision.triage.decision} in "
        f"{_of_a_hundred(decision.triage.probability)}."
    )


def stays_exactly(decision: SameDecision) -> str:
    """The two probabilities behind `stays_sentence`, and how they were found."""
    cause, triage = (_with_error(stays) for stays in (decision.cause, decision.triage))
    how = f"from {decision.draws:,} simulated cases" if decision.draws else "exact, over every way to answer"
    return f"Still leads with probability {cause}, triage stays with {triage} ({how})."


def _of_a_hundred(probability: float) -> str:
    """Natural frequencies; only what is none or all reads so."""
    whole = round(100 * probability)
    if whole == 0 < probability:
        return "fewer than 1 of 100"
    return "more than 99 of 100" if whole == 100 and probability < 1 else f"{whole} of 100"


def _with_error(stays: Stays) -> str:
    if stays.standard_error is None:
        return percent(stays.probability)
    return f"{percent(stays.probability)} (± {100 * stays.standard_error:.1f})"


def fit_sentence(fit: CaseFit) -> str:
    """Conflict and surprise in plain words."""
    if fit.surprise is None or fit.conflict_tail is None:
        return "Nothing is answered, so nothing can be at odds."
    together = "worse" if fit.conflict > 0 else "no worse"
    return (
        f"The answers go together {together} than by chance (conflict {round(fit.conflict, 1) + 0.0:.1f} bits; "
        f"{percent(fit.conflict_tail.probability)} of simulated cases have as much). "
        f"{percent(fit.surprise.probability)} of simulated cases are as unusual as this one."
    )
