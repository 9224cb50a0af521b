"""What takes longer and so comes last: intervals not drawn yet, whether the case fits, and when to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from thighdx.page import state
from thighdx.page.results import Places, Shown, draw_bars, draw_origins, intervals_of
from thighdx.page.words import plain
from thighdx.reasoning.fit import CaseFit, case_fit
from thighdx.reasoning.sentences import fit_sentence, stays_exactly, stays_sentence
from thighdx.reasoning.stopping import SameDecision, same_decision
from thighdx.wording import asked_and_said

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

JUDGED = "judged"  # what fit and decision are remembered under
MOST_LEFT = 10  # open findings taken as going to be asked, for when to stop


def draw_fit_at_hand(shown: Shown, places: Places) -> None:
    """Whether the case fits, where that was found for this case already: it stays in its place at a click elsewhere."""
    if shown.now.answers and state.is_remembered(JUDGED, shown.situation):
        _draw_fit(shown, places)


def draw_later(shown: Shown, places: Places, stop: DeltaGenerator | None) -> None:
    """Fill the places left open for it."""
    if places.bars is not None:
        intervals = intervals_of(shown)
        causes, origins = places.bars
        with causes:
            draw_bars(shown, intervals)
        with origins:
            draw_origins(shown, intervals)
    if not shown.now.answers:
        return
    if not state.is_remembered(JUDGED, shown.situation):
        _draw_fit(shown, places)
    _, decision = _judged(shown)
    if stop is not None:
        stop.caption(f"**When to stop?** {plain(stays_sentence(decision))}", help=plain(stays_exactly(decision)))


def _draw_fit(shown: Shown, places: Places) -> None:
    fit, _ = _judged(shown)
    with places.fit.container():
        if fit.warning is not None:
            st.warning(plain(fit.warning), icon=":material/help:")
        else:
            odd = [asked_and_said(one.question, one.label) for one in fit.disagreements if one.disagrees]
            said = (
                f"At odds with the other answers: {'; '.join(odd)}" if odd else "No answer is at odds with the others"
            )
            st.caption(f"**Does the case fit?** {plain(said)}.", help=plain(fit_sentence(fit)))


def _judged(shown: Shown) -> tuple[CaseFit, SameDecision]:
    held = shown.situation

    def make() -> tuple[CaseFit, SameDecision]:
        fit = case_fit(held.answers, knowledge=shown.used, population=held.population)
        return fit, same_decision(held.answers, top=MOST_LEFT, knowledge=shown.used, population=held.population)

    return state.remembered(JUDGED, held, make)
