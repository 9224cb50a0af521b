"""The page About: what it is for and not for."""

from __future__ import annotations

import streamlit as st

from thighdx.knowledge import Knowledge


def draw(knowledge: Knowledge, population: str) -> None:
    """Draw the page for one session."""
    st.title("About", anchor=False)
    st.caption(f"{len(knowledge.causes)} causes, {population}")
