"""The page Case: questions on the left, what the answers point to on the right."""

from __future__ import annotations

import streamlit as st

from thighdx.knowledge import Knowledge
from thighdx.page import state
from thighdx.page.answers import clear_answers
from thighdx.page.questions import draw_questions
from thighdx.page.results import draw_results
from thighdx.page.words import plain


def draw(knowledge: Knowledge, _population: str) -> None:
    """Draw the page for one session."""
    _draw_heading(knowledge)
    asked, told = st.columns([6, 5], gap="large")
    with asked, st.container(key="questions"):
        _draw_case(knowledge)
        draw_questions(knowledge)
    with told, st.container(key="results"):
        draw_results(knowledge, state.population())


def _draw_heading(knowledge: Knowledge) -> None:
    st.title("Pain in the back of the thigh: what else could it be?", anchor=False)
    st.markdown(
        f"Answer what is known, in any order: the page weighs {len(knowledge.causes)} causes against their base rates "
        "and says which red flags stand. **A question not asked is never taken as normal.**"
    )
    st.caption(
        "For a clinician who can review its basis. Not a medical device, and no substitute for judgement. "
        "Nothing is stored: the answers live in this browser tab and go when it closes."
    )


def _draw_case(knowledge: Knowledge) -> None:
    """Whose base rates, and a way back to no answer."""
    choice, clear = st.columns([3, 1], vertical_alignment="bottom")
    st.session_state.setdefault("population", state.population())
    with choice:
        chosen: str = st.selectbox(
            "Population: whose base rates",
            list(knowledge.populations),
            format_func=lambda name: plain(knowledge.content.populations[name].name),
            key="population",
        )
    st.session_state[state.POPULATION] = chosen
    with clear:
        st.button("Start over", key="start_over", on_click=clear_answers, args=(knowledge,), width="stretch")
    st.caption(plain(knowledge.content.populations[chosen].description))
