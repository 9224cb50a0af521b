"""The shell around the pages: what they share, the way between them, and what is said where the priors are faulty."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from thighdx.errors import KnowledgeError
from thighdx.knowledge import Knowledge
from thighdx.page import about, batch, case, compare, options, state
from thighdx.page import knowledge as numbers
from thighdx.page.report import take_up_link
from thighdx.page.words import plain
from thighdx.selection import select

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

STYLE = Path(__file__).with_name("style.css")
Draw = Callable[[Knowledge, str], None]
PAGES: tuple[tuple[str, str, Draw], ...] = (
    ("Case", "", case.draw),
    ("Compare", "compare", compare.draw),
    ("Batch", "batch", batch.draw),
    ("Knowledge", "knowledge", numbers.draw),
    ("About", "about", about.draw),
)  # title, address and what draws it; the first is where one starts. No icon: browsers would fetch it from elsewhere


def main() -> None:
    """Draw the page that one session is on."""
    st.set_page_config(page_title="Pain in the back of the thigh", layout="wide", initial_sidebar_state="collapsed")
    st.html(STYLE)
    try:
        knowledge, population = _load(options.places(), options.population())
    except KnowledgeError as error:
        _draw_faults(error)
        return
    state.begin(population)
    take_up_link(knowledge)
    pages = [
        st.Page(partial(_draw, draw, knowledge), title=title, url_path=address, default=not address)
        for title, address, draw in PAGES
    ]
    chosen = st.navigation(pages, position="top")
    _draw_way(pages)
    chosen.run()
    _set_aside_what_stays()


def _draw_way(pages: Sequence[StreamlitPage]) -> None:
    """The way between the pages on a narrow screen, where Streamlit's own lies over the page and does not close."""
    with st.container(key="way", horizontal=True, gap="small"):
        for page in pages:
            st.page_link(page)


def _draw(draw: Draw, knowledge: Knowledge) -> None:
    draw(knowledge, state.population())


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


def _draw_faults(error: KnowledgeError) -> None:
    """Every fault of the priors, for whoever edits them."""
    count = len(error.faults)
    lines = "\n".join(f"- {plain(str(fault))}" for fault in error.faults)
    st.error(f"**The priors cannot be used, so nothing is answered.** Faults: {count}\n\n{lines}")
