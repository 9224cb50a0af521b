"""The answers that this session has given so far.

A question's widget has the key `answer_<finding>` and a cell of a case as its value, so what the session holds is the
case itself. Nothing of it is kept anywhere else.
"""

from __future__ import annotations

import streamlit as st

from thighdx.knowledge import Knowledge

NOT_ASKED = ""  # an empty cell


def answer_key(finding: str) -> str:
    """The key of a finding's widget in the session state."""
    return f"answer_{finding}"


def given_answers(knowledge: Knowledge) -> dict[str, str]:
    """This session's answers: finding -> cell, without what was not asked."""
    cells = {finding: st.session_state.get(answer_key(finding), NOT_ASKED) for finding in knowledge.findings}
    return {finding: cell for finding, cell in cells.items() if cell}


def clear_answers(knowledge: Knowledge) -> None:
    """Every question as not asked."""
    for finding in knowledge.findings:
        st.session_state[answer_key(finding)] = NOT_ASKED
