"""The page Case: questions on the left, what the answers point to on the right, why and what to do below."""

from __future__ import annotations

import streamlit as st

from thighdx.errors import ImpossibleEvidenceError
from thighdx.knowledge import Knowledge
from thighdx.page.care import draw_care
from thighdx.page.controls import draw_controls
from thighdx.page.later import draw_fit_at_hand, draw_later
from thighdx.page.questions import draw_questions
from thighdx.page.report import draw_report, draw_said
from thighdx.page.results import Shown, draw_impossible, draw_results, told
from thighdx.page.why import draw_why


def draw(knowledge: Knowledge, _population: str) -> None:
    """Draw the page for one session: red flags and posterior are sent first, then the questions, then the rest."""
    _draw_heading(knowledge)
    draw_said(by_link=True)
    whole = st.container(key="case")  # the style sheet puts `below` under the questions, beside the results
    asked, told_of = whole.columns([6, 5], gap="large")
    questions, results = asked.container(key="questions"), told_of.container(key="results")
    below = whole.container(key="below")
    try:
        shown = told(knowledge)
    except ImpossibleEvidenceError as error:
        with results:
            draw_impossible(knowledge, error)
        with questions:
            draw_controls(knowledge)
            draw_questions(knowledge)
        with below:
            draw_report(knowledge, possible=False)
        return
    with results:
        places = draw_results(shown)
    draw_fit_at_hand(shown, places)
    with questions:
        draw_controls(knowledge)
        stop = draw_questions(knowledge)
    with below:
        _draw_below(knowledge, shown)
    draw_later(shown, places, stop)


def _draw_below(knowledge: Knowledge, shown: Shown) -> None:
    draw_why(shown)
    draw_care(shown)
    draw_report(knowledge, possible=True)


def _draw_heading(knowledge: Knowledge) -> None:
    st.title("Pain in the back of the thigh: what else could it be?", anchor=False)
    st.caption(
        f"Answer what is known, in any order: {len(knowledge.causes)} causes are weighed against their base rates. "
        "**A question not asked is never taken as normal.** For a clinician who can review its basis. Not a medical "
        "device, and no substitute for judgement. Nothing is stored: the answers live in this browser tab, and go when "
        "it closes or is loaded again."
    )
