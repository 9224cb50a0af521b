"""The page: questions on the left, what the answers point to on the right."""

from __future__ import annotations

import gc
from pathlib import Path

import streamlit as st

from thighdx.errors import KnowledgeError
from thighdx.knowledge import Knowledge
from thighdx.page import options
from thighdx.page.answers import clear_answers
from thighdx.page.questions import draw_questions
from thighdx.page.results import draw_results
from thighdx.page.words import plain
from thighdx.selection import select

STYLE = Path(__file__).with_name("style.css")


def main() -> None:
    """Draw the page for one session."""
    st.set_page_config(page_title="Pain in the back of the thigh", layout="wide")
    st.html(STYLE)
    try:
        knowledge, population = _load(options.places(), options.population())
    except KnowledgeError as error:
        _draw_faults(error)
        return
    _draw_heading(knowledge)
    asked, told = st.columns([6, 5], gap="large")
    with asked, st.container(key="questions"):
        chosen = _draw_case(knowledge, population)
        draw_questions(knowledge)
    with told, st.container(key="results"):
        draw_results(knowledge, chosen)
    _set_aside_what_stays()


@st.cache_resource(max_entries=4, show_spinner="Reading the priors ...")
def _load(places: tuple[str, ...], population: str | None) -> tuple[Knowledge, str]:
    """The knowledge, shared by all sessions: it is read-only and holds nothing of a case."""
    return select(places, population)


@st.cache_resource(show_spinner=False)
def _set_aside_what_stays() -> None:
    """Leave all that is loaded by now out of the garbage collection, once in the life of a server.

    Streamlit collects after every answer, which with all the libraries took a tenth of a second.
    """
    gc.collect()
    gc.freeze()


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


def _draw_case(knowledge: Knowledge, population: str) -> str:
    """Whose base rates, and a way back to no answer. Returns the population chosen."""
    choice, clear = st.columns([3, 1], vertical_alignment="bottom")
    ids = list(knowledge.populations)
    with choice:
        chosen: str = st.selectbox(
            "Population: whose base rates",
            ids,
            index=ids.index(population),
            format_func=lambda name: plain(knowledge.content.populations[name].name),
            key="population",
        )
    with clear:
        st.button("Start over", key="start_over", on_click=clear_answers, args=(knowledge,), width="stretch")
    st.caption(plain(knowledge.content.populations[chosen].description))
    return chosen


def _draw_faults(error: KnowledgeError) -> None:
    """Every fault of the priors, for whoever edits them."""
    count = len(error.faults)
    lines = "\n".join(f"- {plain(str(fault))}" for fault in error.faults)
    st.error(f"**The priors cannot be used, so nothing is answered.** Faults: {count}\n\n{lines}")
