"""What one session holds: the answers and whose base rates, under keys of their own, so that they outlive widgets.

Streamlit forgets a widget that is not drawn. What is kept here stays while one moves between pages, and nowhere else:
not in the address, not on disk, not in another session.
"""

from __future__ import annotations

import streamlit as st

ANSWERS = "held_answers"
POPULATION = "held_population"


def begin(population: str) -> None:
    """An empty case at the first look of a session, and the population to start with."""
    st.session_state.setdefault(ANSWERS, {})
    st.session_state.setdefault(POPULATION, population)


def answers() -> dict[str, str]:
    """This session's answers: finding -> cell, in the order given, without what was not asked."""
    return dict(st.session_state[ANSWERS])


def population() -> str:
    """The population whose base rates this session has chosen."""
    chosen: str = st.session_state[POPULATION]
    return chosen
